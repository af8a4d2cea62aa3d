"""Cut the crystals into blocks."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.block_size import block_size
from spacegrouper.crystals.blocks import plan_blocks
from spacegrouper.crystals.standardised_with import check_record
from spacegrouper.programs.command_line import CORES, log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The crystals, JSON lines.")],
    config: Annotated[
        Path,
        typer.Option(
            help="The configuration, YAML; read: plan, with `block_size: auto` also simulate and "
            "workers, with --parent standardise."
        ),
    ],
    output: Annotated[Path, typer.Option(help="The folder of blocks; replaced where it exists.")],
    parent: Annotated[
        Path | None,
        typer.Option(help="The folder `structures` of an earlier run, standardised alike."),
    ] = None,
) -> None:
    """Cut the crystals, in their order, into blocks: the units of work and of resuming.

    Goes in: crystals as JSON lines, which are passed on as they are. Comes out: a folder with one
    file of JSON lines for each block, 000000.jsonl.gz and so on; blocks.csv (block,crystals);
    rejected.csv, crystals whose id an earlier one has; and as_before.jsonl.gz, with --parent the
    standardised crystals of those that the earlier run had with the same cell and atoms. These are
    in no block.
    """
    settings = load_settings(config)
    cell_of = None
    if parent:
        # Imported here: it takes the symmetry search with it.
        from spacegrouper.crystals.parent_release import ParentCells

        check_record(parent, settings.standardise)
        acquired, standardised = (
            parent / f"{name}.jsonl.gz" for name in ("acquired", "standardised")
        )
        cell_of = ParentCells(acquired, standardised, settings.standardise).cell_of
    with progress("plan", None) as advance:
        plan = plan_blocks(
            structures,
            lambda crystals: block_size(settings, crystals, CORES),
            output,
            cell_of,
            advance,
        )
    log.info(
        "planned %d crystals in %d blocks; %d are as in the parent's run, %d have the id of an "
        "earlier one",
        sum(block.crystals for block in plan.blocks),
        len(plan.blocks),
        plan.as_before,
        len(plan.rejections),
    )


if __name__ == "__main__":
    run_program(main)
