"""Train the ranker that names the space group of a measured list of reflections."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from spacegrouper.crystals.selection import select_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Crystals, log, progress, run_program
from spacegrouper.techniques.reflections.ranking.simulated_list import Measuring
from spacegrouper.techniques.reflections.ranking.training import Growing, examples, fitted


def main(
    structures: Crystals,
    output: Annotated[Path, typer.Option(help="the ranker, .npz")],
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
    measuring, given = Measuring(), []
    with progress("measure", len(small)) as advance:
        for example in examples(small, measuring, seed, advance):
            given.append(example)
    counted = np.zeros(231, dtype=np.int64)
    for number, count in chosen.found.items():
        counted[number] = count
    growing = Growing(max_iter=iterations)
    ranker = fitted(given, counted, growing, measuring, held_out, seed)
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
