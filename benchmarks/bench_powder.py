"""Measure powders: from JSON lines to images, engine against engine, ours against matplotlib."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from bench_simulate import (
    RESULTS,
    SEED,
    Output,
    Structures,
    console,
    default_structures,
    draw_crystals,
    machine,
    timed,
)
from matplotlib_drawing import draw_images_with_matplotlib
from rich.table import Table

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.curve_images import augment_images, draw_images
from spacegrouper.techniques.powder.descriptors.powder import IMAGE_POINTS
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder
from spacegrouper.techniques.powder.simulation import Engine, reflections, simulate_powders

POWDER = Powder()
PROFILE = Diffractogram(k_alpha_2=0.5, background=0.02, counts=5000)
AUGMENT = Augment(
    peak_area=0.2,
    step=0.001,
    zero_shift=0.1,
    sample_displacement=0.1,
    strain=0.005,
    rotation=2,
    contrast=0.2,
)
SIZE = 224
THREADS = 2
BATCH = 32  # images that a thread makes at a time
ROUNDS = 3  # of each rate; the fastest is the one least disturbed
REQUIRED = 100  # images/s on two cores, end to end
SLOW = 40  # crystals that the slow ones are measured on: pymatgen, xrayutilities itself, matplotlib


def main(
    structures: Structures = default_structures(),  # noqa: B008
    crystals: Annotated[int, typer.Option(min=2, help="how many to draw at random")] = 500,
    output: Output = RESULTS,
) -> None:
    """Measure the making of diffractogram images, from JSON lines on.

    Writes powder.json and prints a table. benchmarks/README.md says what is measured and how.
    """
    with console.status("crystals"):
        drawn = draw_crystals(structures, crystals)
    atoms = [len(crystal.species) for crystal in drawn]
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine() | {name: version(name) for name in ("xrayutilities", "pymatgen")},
        "settings": {
            section: content.model_dump(mode="json")
            for section, content in (
                ("powder", POWDER),
                ("diffractogram", PROFILE),
                ("augment", AUGMENT),
            )
        },
        "crystals": {
            "source": structures.name if structures else "prototypes",
            "count": len(drawn),
            "atoms_mean": float(np.mean(atoms)),
            "atoms_median": float(np.median(atoms)),
            "atoms_largest": max(atoms),
        },
    }
    few = drawn[:SLOW]
    with console.status("compiling"):
        images(sticks_of(few[:2], "xrayutilities"), ["a", "b"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crystals.jsonl"
        write_crystals(path, drawn)
        with console.status("end to end"):
            results["end_to_end"] = end_to_end(path)
        with console.status("stages"):
            results["cpu_ms_of_an_image"] = stages(path)
    with console.status("engines"):
        results["engines_cpu_ms_of_a_crystal"] = engines(few)
    with console.status("matplotlib"):
        results["drawing"] = drawing(few)
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "powder.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(table_of(results))
    console.print(f"written to {output}: powder.json")


def sticks_of(crystals: Sequence[Crystal], engine: Engine) -> Any:
    """Return the sticks (n, angles) of crystals, in this thread."""
    batches = simulate_powders(crystals, POWDER, engine, threads=1)
    return np.concatenate([batch.values[:, 0, 0] for batch in batches])


def images(sticks: Any, ids: Sequence[str]) -> Any:
    """Make images (n, size, size) as a training does, with every change there is."""
    random = generators(SEED, ids, "diffractogram", 0)
    values = diffractograms(sticks, POWDER, PROFILE, IMAGE_POINTS, AUGMENT, random)
    return augment_images(draw_images(values, SIZE), AUGMENT, random)


def read(path: Path) -> list[Crystal]:
    """Read the crystals of a file."""
    return [record for record in read_crystals(path) if isinstance(record, Crystal)]


def end_to_end(path: Path) -> dict[str, float]:
    """Time all of it, from the file's lines to the last image; the fastest round."""

    def make(batch: tuple[Any, list[str]]) -> int:
        return len(images(*batch))

    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        crystals = read(path)
        with ThreadPoolExecutor(THREADS) as pool:
            made, done = [], 0
            for patterns in simulate_powders(crystals, POWDER, "xrayutilities", THREADS):
                sticks = patterns.values[:, 0, 0]
                ids = [crystal.id for crystal in crystals[done : done + len(sticks)]]
                done += len(ids)
                for start in range(0, len(ids), BATCH):
                    here = slice(start, start + BATCH)
                    made.append(pool.submit(make, (sticks[here], ids[here])))
            total = sum(one.result() for one in made)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if total / wall > best.get("images_per_second", 0):
            best = {
                "threads": THREADS,
                "images_per_second": total / wall,
                "images_per_cpu_second": total / cpu,
                "required_images_per_second": REQUIRED,
                "load_average": round(os.getloadavg()[0], 2),
            }
    return best


