"""Shape the patterns of raw shards into the dataset: HDF5 in, one Zarr store out."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.folder_lock import locked
from spacegrouper.programs.command_line import CORES, log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    raw: Annotated[Path, typer.Option(help="raw shard; more may follow: --raw A.h5 B.h5 C.h5")],
    config: Annotated[Path, typer.Option(help="settings as YAML; section `shape` is used")],
    output: Annotated[Path, typer.Option(help="Zarr store to write; an earlier one is replaced")],
    changes: Annotated[
        Path | None,
        typer.Option(
            help="changes.csv of a release that has a parent: the raw shards are then those of the "
            "parent, and of its parents, with the new ones last"
        ),
    ] = None,
    parent: Annotated[
        Path | None, typer.Option(help="the parent's Zarr store, whose blocks need no shaping")
    ] = None,
    further: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="processes of the local dask cluster")
    ] = CORES,
) -> None:
    """Shape all patterns of the raw shards and store them, with the raw ones, as a dataset.

    Reflections of powders and bitmaps are stored as they are; only diffraction patterns are shaped.
    The store appears when it is complete; until then it is OUTPUT.unfinished, from which the same
    command goes on if it was stopped. Its files do not depend on that, nor on the workers, nor on
    a parent.
    """
    settings = load_settings(config)
    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.dataset.dataset_plan import plan_dataset
    from spacegrouper.dataset.parent_blocks import link_blocks
    from spacegrouper.dataset.parent_run import read_release_ids
    from spacegrouper.dataset.store import (
        finish_dataset,
        is_complete,
        remove_unfinished,
        start_dataset,
        store_lock,
        unfinished_path,
    )
    from spacegrouper.dataset.workers import write_blocks

    release = read_release_ids(changes) if changes else None
    plan = plan_dataset([raw, *(further or [])], settings, release)
    crystals = sum(block.status.size for block in plan.blocks)
    with locked(store_lock(output)):
        if is_complete(output, plan):
            remove_unfinished(output)
            log.info("%s is complete, nothing to do", output)
            return
        blocks = start_dataset(output, plan)
        if len(blocks) < len(plan.blocks):
            log.info("going on: %d of %d blocks are to be made", len(blocks), len(plan.blocks))
        store = unfinished_path(output)
        if parent:
            missing = len(blocks)
            blocks = link_blocks(store, plan, blocks, parent)
            log.info("took %d of %d blocks from %s", missing - len(blocks), missing, parent)
        with progress("shape", sum(block.status.size for block in blocks)) as advance:
            for shaped in write_blocks(store, plan.sha256, blocks, settings, workers):
                advance(shaped)
        finish_dataset(output, plan)
    log.info("shaped %d crystals into %s", crystals, output)


if __name__ == "__main__":
    run_program(main)
