"""Blocks that a dataset has in common with that of its parent release: linked, not shaped again."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import zarr

from spacegrouper.dataset.blocks import damaged_parent, link_block
from spacegrouper.dataset.dataset_plan import Block, DatasetPlan, signed_digest
from spacegrouper.dataset.verification import find_damage
from spacegrouper.errors import UserError


def link_blocks(
    store: Path, plan: DatasetPlan, blocks: Sequence[Block], parent: Path
) -> list[Block]:
    """Link those of the blocks that the parent's dataset has as well; return the others.

    A block is the same if it is of the same rows of the same raw shards, and was made with the same
    settings and versions. What is linked is held against its digests first.
    Raises UserError for a parent that is damaged, or whose raw shards are not the first of ours.
    """
    if not (parent / "zarr.json").is_file():
        raise UserError(f"{parent}: no dataset there; finish the run of the parent release first")
    # Without a number of blocks, only metadata and labels are looked at.
    for damage in next(find_damage(parent, None)):
        raise damaged_parent(parent, str(damage))
    parent_sha256 = signed_digest((parent / "zarr.json").read_bytes())
    assert parent_sha256 is not None
    arrays: Any = zarr.open_group(parent, mode="r")
    raw_shards = tuple(
        zip(arrays["raw_shard_sha256"][:], arrays["raw_shard_rows"][:].tolist(), strict=True)
    )
    if plan.raw_shards[: len(raw_shards)] != raw_shards:
        raise UserError(
            f"{parent}: made from other raw shards than the first of those given; finish the run "
            "of the parent release first"
        )
    # The metadata that say how the bytes of a block are made.
    descriptions = ("zarr.json", *(f"{name}/zarr.json" for name in plan.arrays))
    if _recipe([(parent / key).read_bytes() for key in descriptions]) != _recipe(
        [plan.objects[key] for key in descriptions]
    ):
        return list(blocks)
    rows, size = arrays["status"].shape[0], arrays["status"].chunks[0]
    # The parent's last block may have room for further crystals.
    same = rows // size if len(raw_shards) < len(plan.raw_shards) else -(-rows // size)

    def link(block: Block) -> None:
        link_block(store, plan.sha256, block, parent, parent_sha256)

    with ThreadPoolExecutor() as threads:
        list(threads.map(link, (block for block in blocks if block.number < same)))
    return [block for block in blocks if block.number >= same]


def _recipe(descriptions: Sequence[bytes]) -> list[Any]:
    """Return what the bytes of a block depend on, besides its raw patterns.

    `descriptions`: the metadata of the store, and of the arrays that its blocks write.
    """
    root, *arrays = map(json.loads, descriptions)
    for array in arrays:
        del array["shape"], array["attributes"]
    return [root["attributes"]["versions"], root["attributes"]["made_with"], arrays]
