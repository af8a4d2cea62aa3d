"""Gather what standardising has made of the blocks."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.blocks import AS_BEFORE, REJECTED, planned_blocks
from spacegrouper.crystals.json_lines import read_lines
from spacegrouper.crystals.rejections import read_rejections, write_rejections
from spacegrouper.crystals.standardised_with import RECORD, write_record
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, run_program
from spacegrouper.settings import load_settings


def main(
    plan: Annotated[Path, typer.Option(help="The folder of blocks, made by plan.py.")],
    standardised: Annotated[
        Path,
        typer.Option(help="The folder of what standardise.py made of each, *.jsonl.gz, *.csv."),
    ],
    earlier_rejected: Annotated[
        Path, typer.Option(help="The records that an earlier stage rejected, CSV.")
    ],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: standardise.")],
    output: Annotated[
        Path,
        typer.Option(
            help="All standardised crystals, *.jsonl.gz; standardised_with.json beside them says "
            "with which settings."
        ),
    ],
    rejected: Annotated[Path, typer.Option(help="All records rejected so far, CSV.")],
) -> None:
    """Put the standardised crystals of all blocks into one file, and all rejections into one list.

    Crystals that a parent's run had already come first, then those of the blocks in their order.
    Files are joined as they are, and no crystal is parsed.
    """
    blocks = planned_blocks(plan)
    if blocks is None:
        raise UserError(f"{plan}: no plan, or files of it are gone; make it with scripts/plan.py")
    rejections = read_rejections(earlier_rejected) + read_rejections(plan / REJECTED)
    parts = [plan / AS_BEFORE]
    kept = _count(parts[0])
    for block in blocks:
        part = standardised / f"{block.block}.jsonl.gz"
        of_block = read_rejections(part.with_name(f"{block.block}.csv"))
        found = _count(part)
        if found + len(of_block) != block.crystals:
            raise UserError(
                f"{part}: {found} crystals, and {len(of_block)} rejected, but {plan} has "
                f"{block.crystals} in this block; standardise it again"
            )
        parts.append(part)
        rejections += of_block
        kept += found
    if kept == 0:
        last = f"; the last was rejected because: {rejections[-1].reason}" if rejections else ""
        raise UserError(f"{plan}: no crystal is left{last}; give other structures")
    # It never speaks of the crystals of another time.
    (output.parent / RECORD).unlink(missing_ok=True)
    with written_aside(output) as aside, aside.open("wb") as whole:
        for path in parts:
            with path.open("rb") as content:
                shutil.copyfileobj(content, whole)
    write_rejections(rejected, rejections)
    write_record(output.parent, load_settings(config).standardise)
    log.info(
        "collected %d blocks, rejected %d records, earlier stages included",
        len(blocks),
        len(rejections),
    )


def _count(path: Path) -> int:
    return sum(1 for line in read_lines(path) if line.strip())


if __name__ == "__main__":
    run_program(main)
