"""The dataset: one Zarr v3 store with the raw and shaped patterns of all crystals, and labels.

    raw, shaped        uint8 (crystal, view, y, x), sharded, Zstandard, crc32c
    material_id        string        } one a crystal
    spacegroup         int16, 0 where unknown
    status             uint8: 0 not made, 1 done, 2 rejected
    intensity_max      (crystal, view) photons per pixel
    crystal_system, prototype, structure_key   strings

A block of crystals is one shard, written by one process. Settings and versions are attributes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from spacegrouper.config import Settings
from spacegrouper.config.sections import Shape
from spacegrouper.descriptors.shaped import shape_patterns
from spacegrouper.errors import UserError
from spacegrouper.storage.integrity import check_manifest
from spacegrouper.storage.raw_shard import (
    DONE,
    TEXT_LABELS,
    RawRows,
    read_raw_patterns,
    read_raw_rows,
)

PATTERN_DIMENSIONS = ("crystal", "view", "y", "x")
STATUS_MEANINGS = {0: "absent", DONE: "done", 2: "rejected"}


@dataclass(frozen=True)
class RawSource:
    """Raw shards one after another: shard i holds the rows `starts[i]` to `starts[i + 1]`."""

    paths: tuple[Path, ...]
    starts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many crystals all shards hold."""
        return self.starts[-1]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Read the patterns of rows start to stop (excluded), from whichever shards hold them."""
        parts = [
            read_raw_patterns(path, max(start, first) - first, min(stop, last) - first)
            for path, first, last in zip(self.paths, self.starts, self.starts[1:], strict=False)
            if first < stop and start < last
        ]
        return np.concatenate(parts)


def create_dataset(store: Path, raw_shards: Sequence[Path], settings: Settings) -> RawSource:
    """Create a store for the patterns of raw shards, with all labels; no row is done yet.

    Raises UserError for a damaged shard, one whose patterns are of another size or were simulated
    with other settings, and for an id that occurs twice.
    """
    for path in raw_shards:
        check_manifest(path)
    shards = [read_raw_rows(path) for path in raw_shards]
    _check_alike(raw_shards, shards)
    rows = sum(shard.status.size for shard in shards)
    if rows == 0:
        raise UserError(f"{raw_shards[0]}: no crystals in the raw shards, nothing to shape")
    group = zarr.create_group(store, zarr_format=3)
    group.attrs.update(
        {
            "program": "spacegrouper",
            "version": version("spacegrouper"),
            "simulate_settings": dict(shards[0].settings),
            "shape_settings": settings.shape.model_dump(mode="json"),
        }
    )
    chunk_rows = _largest_divisor(settings.plan.block_size, settings.dataset.chunk_crystals)
    for name in ("raw", "shaped"):
        group.create_array(
            name,
            shape=(rows, *shards[0].pattern_shape),
            dtype=np.uint8,
            chunks=(chunk_rows, *shards[0].pattern_shape),
            shards=(settings.plan.block_size, *shards[0].pattern_shape),
            compressors=ZstdCodec(level=settings.dataset.compression_level),
            dimension_names=PATTERN_DIMENSIONS,
        )
    for name in ("material_id", *TEXT_LABELS):
        parts = [s.material_id if name == "material_id" else s.text_labels[name] for s in shards]
        _create_labels(group, name, np.concatenate(parts))
    _create_labels(group, "spacegroup", np.concatenate([s.spacegroup for s in shards]))
    _create_labels(group, "intensity_max", np.concatenate([s.intensity_max for s in shards]))
    _create_labels(group, "status", np.zeros(rows, dtype=np.uint8))
    group["status"].attrs.update(
        {
            "flag_values": list(STATUS_MEANINGS),
            "flag_meanings": " ".join(STATUS_MEANINGS.values()),
        }
    )
    starts = tuple(accumulate((shard.status.size for shard in shards), initial=0))
    return RawSource(tuple(raw_shards), starts)


def shape_block(store: Path, source: RawSource, start: int, stop: int, settings: Shape) -> int:
    """Shape rows start to stop (excluded), whole shards of the store; return their number."""
    raw = source.read(start, stop)
    zarr.open_array(store / "raw", mode="r+")[start:stop] = raw
    zarr.open_array(store / "shaped", mode="r+")[start:stop] = shape_patterns(raw, settings)
    return stop - start


def finish_dataset(store: Path, source: RawSource) -> None:
    """Declare the rows done, or rejected where their raw shard says so."""
    status = np.concatenate([read_raw_rows(path).status for path in source.paths])
    zarr.open_array(store / "status", mode="r+")[:] = status


def open_dataset(store: Path) -> zarr.Group:
    """Open a finished store to read; raises UserError where there is none."""
    try:
        group = zarr.open_group(store, mode="r")
    except (OSError, ValueError) as error:
        raise UserError(f"{store}: no dataset there; make it with scripts/shape.py") from error
    missing = [name for name in ("raw", "shaped", "material_id", "status") if name not in group]
    if missing:
        raise UserError(f"{store}: not a dataset of patterns: it has no {', '.join(missing)}")
    return group


def _create_labels(group: zarr.Group, name: str, values: NDArray[Any]) -> None:
    dtype: Any = "string" if values.dtype.kind == "U" else values.dtype
    dimensions = ("crystal", "view")[: values.ndim]
    array = group.create_array(name, shape=values.shape, dtype=dtype, dimension_names=dimensions)
    array[:] = values.astype(object) if values.dtype.kind == "U" else values


def _check_alike(paths: Sequence[Path], shards: Sequence[RawRows]) -> None:
    seen: dict[str, Path] = {}
    for path, shard in zip(paths, shards, strict=True):
        if shard.pattern_shape != shards[0].pattern_shape:
            raise UserError(
                f"{path}: patterns of {shard.pattern_shape}, but {paths[0]} has "
                f"{shards[0].pattern_shape} (views, y, x); simulate both with the same settings"
            )
        if json.dumps(shard.settings) != json.dumps(shards[0].settings):
            raise UserError(
                f"{path}: simulated with other settings than {paths[0]}; "
                "simulate both with the same settings"
            )
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