def stages(path: Path) -> dict[str, float]:
    """Return the CPU milliseconds of each stage for an image, in one thread."""
    crystals, reading = timed(read, path)
    ids = [crystal.id for crystal in crystals]
    sticks, simulating = timed(sticks_of, crystals, "xrayutilities")
    random, seeding = timed(generators, SEED, ids, "diffractogram", 0)
    values, profiles = timed(diffractograms, sticks, POWDER, PROFILE, IMAGE_POINTS, AUGMENT, random)
    drawn, lines = timed(draw_images, values, SIZE)
    _, changing = timed(augment_images, drawn, AUGMENT, random)
    plain, _ = timed(generators, SEED, ids, "diffractogram")
    _, bare = timed(diffractograms, sticks, POWDER, Diffractogram(), IMAGE_POINTS, None, plain)
    return {
        "reading_json": 1000 * reading / len(ids),
        "reflections": 1000 * simulating / len(ids),
        "seeding": 1000 * seeding / len(ids),
        "diffractogram": 1000 * profiles / len(ids),
        "diffractogram_without_augmentation_and_noise": 1000 * bare / len(ids),
        "drawing": 1000 * lines / len(ids),
        "rotation_and_contrast": 1000 * changing / len(ids),
    }


def engines(crystals: Sequence[Crystal]) -> dict[str, float]:
    """Time the engines, and xrayutilities by itself, on the same crystals in turn."""
    ways: dict[str, Callable[[Crystal], Any]] = {
        "xrayutilities": lambda crystal: reflections(crystal, POWDER, "xrayutilities"),
        "pymatgen": lambda crystal: reflections(crystal, POWDER, "pymatgen"),
        "xrayutilities_itself": plain_xrayutilities,
    }
    for way in ways.values():
        way(crystals[0])
    return {
        name: 1000 * timed(lambda way=way: [way(one) for one in crystals])[1] / len(crystals)
        for name, way in ways.items()
    }


def plain_xrayutilities(crystal: Crystal) -> Any:
    """Compute a powder as xrayutilities does."""
    from pymatgen.core import Lattice
    from xrayutilities.materials import Crystal as Material
    from xrayutilities.materials import SGLattice, elements
    from xrayutilities.simpack import PowderDiffraction

    lattice = Lattice(crystal.lattice)
    cell = SGLattice(
        1,
        *lattice.abc,
        *lattice.angles,
        atoms=[getattr(elements, symbol) for symbol in crystal.species],
        pos=[("1a", tuple(position)) for position in crystal.frac_coords],
    )
    return PowderDiffraction(
        Material(crystal.id, cell), wl=POWDER.wavelength * 1e10, tt_cutoff=POWDER.two_theta[1]
    ).data


def drawing(crystals: Sequence[Crystal]) -> dict[str, float]:
    """Time our drawing and matplotlib's in turn, and compare their images."""
    sticks = sticks_of(crystals, "xrayutilities")
    random = generators(SEED, [crystal.id for crystal in crystals], "diffractogram")
    values = diffractograms(sticks, POWDER, Diffractogram(), IMAGE_POINTS, None, random)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        drawn, seconds = timed(draw_images, values, SIZE)
        ours.append(1000 * seconds / len(values))
        reference, seconds = timed(draw_images_with_matplotlib, values, SIZE)
        theirs.append(1000 * seconds / len(values))
    difference = np.abs(drawn.astype(int) - reference)
    return {
        "ours_cpu_ms": min(ours),
        "matplotlib_cpu_ms": min(theirs),
        "times_faster_than_matplotlib": min(theirs) / min(ours),
        "mean_absolute_difference_in_grey_levels": float(difference.mean()),
        "share_of_pixels_more_than_2_grey_levels_off": float((difference > 2).mean()),
    }


def table_of(results: dict[str, Any]) -> Table:
    """Summarise the results for the terminal."""
    table = Table(title=f"powders, {results['crystals']['count']} crystals")
    table.add_column("measured")
    table.add_column("result", justify="right")
    whole = results["end_to_end"]
    table.add_row("JSON lines to augmented images", f"{whole['images_per_second']:.0f} images/s")
    table.add_row("the same, per CPU second", f"{whole['images_per_cpu_second']:.0f} images")
    table.add_section()
    for name, cost in results["cpu_ms_of_an_image"].items():
        table.add_row(f"CPU ms of an image: {name.replace('_', ' ')}", f"{cost:.2f}")
    table.add_section()
    for name, cost in results["engines_cpu_ms_of_a_crystal"].items():
        table.add_row(f"CPU ms of a crystal: {name.replace('_', ' ')}", f"{cost:.2f}")
    table.add_section()
    drawn = results["drawing"]
    faster = drawn["times_faster_than_matplotlib"]
    table.add_row("drawing against matplotlib", f"{faster:.0f} times faster")
    table.add_row(
        "difference from matplotlib, grey levels of 255",
        f"{drawn['mean_absolute_difference_in_grey_levels']:.3f}",
    )
    return table


if __name__ == "__main__":
    typer.run(main)
