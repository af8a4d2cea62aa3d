"""Making a dataset: one Zarr v3 store with the data of all crystals, and their labels.

    raw                uint8 or uint16 (crystal, view, y, x), sharded, Zstandard, crc32c
    shaped             the same, of patterns alone: what their technique derives of raw
    material_id        string        } one a crystal
    spacegroup         int16, 0 where unknown
    status             uint8: 0 not made, 1 done, 2 rejected
    in_release         whether the row is of this release; others are of earlier ones, and kept
    intensity_max      (crystal, view) what the highest level stands for
    crystal_system, prototype, structure_key   strings
    label_<name>       strings, for each further label
    block_sha256       (block, digest) what a block was made for, and what it wrote
    raw_shard_sha256, raw_shard_rows           the raw shards it was made from, in their order

A block of crystals is one shard, written by one process. What all was made with (made_with.py) is
an attribute. Finished datasets are read through dataset.py.
"""

import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from spacegrouper.dataset.blocks import block_keys, block_problems, blocks_lock, foreign_objects
from spacegrouper.dataset.dataset_plan import Block, DatasetPlan, signed_digest
from spacegrouper.dataset.store_objects import (
    flush_folder,
    object_problem,
    remove_object,
    write_object,
)
from spacegrouper.errors import UserError
from spacegrouper.folder_lock import locked


def store_lock(output: Path) -> Path:
    """Return the file whose lock is held by the one program that makes or repairs a dataset."""
    return output.with_name(f".{output.name}.lock")


def unfinished_path(output: Path) -> Path:
    """Return where a dataset lies until it is complete.

    It is not the product itself: Snakemake deletes that before it starts a job again.
    """
    return output.with_name(f"{output.name}.unfinished")


def _earlier_path(output: Path) -> Path:
    """Return where the dataset lies that a new one takes the place of, until that is done."""
    return output.with_name(f"{output.name}.earlier")


def is_complete(output: Path, plan: DatasetPlan) -> bool:
    """Tell whether a store is the planned dataset, whole to the last bit."""
    return not (_stale_objects(output, plan) or blocks_to_write(output, plan))


def remove_unfinished(output: Path) -> None:
    """Remove what interrupted runs have left beside a dataset. Call it with the lock held."""
    store = unfinished_path(output)
    with locked(blocks_lock(store)):  # workers of a killed program may still be at work
        _remove_folder(store)
    _remove_folder(_earlier_path(output))


def start_dataset(output: Path, plan: DatasetPlan) -> list[Block]:
    """Make the unfinished store ready, and return the blocks that it still lacks.

    It goes on from an interrupted run, or from an earlier product with some damage, if that was
    made to the same plan; otherwise it starts anew, and an earlier product stays until the end.
    Call it with the store's lock held.
    """
    store = unfinished_path(output)
    with locked(blocks_lock(store)):  # workers of a killed program may still be at work
        if not _same_plan(store, plan):
            _remove_folder(store)
            if _same_plan(output, plan):
                output.rename(store)
        return _restore(store, plan)


def finish_dataset(output: Path, plan: DatasetPlan) -> None:
    """Make the unfinished store the product; an earlier one goes. Call it with the lock held.

    Raises UserError if a block is not done after all.
    """
    store = unfinished_path(output)
    earlier = _earlier_path(output)
    _remove_folder(earlier)
    with locked(blocks_lock(store)):
        for block in plan.blocks:
            # A worker that outlived a killed program may have begun a block a second time.
            if not (store / block_keys(block.number, block.arrays)["status"]).is_file():
                raise UserError(f"{store}: block {block.number} is not done; start it again")
        # Workers killed in the middle of a write leave files that never got their names.
        for key in foreign_objects(store, len(plan.blocks), plan.arrays, plan.objects):
            remove_object(store, key)
        if output.exists():
            output.rename(earlier)
        store.rename(output)
        flush_folder(output.parent)
    _remove_folder(earlier)


def start_repair(store: Path, plan: DatasetPlan) -> list[Block]:
    """Restore metadata and labels of a dataset in place, and return the blocks to write again.

    Objects that no block wrote are deleted. Call it with the store's lock held. Raises UserError
    if the plan is not that of the dataset.
    """
    root = store / "zarr.json"
    digest = signed_digest(root.read_bytes()) if root.is_file() else None
    if digest not in (None, plan.sha256):
        theirs, ours = (
            json.loads(content)["attributes"].get("versions", {})
            for content in (root.read_bytes(), plan.objects["zarr.json"])
        )
        for name in sorted({*theirs, *ours}):
            if theirs.get(name) != ours.get(name):
                raise UserError(
                    f"{store}: made with {name} {theirs.get(name)}, but this is {name} "
                    f"{ours.get(name)}; install that version again, or make it anew with "
                    "scripts/shape.py"
                )
        raise UserError(
            f"{store}: made from other raw shards, or with other settings; give those it was made "
            "with, or make it anew with scripts/shape.py"
        )
    with locked(blocks_lock(store)):
        return _restore(store, plan)


def blocks_to_write(store: Path, plan: DatasetPlan) -> list[Block]:
    """Return the planned blocks that a store lacks, or holds damaged."""
    with ThreadPoolExecutor() as threads:
        problems = threads.map(
            lambda block: block_problems(store, block.number, block.arrays, plan.sha256),
            plan.blocks,
        )
        return [b for b, found in zip(plan.blocks, problems, strict=True) if found]


def _restore(store: Path, plan: DatasetPlan) -> list[Block]:
    stale = _stale_objects(store, plan)
    for key in stale:
        if key not in plan.objects:
            remove_object(store, key)
        elif key != "zarr.json":
            write_object(store, key, plan.objects[key])
    blocks = blocks_to_write(store, plan)
    for block in blocks:
        # What is not whole must not be read as done, even if this run ends here.
        remove_object(store, block_keys(block.number, block.arrays)["status"])
    if "zarr.json" in stale:
        # Last: where the root is as planned, a block with a status has been looked at.
        write_object(store, "zarr.json", plan.objects["zarr.json"])
    return blocks


def _stale_objects(store: Path, plan: DatasetPlan) -> list[str]:
    """Return the keys of objects that are not as planned; those of blocks are not looked into."""
    return foreign_objects(store, len(plan.blocks), plan.arrays, plan.objects) + [
        key
        for key, content in plan.objects.items()
        if object_problem(store, key, hashlib.sha256(content).hexdigest())
    ]


def _same_plan(store: Path, plan: DatasetPlan) -> bool:
    root = store / "zarr.json"
    return root.is_file() and root.read_bytes() == plan.objects["zarr.json"]


def _remove_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
