"""Verify the dataset: read every file of it again, name what is damaged, and repair it."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.errors import UserError
from spacegrouper.folder_lock import locked
from spacegrouper.programs.command_line import CORES, log, progress, run_program
from spacegrouper.settings import Settings, load_settings


def main(
    store: Annotated[Path, typer.Argument(help="Zarr store made by shape.py")],
    repair: Annotated[bool, typer.Option("--repair", help="make anew what is not whole")] = False,
    raw: Annotated[
        Path | None,
        typer.Option(
            help="for a repair: all raw shards, --raw A.h5 B.h5 C.h5; default: those of the "
            "workflow's run that the store lies in, and of the parent releases"
        ),
    ] = None,
    further: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="for a repair: the settings the store was made with, YAML; default: those of the "
            "workflow, config.yaml beside the store"
        ),
    ] = None,
    changes: Annotated[
        Path | None,
        typer.Option(
            help="for a repair: changes.csv of a release that has a parent; default: that of the "
            "workflow, release/changes.csv beside the store"
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that repair")] = CORES,
) -> None:
    """Hold every file of a dataset against its SHA-256.

    Prints, one a line, what is damaged, missing, or foreign (written by no block), and ends with
    exit code 1 if anything is. With --repair, the blocks concerned are shaped anew from the raw
    shards, foreign files are deleted, and all is verified again. Other blocks are left alone.
    """
    run = store.absolute().parent
    if repair and not raw and not (run / "config.yaml").is_file():
        raise UserError(f"{run}: no run of the workflow; give all raw shards with --raw")
    found = verify(store)
    if found and repair:
        from spacegrouper.dataset.parent_run import parent_of, raw_shards_of

        settings = load_settings(config or run / "config.yaml")
        if not raw and not changes and parent_of(run, settings):
            changes = run / "release" / "changes.csv"
        raw_shards = [raw, *(further or [])] if raw else raw_shards_of(run)
        repair_store(store, raw_shards, settings, changes, workers)
        found = verify(store)
    if found:
        advice = "" if repair else "; repair it with --repair"
        raise UserError(f"{store}: {found} objects are not as they were written{advice}")


def verify(store: Path) -> int:
    """Print what is wrong with a store; return how many objects that are."""
    from spacegrouper.dataset.verification import count_blocks, find_damage

    blocks = count_blocks(store)
    found = 0
    with progress("verify", None if blocks is None else blocks + 2) as advance:
        for damages in find_damage(store, blocks):
            for damage in damages:
                print(damage)
            found += len(damages)
            advance(1)
    if not found:
        log.info("%s: all %d blocks are whole, with metadata and labels", store, blocks)
    return found


def repair_store(
    store: Path, raw_shards: list[Path], settings: Settings, changes: Path | None, workers: int
) -> None:
    """Make anew what is not whole."""
    from spacegrouper.dataset.dataset_plan import plan_dataset
    from spacegrouper.dataset.parent_run import read_release_ids
    from spacegrouper.dataset.store import start_repair, store_lock
    from spacegrouper.dataset.workers import write_blocks

    plan = plan_dataset(raw_shards, settings, read_release_ids(changes) if changes else None)
    with locked(store_lock(store)):
        blocks = start_repair(store, plan)
        with progress("repair", sum(block.status.size for block in blocks)) as advance:
            for shaped in write_blocks(store, plan.sha256, blocks, settings, workers):
                advance(shaped)
    log.info("%s: repaired %d of %d blocks", store, len(blocks), len(plan.blocks))


if __name__ == "__main__":
    run_program(main)
