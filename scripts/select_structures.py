"""Choose a number of crystals of each of some space groups."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.selection import select_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, progress, run_program
from spacegrouper.settings.space_group_symbols import space_group_number
from spacegrouper.settings.space_groups import SPACE_GROUPS


def main(
    structures: Annotated[Path, typer.Option(help="The crystals, JSON lines with `spacegroup`.")],
    space_groups: Annotated[
        str,
        typer.Option(
            help="Numbers or symbols (Fm-3m) parted by commas, or one of: "
            f"{', '.join(SPACE_GROUPS)}."
        ),
    ],
    maximum: Annotated[int, typer.Option(min=1, help="Crystals of each space group, at most.")],
    output: Annotated[Path, typer.Option(help="The chosen crystals, JSON lines.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed chooses other crystals.")] = 0,
) -> None:
    """Choose crystals of some space groups from a larger file, evenly and at random.

    Goes in: crystals as JSON lines with their space group. Comes out: at most MAXIMUM of each
    SPACE_GROUPS, in the same order. The choice depends on the seed and the ids alone. Lines that
    are no crystals are counted and left out.
    """
    groups = read_space_groups(space_groups)
    with progress("select", None) as advance:
        selection = select_crystals(structures, dict.fromkeys(groups, maximum), seed, advance)
    chosen, rejections = selection.chosen, selection.rejections
    if not chosen:
        raise UserError(f"{structures}: no crystal of the space groups {space_groups}; give others")
    write_crystals(output, chosen)
    if rejections:
        log.warning(
            "left out %d lines that are no crystals, the first: %s",
            len(rejections),
            rejections[0].reason,
        )
    counts = Counter(crystal.metadata["spacegroup"] for crystal in chosen)
    log.info(
        "chose %d crystals; of each space group: %s",
        len(chosen),
        ", ".join(f"{group}: {counts[group]}" for group in groups),
    )


def read_space_groups(text: str) -> tuple[int, ...]:
    """Read the option --space-groups: the name of a list, or groups parted by commas."""
    if text in SPACE_GROUPS:
        return SPACE_GROUPS[text]
    try:
        return tuple(sorted({space_group_number(name) for name in text.split(",")}))
    except UserError as error:
        raise UserError(
            f"--space-groups {text}: {error}; part several by commas, or give one of: "
            f"{', '.join(SPACE_GROUPS)}"
        ) from None


if __name__ == "__main__":
    run_program(main)
