"""Measure the simulation: against a direct sum over all atoms, in the same run."""

import gzip
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from math import ceil, prod
from pathlib import Path
from typing import Annotated, Any

import gemmi
import numpy as np
import typer
from cost_figure import cost_figure
from direct_sum import direct_sum
from rich.console import Console
from rich.table import Table

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.standard_cell import standardise_all
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.settings import Simulate, Standardise
from spacegrouper.techniques.patterns.kinematic import grey_patterns, intensities, make_experiment
from spacegrouper.techniques.patterns.simulation import simulate_crystals

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SEED = 0
SETTINGS = Simulate()  # the paper's
VIEWS = len(SETTINGS.views)
# CPU ms per atom and pattern of Condor 1.0.7, measured elsewhere: a figure to compare with.
CONDOR_MS = 0.6
ROUNDS = 3  # of each rate; the fastest is the one least disturbed
DIRECT_TERMS = 4_000_000  # atoms times pixels that a direct sum is measured on
PROTOTYPE_SPACE_GROUPS = 8
# Runs a command from a small process: a process begins with the peak memory of its parent.
PEAK_OF_A_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

console = Console()

RESULTS = ROOT / "benchmarks" / "results"
Output = Annotated[Path, typer.Option(help="folder of the results")]
Structures = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="crystals as JSON lines, *.jsonl.gz; default: mp-2025.02.jsonl.gz where it is "
        "found, else prototypes",
    ),
]


def default_structures() -> Path | None:
    """Return the file of real structures, where there is one; it is no part of the project."""
    folder = Path(os.environ.get("SPACEGROUPER_STRUCTURES", SHARED / "structures"))
    path = folder / "mp-2025.02.jsonl.gz"
    return path if path.is_file() else None


def main(
    structures: Structures = default_structures(),  # noqa: B008
    crystals: Annotated[int, typer.Option(min=2, help="how many to draw at random")] = 1000,
    output: Output = RESULTS,
) -> None:
    """Measure the simulation of diffraction patterns at the paper's settings.

    Writes simulate.json, simulate.svg and simulate.png, and prints a table. benchmarks/README.md
    says what is measured and how.
    """
    with console.status("crystals"):
        drawn = draw_crystals(structures, crystals)
    atoms = [len(crystal.species) for crystal in drawn]
    in_order = sorted(drawn, key=lambda crystal: len(crystal.species))
    console.print(f"{len(drawn)} crystals, {np.mean(atoms):.1f} atoms in a cell on average")

    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "settings": SETTINGS.model_dump(mode="json"),
        "crystals": {
            "source": structures.name if structures else "prototypes",
            "count": len(drawn),
            "atoms_mean": float(np.mean(atoms)),
            "atoms_median": float(np.median(atoms)),
            "atoms_largest": max(atoms),
        },
    }
    with console.status("compiling"):
        for bit_depth in (8, 32):
            simulate(in_order[:2], bit_depth, threads=1)
        direct_sum(in_order[0], SETTINGS, np.arange(1))
    with console.status("8 bits, one and two threads"):
        results["8_bit"] = threads_rates(drawn)
    with console.status("32 bits"):
        sample = spread(in_order, 20)
        results["32_bit"] = {"crystals": len(sample)} | rate(sample, 32, threads=1)
    with console.status("direct sum"):
        small = spread(in_order[: ceil(len(in_order) / 4)], 5)
        results["direct_sum"] = direct_sum_cost(small)
    with console.status("cost of each crystal"):
        results["cost_of_crystals"] = costs_of_crystals(in_order, small)
        eight = min(in_order, key=lambda crystal: abs(len(crystal.species) - 8))
        results["cost_of_cells"] = costs_of_cells(eight)
    golden = SHARED / "golden" / "condor"
    if golden.is_dir():
        with console.status("cells that Condor was run on"):
            results["condor_cells"] = condor_cells(golden)
    with console.status("memory"):
        results["peak_memory_mb"] = {
            str(size): peak_memory(drawn[:size]) for size in (64, 512) if size <= len(drawn)
        }

    costs = {name: results[name]["cpu_ms_per_atom_and_pattern"] for name in ("8_bit", "32_bit")}
    direct = results["direct_sum"]["cpu_ms_per_atom_and_pattern"]
    results["times_faster_than"] = {
        name: {"direct_sum": direct / cost, "condor_0.6_ms_measured_elsewhere": CONDOR_MS / cost}
        for name, cost in costs.items()
    }
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "simulate.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    figure = cost_figure(
        results["cost_of_crystals"], results["cost_of_cells"], VIEWS * direct, len(eight.species)
    )
    save_figure(figure, output, "simulate")
    console.print(table_of(results))
    console.print(f"written to {output}: simulate.json, simulate.svg, simulate.png")


