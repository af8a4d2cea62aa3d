"""What the dataset of some raw shards is to hold: known in full before a pattern is shaped.

Objects that hold no patterns (metadata and labels) are made here, in memory, always to the same
bytes. The root's metadata lists the SHA-256 of each of them, and its own, `dataset_sha256`, which
therefore stands for the raw shards, the settings, the versions and the labels all together.
"""

import hashlib
import json
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from spacegrouper.contract.technique import TECHNIQUES, Technique
from spacegrouper.crystals.copies import COPY_OF
from spacegrouper.dataset.integrity import check_manifest, file_sha256
from spacegrouper.dataset.made_with import MadeWith, find_difference, technique_of
from spacegrouper.dataset.raw_shard import (
    DONE,
    PATTERN_DIMENSIONS,
    REJECTED,
    TEXT_LABELS,
    RawRows,
    read_raw_patterns,
    read_raw_rows,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings

STATUS_MEANINGS = {0: "absent", DONE: "done", REJECTED: "rejected"}
LABEL_PREFIX = "label_"  # so that no further label can take the name of another array
_COORDINATES = ("material_id", "spacegroup", *TEXT_LABELS, "status", "in_release")
# Of what the bytes of a store may depend on.
_VERSIONS = ("spacegrouper", "numpy", "numba", "zarr")
_UNSIGNED = "0" * 64


@dataclass(frozen=True)
class RawPiece:
    """Rows start to stop (excluded) of a raw shard whose SHA-256 is known."""

    path: Path
    sha256: str
    start: int
    stop: int

    def read(self) -> NDArray[np.unsignedinteger[Any]]:
        """Read the patterns; raises UserError if the file is no longer what it was."""
        if file_sha256(self.path) != self.sha256:
            raise UserError(
                f"{self.path}: its SHA-256 changed while it was in use; "
                "simulate the block anew if it is damaged, then start the same command again"
            )
        return read_raw_patterns(self.path, self.start, self.stop)


@dataclass(frozen=True)
class Block:
    """The status of its rows, where their patterns come from, and the arrays that it writes."""

    number: int
    status: NDArray[np.uint8]
    pieces: tuple[RawPiece, ...]
    arrays: tuple[str, ...]
    made_with: MadeWith


@dataclass(frozen=True)
class DatasetPlan:
    """All objects without patterns, by key, and the blocks that hold the rest.

    `raw_shards`: SHA-256 and number of crystals of each, in the order of their rows; `arrays`:
    those that each of the blocks writes.
    """

    objects: Mapping[str, bytes]
    blocks: tuple[Block, ...]
    raw_shards: tuple[tuple[str, int], ...]
    arrays: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The SHA-256 that stands for the whole plan."""
        digest = signed_digest(self.objects["zarr.json"])
        assert digest is not None
        return digest


def plan_dataset(
    raw_shards: Sequence[Path], settings: Settings, release: Collection[str] | None = None
) -> DatasetPlan:
    """Plan the dataset of raw shards.

    `release`: the ids of its crystals, if the shards are those of several releases, the oldest
    first. The newest row of each id is in the release; all other rows are kept beside it.

    Raises UserError for a damaged shard, for one of other patterns, settings or versions than the
    first, for an id of the release without a row, and, without `release`, for one with two.
    """
    for path in raw_shards:
        if not path.is_file():
            raise UserError(f"{path}: no such raw shard; make it with scripts/simulate.py")
    digests = [check_manifest(path) for path in raw_shards]
    all_rows = [read_raw_rows(path) for path in raw_shards]
    known = tuple(
        (digest, shard.status.size) for digest, shard in zip(digests, all_rows, strict=True)
    )
    # Of a block of which no crystal was left, the shard has no rows, nor the shape of patterns.
    filled = [place for place, (_, count) in enumerate(known) if count]
    if not filled:
        raise UserError(f"{raw_shards[0]}: no crystals in the raw shards, nothing to shape")
    paths = [raw_shards[place] for place in filled]
    shards = [all_rows[place] for place in filled]
    _check_alike(paths, shards)
    if release is None:
        _check_ids_differ(paths, shards)
    rows = _joined(shards, settings)
    wholes = [RawPiece(raw_shards[place], digests[place], 0, known[place][1]) for place in filled]
    arrays = block_arrays(technique_of(rows.made_with))
    size = settings.plan.shard_rows(rows.status.size)
    # A block is one shard of the store, whatever raw shards its rows come from, so that no two
    # blocks ever write the same object.
    blocks = [
        Block(
            number,
            rows.status[start : start + size],
            tuple(_pieces(wholes, start, start + size)),
            arrays,
            rows.made_with,
        )
        for number, start in enumerate(range(0, rows.status.size, size))
    ]
    in_release = _newest_rows(rows, release)
    objects = _make_objects(rows, known, in_release, settings, arrays)
    return DatasetPlan(objects, tuple(blocks), known, arrays)


def block_arrays(technique: Technique) -> tuple[str, ...]:
    """Return the arrays that the blocks of a dataset write."""
    return ("raw", *technique.derived, "status")


def block_arrays_in(objects: Container[str]) -> tuple[str, ...]:
    """Return which of a store's arrays its blocks write; `objects`: its keys."""
    derived = {name: None for technique in TECHNIQUES for name in technique.derived}
    return tuple(name for name in ("raw", *derived, "status") if f"{name}/zarr.json" in objects)


def digest_names(arrays: Sequence[str]) -> tuple[str, ...]:
    """Name the digests of a block: of the dataset it was written for, and of what it wrote."""
    return ("dataset", *arrays)


def signed_digest(root_metadata: bytes) -> str | None:
    """Return the SHA-256 that a root's zarr.json says it has, or None if it has another.

    It is computed with zeros in its own place.
    """
    try:
        digest = json.loads(root_metadata)["attributes"]["dataset_sha256"]
        unsigned = root_metadata.replace(digest.encode(), _UNSIGNED.encode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return str(digest) if hashlib.sha256(unsigned).hexdigest() == digest else None


def _newest_rows(rows: RawRows, release: Collection[str] | None) -> NDArray[np.bool_]:
    """Tell which rows are in the release: of each of its ids, and their copies, the last one."""
    names = rows.material_id.tolist()
    if release is None:
        return np.ones(len(names), dtype=np.bool_)
    # Copies are in the release that has their crystal.
    crystals = names
    if COPY_OF in rows.text_labels:
        crystals = [
            of or name for of, name in zip(rows.text_labels[COPY_OF].tolist(), names, strict=True)
        ]
    row_of = {
        name: row
        for row, (name, crystal) in enumerate(zip(names, crystals, strict=True))
        if crystal in release
    }
    missing = sorted(set(release) - row_of.keys())
    if missing:
        raise UserError(
            f"{missing[0]} is in the release, but in none of the raw shards; give those of all "
            "releases, the oldest first, and the changes.csv of the newest"
        )
    in_release = np.zeros(len(names), dtype=np.bool_)
    in_release[list(row_of.values())] = True
    return in_release


def _joined(shards: Sequence[RawRows], settings: Settings) -> RawRows:
    """Return the rows of all shards, with what a dataset of them is made with."""
    first = shards[0]
    derived = technique_of(first.made_with).record_derived(settings, first.pattern_shape[-1])
    return replace(
        first,
        material_id=np.concatenate([shard.material_id for shard in shards]),
        status=np.concatenate([shard.status for shard in shards]),
        spacegroup=np.concatenate([shard.spacegroup for shard in shards]),
        intensity_max=np.concatenate([shard.intensity_max for shard in shards]),
        text_labels={
            name: np.concatenate([shard.text_labels[name] for shard in shards])
            for name in first.text_labels
        },
        further={
            name: np.concatenate([shard.further[name] for shard in shards])
            for name in first.further
        },
        made_with={
            **first.made_with,
            "settings": {**first.made_with.get("settings", {}), **derived},
        },
    )


def _pieces(wholes: Sequence[RawPiece], start: int, stop: int) -> Iterator[RawPiece]:
    """Yield where rows start to stop (excluded) of the dataset lie in the raw shards."""
    first = 0
    for whole in wholes:
        end = first + whole.stop
        if first < stop and start < end:
            piece = (max(start, first) - first, min(stop, end) - first)
            yield RawPiece(whole.path, whole.sha256, *piece)
        first = end


def _make_objects(
    rows: RawRows,
    raw_shards: Sequence[tuple[str, int]],
    in_release: NDArray[np.bool_],
    settings: Settings,
    arrays: tuple[str, ...],
) -> dict[str, bytes]:
    buffers: dict[str, Buffer] = {}
    group = zarr.create_group(MemoryStore(buffers), zarr_format=3)
    _create_block_arrays(group, arrays, rows, settings)
    _create_labels(group, "material_id", rows.material_id, "crystal")
    for name, texts in rows.text_labels.items():
        _create_labels(group, label_array(name), texts, "crystal")
    _create_labels(group, "spacegroup", rows.spacegroup, "crystal")
    _create_labels(group, "intensity_max", rows.intensity_max, "crystal", "view")
    for name, numbers in rows.further.items():
        axes = (f"{name}_{axis}" for axis in range(1, numbers.ndim))
        _create_labels(group, name, numbers, "crystal", *axes)
    if units := technique_of(rows.made_with).units(rows.made_with.get("settings", {})):
        group["intensity_max"].attrs["units"] = units
    _create_labels(group, "in_release", in_release, "crystal")
    digests, counts = map(np.array, zip(*raw_shards, strict=True))
    _create_labels(group, "digest", np.array(digest_names(arrays)), "digest")
    _create_labels(group, "raw_shard_sha256", digests, "raw_shard")
    _create_labels(group, "raw_shard_rows", counts, "raw_shard")
    objects = {key: buffers[key].to_bytes() for key in sorted(buffers) if key != "zarr.json"}
    group.attrs.update(
        {
            "program": "spacegrouper",
            "versions": {name: version(name) for name in _VERSIONS},
            "made_with": rows.made_with,
            "object_sha256": {k: hashlib.sha256(v).hexdigest() for k, v in objects.items()},
            "dataset_sha256": _UNSIGNED,
        }
    )
    root = buffers["zarr.json"].to_bytes()
    digest = hashlib.sha256(root).hexdigest()
    return {"zarr.json": root.replace(_UNSIGNED.encode(), digest.encode()), **objects}


def label_array(name: str) -> str:
    """Return the name of the array that holds a label of texts."""
    return name if name in TEXT_LABELS else f"{LABEL_PREFIX}{name}"


def _create_block_arrays(
    group: zarr.Group, arrays: Sequence[str], rows: RawRows, settings: Settings
) -> None:
    """Create the arrays that blocks write, without a value: of crystals, and their digests."""
    count = rows.status.size
    size = settings.plan.shard_rows(count)
    chunk_rows = _largest_divisor(size, settings.dataset.chunk_crystals)
    further = (label_array(name) for name in rows.further_labels)
    coordinates = " ".join((*_COORDINATES, *further))
    for name in (name for name in arrays if name != "status"):
        group.create_array(
            name,
            shape=(count, *rows.pattern_shape),
            dtype=rows.pattern_dtype,
            chunks=(chunk_rows, *rows.pattern_shape),
            shards=(size, *rows.pattern_shape),
            compressors=(ZstdCodec(level=settings.dataset.compression_level), Crc32cCodec()),
            dimension_names=PATTERN_DIMENSIONS,
            # How the conventions of CF, which xarray follows, name the labels of a variable.
            attributes={"coordinates": coordinates},
        )
    group.create_array(
        "status",
        shape=(count,),
        dtype=np.uint8,
        chunks=(size,),
        compressors=Crc32cCodec(),
        dimension_names=("crystal",),
        attributes={
            "flag_values": list(STATUS_MEANINGS),
            "flag_meanings": " ".join(STATUS_MEANINGS.values()),
        },
    )
    digests = len(digest_names(arrays))
    group.create_array(
        "block_sha256",
        shape=(-(-count // size), digests),
        dtype="string",
        chunks=(1, digests),
        compressors=Crc32cCodec(),
        dimension_names=("block", "digest"),
    )


def _create_labels(group: zarr.Group, name: str, values: NDArray[Any], *dimensions: str) -> None:
    array = group.create_array(
        name,
        shape=values.shape,
        dtype="string" if values.dtype.kind == "U" else values.dtype,
        compressors=(ZstdCodec(), Crc32cCodec()),
        dimension_names=dimensions,
        config={"write_empty_chunks": True},
    )
    array[:] = values.astype(object) if values.dtype.kind == "U" else values


def _check_alike(paths: Sequence[Path], shards: Sequence[RawRows]) -> None:
    first = shards[0]
    for path, shard in zip(paths, shards, strict=True):
        if (shard.pattern_shape, shard.pattern_dtype) != (first.pattern_shape, first.pattern_dtype):
            raise UserError(
                f"{path}: {shard.pattern_dtype} patterns of {shard.pattern_shape}, but {paths[0]} "
                f"has {first.pattern_dtype} of {first.pattern_shape} (views, y, x); "
                "simulate both with the same settings"
            )
        if difference := find_difference(first.made_with, shard.made_with):
            advice = (
                f"install {difference.first} again, or delete the raw shards of one of the two"
                if difference.of_versions
                else "delete those of the settings that are not wanted"
            )
            raise UserError(
                f"{path}: simulated with {difference.second}, but {paths[0]} with "
                f"{difference.first}; {advice}, and simulate them anew"
            )
        if shard.further_labels != first.further_labels:
            raise UserError(
                f"{path}: further labels: {', '.join(shard.further_labels) or 'none'}, but of "
                f"{paths[0]}: {', '.join(first.further_labels) or 'none'}; simulate both with "
                "the same `standardise.labels`"
            )


def _check_ids_differ(paths: Sequence[Path], shards: Sequence[RawRows]) -> None:
    seen: dict[str, Path] = {}
    for path, shard in zip(paths, shards, strict=True):
        for material_id in shard.material_id:
            if material_id in seen:
                raise UserError(
                    f"{path}: material {material_id} is in {seen[material_id]} already; "
                    "give each raw shard once"
                )
            seen[material_id] = path


def _largest_divisor(number: int, limit: int) -> int:
    """Return the largest divisor up to a limit: a shard must hold a whole number of chunks."""
    return max(divisor for divisor in range(1, limit + 1) if number % divisor == 0)
