"""Train the ranker that names the space group of a list of reflections, or of micrographs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.selection import select_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Crystals, log, progress, run_program
from spacegrouper.techniques.micrographs.simulated_zones import Imaging, simulated_zones
from spacegrouper.techniques.reflections.ranking.features import Candidates, candidates_of
from spacegrouper.techniques.reflections.ranking.ranker import TOLERANCES, Kind
from spacegrouper.techniques.reflections.ranking.reduction import possible_centrings
from spacegrouper.techniques.reflections.ranking.simulated_list import Measuring, simulated_list
from spacegrouper.techniques.reflections.ranking.training import Growing, examples, fitted

MEASURING = Measuring()
IMAGING = Imaging()


def of_a_list(crystal: Crystal, generator: np.random.Generator) -> Sequence[Candidates]:
    """Measure a whole list of a crystal, and return its candidates."""
    measured = simulated_list(crystal, MEASURING, generator)
    return [candidates_of(measured)] if measured else []


def of_zones(crystal: Crystal, generator: np.random.Generator) -> Sequence[Candidates]:
    """Measure some zones of a crystal, and return their candidates under each centring."""
    zones = simulated_zones(crystal, IMAGING, generator)
    if zones is None:
        return []
    return [
        candidates_of(zones.measured, centring, TOLERANCES["zones"])
        for centring in possible_centrings(zones.measured, zones.spots)
    ]


def main(
    structures: Crystals,
    output: Annotated[Path, typer.Option(help="the ranker, .npz")],
    kind: Annotated[
        Kind, typer.Option(help="of what is ranked: lists of reflections, or zones of micrographs")
    ] = "lists",
    crystals: Annotated[int, typer.Option(min=1, help="at most so many of each space group")] = 60,
    most_atoms: Annotated[int, typer.Option(min=1, help="in a crystal's cell")] = 160,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="share of prototypes")] = 0.2,
    iterations: Annotated[int, typer.Option(min=1, help="trees")] = Growing.max_iter,
    seed: Annotated[int, typer.Option(min=0, help="of all that is drawn")] = 0,
) -> None:
    """Train a ranker of space groups on simulated measurements of crystals.

    Goes in: standardised crystals as JSON lines, with the keys spacegroup and prototype. Comes out:
    one file, which holds the trees, their calibration, how frequent the space groups are among the
    crystals, all settings, and the scores on prototypes that were held out.
    """
    with progress("read", None) as advance:
        chosen = select_crystals(structures, dict.fromkeys(range(1, 231), crystals), seed, advance)
    small = [crystal for crystal in chosen.chosen if len(crystal.species) <= most_atoms]
    if not small:
        raise UserError(f"{structures}: no crystal with a space group and up to {most_atoms} atoms")
    candidates = of_zones if kind == "zones" else of_a_list
    with progress("measure", len(small)) as advance:
        given = list(examples(small, candidates, seed, advance))
    counted = np.zeros(231, dtype=np.int64)
    for number, count in chosen.found.items():
        counted[number] = count
    growing = Growing(max_iter=iterations)
    measuring = asdict(IMAGING if kind == "zones" else MEASURING)
    ranker = fitted(given, counted, growing, measuring, held_out, seed, kind)
    ranker.write(output)
    scores = ranker.made_with["scores"]
    log.info(
        "%d lists of %d crystals; of %d lists of held-out prototypes the true group is the first "
        "of %.1f %%, among three of %.1f %%, among five of %.1f %%",
        len(given),
        len(small),
        scores["lists"],
        *(100 * scores[f"top_{k}"] for k in (1, 3, 5)),
    )


if __name__ == "__main__":
    run_program(main)