def draw_crystals(structures: Path | None, count: int) -> list[Crystal]:
    """Return crystals in their standard conventional cells, in random order, the same each time."""
    rng = random.Random(SEED)
    if structures is None:
        each = ceil(count / PROTOTYPE_SPACE_GROUPS)
        source = PrototypesSource(
            space_groups=PROTOTYPE_SPACE_GROUPS, crystals_per_space_group=each
        )
        return [
            crystal
            for crystal in standardise_all(
                rng.sample(prototype_crystals(source, SEED), count), Standardise(), processes=1
            )
            if isinstance(crystal, Crystal)
        ]
    # Some are rejected, so a few more are drawn.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.jsonl"
        path.write_bytes(b"".join(draw_lines(structures, ceil(1.1 * count))))
        records = list(read_crystals(path))
    rng.shuffle(records)
    standardised = standardise_all(records, Standardise(), processes=1)
    return list(islice((c for c in standardised if isinstance(c, Crystal)), count))


def draw_lines(structures: Path, count: int) -> list[bytes]:
    """Return lines of a file drawn at random, the same each time, in order; all if too few."""
    with gzip.open(structures) as lines:
        total = sum(1 for _ in lines)
    chosen = set(random.Random(SEED).sample(range(total), min(total, count)))
    with gzip.open(structures) as lines:
        return [line for number, line in enumerate(lines) if number in chosen]


def simulate(crystals: Sequence[Crystal], bit_depth: int, threads: int) -> None:
    """Simulate as the pipeline does, and throw the patterns away."""
    settings = SETTINGS.model_copy(update={"bit_depth": bit_depth})
    for _ in simulate_crystals(crystals, settings, SEED, threads):
        pass


def rate(crystals: Sequence[Crystal], bit_depth: int, threads: int) -> dict[str, float]:
    """Time one simulation of all crystals."""
    cpu, wall = time.process_time(), time.perf_counter()
    simulate(crystals, bit_depth, threads)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    patterns = sum(atoms_of(crystal, SETTINGS) for crystal in crystals) * VIEWS
    return {
        "structures_per_second": len(crystals) / wall,
        "structures_per_cpu_second": len(crystals) / cpu,
        "cpu_ms_per_atom_and_pattern": 1000 * cpu / patterns,
    }


def threads_rates(crystals: Sequence[Crystal]) -> dict[str, Any]:
    """Time one thread and two in turn, so that a busy machine slows down both."""
    rounds = [[rate(crystals, 8, threads) for threads in (1, 2)] for _ in range(ROUNDS)]
    one, two = (
        max(rates, key=lambda found: found["structures_per_second"])
        for rates in zip(*rounds, strict=True)
    )
    return {
        "crystals": len(crystals),
        "rounds": ROUNDS,
        "cpu_ms_per_atom_and_pattern": one["cpu_ms_per_atom_and_pattern"],
        "one_thread": one,
        "two_threads": two,
        "speed_of_two_threads": two["structures_per_second"] / one["structures_per_second"],
    }


