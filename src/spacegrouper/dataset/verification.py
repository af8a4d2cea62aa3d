"""Proof that a dataset is whole: every object is read again and held against its SHA-256."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import zarr

from spacegrouper.dataset.blocks import block_problems, foreign_objects
from spacegrouper.dataset.dataset_plan import block_arrays_in, signed_digest
from spacegrouper.dataset.store_objects import list_objects, object_problem
from spacegrouper.errors import UserError


@dataclass(frozen=True)
class Damage:
    """What is wrong with an object of a store; `block` is None for metadata, labels and others."""

    key: str
    problem: str
    block: int | None = None

    def __str__(self) -> str:
        block = "" if self.block is None else f"block {self.block}: "
        return f"{block}{self.key}: {self.problem}"


def count_blocks(store: Path) -> int | None:
    """Return how many blocks a store is made of, or None if its metadata do not say so.

    Raises UserError where there is no store, or none with digests.
    """
    if not (store / "zarr.json").is_file() and not (store / "block_sha256").is_dir():
        raise UserError(f"{store}: no dataset with digests there; make it with scripts/shape.py")
    try:
        return zarr.open_array(store / "block_sha256", mode="r").shape[0]
    except Exception:  # whatever damaged metadata make of the reading: there is no one class
        return None


def find_damage(store: Path, blocks: int | None) -> Iterator[list[Damage]]:
    """Look for objects that are damaged, missing, or written by no block.

    Yields what is wrong with metadata and labels, then with each of the `blocks`, then the foreign
    objects. Where the metadata are damaged, look again after a repair: not all may be seen.
    """
    root = store / "zarr.json"
    content = root.read_bytes() if root.is_file() else b""
    dataset_sha256 = signed_digest(content)
    expected: dict[str, str] = {}
    if dataset_sha256 is None:
        yield [Damage("zarr.json", "damaged" if content else "missing")]
    else:
        expected = json.loads(content)["attributes"]["object_sha256"]
        problems = {key: object_problem(store, key, digest) for key, digest in expected.items()}
        yield [Damage(key, problem) for key, problem in problems.items() if problem]
    if blocks is None:
        return
    # Metadata that are whole say which arrays there are to be; others leave what there is.
    arrays = block_arrays_in(expected or list_objects(store))
    with ThreadPoolExecutor() as threads:
        for number, found in enumerate(
            threads.map(
                lambda number: block_problems(store, number, arrays, dataset_sha256), range(blocks)
            )
        ):
            yield [Damage(key, problem, number) for key, problem in found.items()]
    if expected:
        foreign = foreign_objects(store, blocks, arrays, {"zarr.json", *expected})
        yield [Damage(key, "foreign") for key in foreign]
