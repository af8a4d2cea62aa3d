"""Measure reflections: crystals/s and core, against gemmi on the same crystals in the same run."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import gemmi
import numpy as np
import typer
from bench_simulate import (
    RESULTS,
    Output,
    Structures,
    console,
    default_structures,
    draw_crystals,
    machine,
    timed,
)
from rich.table import Table

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.simulation import simulate_reflections
from spacegrouper.techniques.reflections.structure_factors import intensities, scatterers

SETTINGS = Reflections()
ROUNDS = 3  # the fastest is the one least disturbed
REQUIRED = 2000  # crystals/s and core
SLOW = 20  # crystals that gemmi computes


def main(
    structures: Structures = default_structures(),  # noqa: B008
    crystals: Annotated[int, typer.Option(min=2, help="how many to draw at random")] = 3000,
    output: Output = RESULTS,
) -> None:
    """Write reflections.json, and print it as a table."""
    drawn = draw_crystals(structures, crystals)
    simulate(drawn[:2])  # compiles
    seconds = min(timed(simulate, drawn)[1] for _ in range(ROUNDS))
    results = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "crystals": {
            "count": len(drawn),
            "structures": structures.name if structures else "prototypes",
            "mean_atoms_in_the_cell": float(np.mean([len(one.species) for one in drawn])),
        },
        "crystals_per_cpu_second": len(drawn) / seconds,
        "required_crystals_per_cpu_second": REQUIRED,
        **against_gemmi(drawn[:: max(1, len(drawn) // SLOW)]),
    }
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "reflections.json") as aside:
        aside.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print(table_of(results))


def simulate(crystals: Sequence[Crystal]) -> None:
    """Simulate as the pipeline does, in one thread, and throw the levels away."""
    for _ in simulate_reflections(crystals, SETTINGS, threads=1):
        pass


def against_gemmi(crystals: Sequence[Crystal]) -> dict[str, float]:
    """Time the intensities and gemmi's of the same crystals, and compare them."""
    known = scatterers([symbol for one in crystals for symbol in one.species], SETTINGS)

    def ours(one: Crystal) -> Any:
        return intensities(known, one.lattice, one.species, one.frac_coords, SETTINGS)

    mine, our_seconds = timed(lambda: [ours(one) for one in crystals])
    theirs, their_seconds = timed(lambda: [by_gemmi(one) for one in crystals])
    return {
        "times_faster_than_gemmi": their_seconds / our_seconds,
        "largest_difference_from_gemmi": max(
            float(np.abs(a - b).max() / a.max()) for a, b in zip(mine, theirs, strict=True)
        ),
    }


def by_gemmi(crystal: Crystal) -> Any:
    """Return the intensities, (l, h, k), by gemmi's structure factors."""
    structure = gemmi.SmallStructure()
    structure.cell = gemmi.UnitCell(*cell_of(crystal.lattice))
    structure.spacegroup_hm = "P 1"
    for symbol, position in zip(crystal.species, crystal.frac_coords, strict=True):
        site = gemmi.SmallStructure.Site()
        site.element, site.type_symbol, site.occ = gemmi.Element(symbol), symbol, 1
        site.fract = gemmi.Fractional(*position)
        structure.add_site(site)
    structure.setup_cell_images()
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    largest = SETTINGS.largest_index
    found = np.zeros((largest + 1, 2 * largest + 1, 2 * largest + 1))
    for l, h, k in np.ndindex(found.shape):
        hkl = [h - largest, k - largest, l]
        if any(hkl):
            factor = calculator.calculate_sf_from_small_structure(structure, hkl)
            found[l, h, k] = abs(factor) ** 2
    return found


def table_of(results: dict[str, Any]) -> Table:
    """Summarise the results for the terminal."""
    table = Table(title=f"reflections, {results['crystals']['count']} crystals")
    table.add_column("measured")
    table.add_column("result", justify="right")
    table.add_row("crystals in a CPU second", f"{results['crystals_per_cpu_second']:.0f}")
    table.add_row("against gemmi", f"{results['times_faster_than_gemmi']:.0f} times faster")
    table.add_row("largest difference", f"{results['largest_difference_from_gemmi']:.1e}")
    return table


if __name__ == "__main__":
    typer.run(main)