def direct_sum_cost(crystals: Sequence[Crystal]) -> dict[str, Any]:
    """Measure the direct sum, and its difference from the engine at the same pixels."""
    cost, difference = [], 0.0
    for crystal in crystals:
        pixels = some_pixels(crystal, SETTINGS)
        summed, seconds = timed(direct_sum, crystal, SETTINGS, pixels)
        cost.append(1000 * seconds * scale(pixels) / atoms_of(crystal, SETTINGS))
        experiment = make_experiment(SETTINGS, crystal.species)
        ours = intensities(experiment, crystal.lattice, crystal.species, crystal.frac_coords)[0]
        # Both relative to the same pixel, the brightest; one counts photons, the other electrons.
        ours_here = ours.ravel()[pixels]
        brightest = ours_here.argmax()
        off = ours_here / ours_here[brightest] - summed / summed[brightest]
        difference = max(difference, float(abs(off).max()))
    return {
        "crystals": len(crystals),
        "atoms_in_their_cells": [len(crystal.species) for crystal in crystals],
        "scaled_up_from": f"{DIRECT_TERMS:.0e} atoms times pixels of one view each",
        "cpu_ms_per_atom_and_pattern": float(np.median(cost)),
        "largest_difference_from_ours": difference,
    }


def costs_of_crystals(
    in_order: Sequence[Crystal], small: Sequence[Crystal]
) -> list[dict[str, Any]]:
    """Time crystals of all sizes one by one; the direct sum only small ones."""
    records = []
    for method, crystals in (
        ("8_bit", spread(in_order, 200)),
        ("32_bit", spread(in_order, 20)),
        ("direct_sum", small),
    ):
        for crystal in crystals:
            cost = cost_of(method, crystal, SETTINGS)
            records.append({"method": method, "atoms": len(crystal.species), "ms": cost})
    return records


def costs_of_cells(crystal: Crystal) -> list[dict[str, Any]]:
    """Time one cell in crystals of 1 to 64,000 cells."""
    records = []
    for edge in (1, 2, 5, 10, 20, 40):
        settings = SETTINGS.model_copy(update={"cells": (edge, edge, edge)})
        for method in ("8_bit", "32_bit", "direct_sum"):
            cost = cost_of(method, crystal, settings)
            records.append({"method": method, "cells": edge**3, "ms": cost})
    return records


def cost_of(method: str, crystal: Crystal, settings: Simulate) -> float:
    """Return CPU milliseconds for all patterns of a crystal."""
    if method == "direct_sum":
        pixels = some_pixels(crystal, settings)
        _, seconds = timed(direct_sum, crystal, settings, pixels)
        return 1000 * seconds * scale(pixels) * VIEWS
    engine = grey_patterns if method == "8_bit" else intensities
    experiment = make_experiment(settings, crystal.species)
    cell = (crystal.lattice, crystal.species, crystal.frac_coords)
    return 1000 * timed(engine, experiment, *cell)[1]


def condor_cells(golden: Path) -> dict[str, Any]:
    """Time the cells that Condor was run on, beside the wall times it took."""
    cells, condor_seconds = [], 0.0
    for path in sorted(golden.glob("*.npz")):
        with np.load(path) as found:
            species = tuple(gemmi.Element(int(z)).name for z in found["atomic_numbers"])
            cells.append(Crystal(path.stem, found["lattice"], species, found["frac_coords"]))
            condor_seconds += float(found["seconds"])
    rates = [rate(cells, 8, threads=1) for _ in range(ROUNDS)]
    best = max(rates, key=lambda found: found["structures_per_cpu_second"])
    ours = best["cpu_ms_per_atom_and_pattern"]
    return {
        "crystals": len(cells),
        **best,
        "times_faster_than_condor_0.6_ms_measured_elsewhere": CONDOR_MS / ours,
        "times_faster_than_condor_wall_time_measured_elsewhere": condor_seconds
        * best["structures_per_cpu_second"]
        / len(cells),
    }


