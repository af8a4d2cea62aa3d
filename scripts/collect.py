"""Gather what standardising has made of the blocks."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.blocks import AS_BEFORE, REJECTED, planned_blocks
from spacegrouper.crystals.json_lines import read_lines
from spacegrouper.crystals.rejections import read_rejections, write_rejections
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, run_program


def main(
    plan: Annotated[Path, typer.Option(help="The folder of blocks, made by plan.py.")],
    standardised: Annotated[
        Path,
        typer.Option(help="The folder of what standardise.py made of each, *.jsonl.gz, *.csv."),
    ],
    earlier_rejected: Annotated[
        Path, typer.Option(help="The records that an earlier stage rejected, CSV.")
    ],
    output: Annotated[Path, typer.Option(help="All standardised crystals, *.jsonl.gz.")],
    rejected: Annotated[Path, typer.Option(help="All records rejected so far, CSV.")],
) -> None:
    """Put the standardised crystals of all blocks into one file, and all rejections into one list.

    Crystals that a parent's run had already come first, then those of the blocks in their order.
    Files are joined as they are, and no crystal is parsed.
    """
    names = planned_blocks(plan)
    if names is None:
        raise UserError(f"{plan}: no plan, or files of it are gone; make it with scripts/plan.py")
    parts = [plan / AS_BEFORE, *(standardised / f"{name}.jsonl.gz" for name in names)]
    rejections = [
        rejection
        for path in (
            earlier_rejected,
            plan / REJECTED,
            *(standardised / f"{name}.csv" for name in names),
        )
        for rejection in read_rejections(path)
    ]
    if all(next(read_lines(part), None) is None for part in parts):
        last = f"; the last was rejected because: {rejections[-1].reason}" if rejections else ""
        raise UserError(f"{plan}: no crystal is left{last}; give other structures")
    with written_aside(output) as aside, aside.open("wb") as whole:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole)
    write_rejections(rejected, rejections)
    log.info(
        "collected %d blocks, rejected %d records, earlier stages included",
        len(names),
        len(rejections),
    )


if __name__ == "__main__":
    run_program(main)
