"""The blocks of the dataset: each written by one process, and proven by its digests.

The order of writing makes the proof: status off, patterns, digests, status on, each flushed to the
disk before the next. A block that was interrupted therefore has no status, or lacks the digests
of what lies there; either way it is not taken for whole.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.dataset.dataset_plan import Block, digest_names, signed_digest
from spacegrouper.dataset.made_with import technique_of
from spacegrouper.dataset.store_objects import (
    encode_part,
    link_object,
    list_objects,
    object_problem,
    remove_object,
    write_object,
)
from spacegrouper.errors import UserError
from spacegrouper.folder_lock import locked


def block_keys(number: int, arrays: Sequence[str]) -> dict[str, str]:
    """Return the keys of a block's objects by what they hold, in the order they are written in."""
    keys = {name: f"{name}/c/{number}/0/0/0" for name in arrays if name != "status"}
    keys["block_sha256"] = f"block_sha256/c/{number}/0"
    if "status" in arrays:
        keys["status"] = f"status/c/{number}"
    return keys


def foreign_objects(
    store: Path, blocks: int, arrays: Sequence[str], others: Collection[str]
) -> list[str]:
    """Return the keys of the objects of a store that are neither of its blocks nor of `others`."""
    of_blocks = {key for number in range(blocks) for key in block_keys(number, arrays).values()}
    return [key for key in list_objects(store) if key not in of_blocks and key not in others]


def blocks_lock(store: Path) -> Path:
    """Return the file whose lock is held, shared, by whoever writes a block of the store."""
    return store.with_name(f".{store.name}.blocks.lock")


def write_block(store: Path, dataset_sha256: str, block: Block) -> int:
    """Write a block, with what its technique derives, unless it is whole; return its crystals.

    Raises UserError if the store is no longer made to the plan of this digest, which stops workers
    that outlived the program which had started them.
    """
    with _writing(store, dataset_sha256):
        if block_problems(store, block.number, block.arrays, dataset_sha256):
            raw = np.concatenate([piece.read() for piece in block.pieces])
            settings = block.made_with.get("settings", {})
            derived = technique_of(block.made_with).derive(raw, settings)
            values = {"raw": raw, "status": block.status, **derived}
            first_row = block.number * zarr.open_array(store / "status", mode="r").chunks[0]
            objects = {name: _encode(store, name, first_row, values[name]) for name in block.arrays}
            digests = {name: hashlib.sha256(objects[name]).hexdigest() for name in block.arrays}
            digests = {"dataset": dataset_sha256, **digests}
            objects["block_sha256"] = _encode_digests(store, block.number, digests)
            keys = block_keys(block.number, block.arrays)
            remove_object(store, keys["status"])
            for name, key in keys.items():
                write_object(store, key, objects[name])
    return int(block.status.size)


def link_block(
    store: Path, dataset_sha256: str, block: Block, parent: Path, parent_sha256: str
) -> None:
    """Make a block out of the files of the same block of another dataset, which holds the same.

    They become hard links, or copies where the file system has none. Raises UserError if one of
    them is not whole, and as `write_block`. `parent_sha256`: of the other dataset.
    """
    for key, problem in block_problems(parent, block.number, block.arrays, parent_sha256).items():
        raise damaged_parent(parent, f"block {block.number}: {key}: {problem}")
    digests = _recorded_digests(parent, block.number, block.arrays)
    assert digests is not None
    digests["dataset"] = dataset_sha256
    keys = block_keys(block.number, block.arrays)
    with _writing(store, dataset_sha256):
        remove_object(store, keys["status"])
        for name, key in keys.items():
            if name == "block_sha256":
                write_object(store, key, _encode_digests(store, block.number, digests))
            else:
                link_object(parent, store, key)


def damaged_parent(parent: Path, damage: str) -> UserError:
    """Return the error of a store that another one cannot go on from."""
    return UserError(
        f"{parent}: {damage}; mend it with scripts/verify_dataset.py --repair, then start the same "
        "command again"
    )


def block_problems(
    store: Path, number: int, arrays: Sequence[str], dataset_sha256: str | None
) -> dict[str, str]:
    """Return what is wrong with the objects of a block, by key; nothing for a whole one.

    `dataset_sha256`: of the dataset that it must have been written for; None if that is not known.
    """
    keys = block_keys(number, arrays)
    digests_key = keys.pop("block_sha256")
    digests = _recorded_digests(store, number, arrays)
    if digests is None:
        there = (store / digests_key).is_file()
        missing = {key: "missing" for key in keys.values() if not (store / key).is_file()}
        return missing | {digests_key: "damaged" if there else "missing"}
    if dataset_sha256 not in (None, digests["dataset"]):
        return {digests_key: "of another dataset"}
    problems = {key: object_problem(store, key, digests[name]) for name, key in keys.items()}
    return {key: problem for key, problem in problems.items() if problem}


@contextmanager
def _writing(store: Path, dataset_sha256: str) -> Iterator[None]:
    """Lock the store to write blocks of a plan; raises UserError if it is not made to that plan."""
    with locked(blocks_lock(store), shared=True):
        root = store / "zarr.json"
        if not root.is_file() or signed_digest(root.read_bytes()) != dataset_sha256:
            raise UserError(f"{store}: changed while it was being written; start the command again")
        yield


def _encode_digests(store: Path, number: int, digests: dict[str, str]) -> bytes:
    return _encode(store, "block_sha256", number, np.array([[*digests.values()]], dtype=object))


def _encode(store: Path, array: str, first_row: int, values: NDArray[Any]) -> bytes:
    """Return the one object that holds a block's rows of an array."""
    metadata = (store / array / "zarr.json").read_bytes()
    (content,) = encode_part(metadata, first_row, values).values()
    return content


def _recorded_digests(store: Path, number: int, arrays: Sequence[str]) -> dict[str, str] | None:
    """Return the digests of a block by name, or None if they are missing or unreadable."""
    try:
        values = np.asarray(zarr.open_array(store / "block_sha256", mode="r")[number])
    except Exception:  # whatever codecs raise at damaged bytes: there is no one class
        return None
    names = digest_names(arrays)
    if len(values) != len(names):  # the metadata of one of the arrays are missing, or foreign
        return None
    digests = {name: str(value) for name, value in zip(names, values, strict=True)}
    return digests if all(digests.values()) else None