def peak_memory(crystals: Sequence[Crystal]) -> float:
    """Return the peak memory of simulate.py on a block of crystals, MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_crystals(folder / "block.jsonl.gz", crystals)
        (folder / "config.yaml").write_text("name: benchmark\n", encoding="utf-8")
        command = [sys.executable, str(ROOT / "scripts" / "simulate.py")]
        command += ["--structures", str(folder / "block.jsonl.gz")]
        command += ["--config", str(folder / "config.yaml"), "--output", str(folder / "raw.h5")]
        measure = [sys.executable, "-c", PEAK_OF_A_CHILD]
        done = subprocess.run([*measure, *command], check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024 / 1e6


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Return a function's result and its CPU seconds."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def spread(crystals: Sequence[Crystal], count: int) -> list[Crystal]:
    """Return so many crystals at even steps."""
    places = np.linspace(0, len(crystals) - 1, min(count, len(crystals)))
    return [crystals[round(place)] for place in places]


def atoms_of(crystal: Crystal, settings: Simulate) -> int:
    """Return the atoms of the whole crystal, not of its cell."""
    return len(crystal.species) * prod(settings.cells)


def some_pixels(crystal: Crystal, settings: Simulate) -> Any:
    """Return pixels at even steps, as many as the direct sum is measured on."""
    count = max(4, min(settings.pixels**2, DIRECT_TERMS // atoms_of(crystal, settings)))
    return np.linspace(0, settings.pixels**2 - 1, count).astype(np.int64)


def scale(pixels: Any) -> float:
    """Return by how much all pixels of a pattern outnumber these."""
    return SETTINGS.pixels**2 / len(pixels)


def machine() -> dict[str, Any]:
    """Describe where this runs, and how busy it was at the start."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    packages = ("spacegrouper", "numpy", "numba", "llvmlite")
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def table_of(results: dict[str, Any]) -> Table:
    """Summarise the results for the terminal."""
    table = Table(title="simulate, three 8-bit patterns of a crystal unless said otherwise")
    table.add_column("measured")
    table.add_column("result", justify="right")
    eight, full = results["8_bit"], results["32_bit"]
    for threads in ("one_thread", "two_threads"):
        speed = eight[threads]
        table.add_row(
            threads.replace("_", " "),
            f"{speed['structures_per_second']:.1f} structures/s "
            f"({speed['structures_per_cpu_second']:.1f} per CPU second)",
        )
    table.add_row("speed of two threads", f"{eight['speed_of_two_threads']:.2f} of one")
    table.add_row(
        f"32 bits, all pixels ({full['crystals']} crystals)",
        f"{full['structures_per_second']:.2f} structures/s",
    )
    table.add_section()
    direct = results["direct_sum"]
    for name, cost in (
        ("8 bits", eight["cpu_ms_per_atom_and_pattern"]),
        ("32 bits", full["cpu_ms_per_atom_and_pattern"]),
        ("direct sum, scaled up", direct["cpu_ms_per_atom_and_pattern"]),
        ("Condor, measured elsewhere", CONDOR_MS),
    ):
        table.add_row(f"CPU ms per atom and pattern: {name}", f"{cost:.3g}")
    faster = results["times_faster_than"]["8_bit"]
    table.add_row("8 bits against the direct sum", f"{faster['direct_sum']:,.0f} times")
    table.add_row(
        "8 bits against Condor's figure",
        f"{faster['condor_0.6_ms_measured_elsewhere']:,.0f} times",
    )
    if "condor_cells" in results:
        cells = results["condor_cells"]
        table.add_row(
            f"the same, on the {cells['crystals']} cells that Condor was run on",
            f"{cells['times_faster_than_condor_0.6_ms_measured_elsewhere']:,.0f} times",
        )
    table.add_section()
    for size, peak in results["peak_memory_mb"].items():
        table.add_row(f"peak memory, block of {size}", f"{peak:.0f} MB")
    return table


if __name__ == "__main__":
    typer.run(main)
