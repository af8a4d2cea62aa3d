"""Cut the crystals into blocks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.blocks import plan_blocks
from spacegrouper.crystals.copies import with_copies
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The standardised crystals, JSON lines.")],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: plan.")],
    output: Annotated[Path, typer.Option(help="The folder of blocks; replaced where it exists.")],
    copies: Annotated[
        int, typer.Option(min=0, help="How many copies of each crystal follow it.")
    ] = 0,
) -> None:
    """Cut the crystals, in their order, into blocks: the units of work and of resuming.

    Goes in: standardised crystals as JSON lines. Comes out: a folder with one file of JSON lines
    for each block, 000000.jsonl.gz and so on, and blocks.csv (block,crystals).
    """
    block_size = load_settings(config).plan.block_size

    def crystals() -> Iterator[Crystal]:
        for record in read_crystals(structures):
            if isinstance(record, Rejection):
                raise UserError(
                    f"{structures}: {record.reason}; plan takes the products of "
                    "standardise only, run that first"
                )
            advance(1)
            yield from with_copies(record, copies)

    with progress("plan", None) as advance:
        blocks = plan_blocks(crystals(), block_size, output)
    log.info(
        "planned %d crystals in %d blocks", sum(block.crystals for block in blocks), len(blocks)
    )


if __name__ == "__main__":
    run_program(main)
