"""Raw shards: the 8-bit patterns of one block in a NeXus-style HDF5 file.

    /entry/data/data       uint8 (crystals, views, y, x), found by viewers through `signal`;
                           float32 photons per pixel with `bit_depth: 32`
    /entry/material_id     one string a crystal
    /entry/intensity_max   (crystals, views) photons per pixel: what grey level 255 stands for
    /entry/status          1 simulated, 2 rejected (its patterns are black)
    /entry/reason          why a crystal was rejected
    /entry/spacegroup, crystal_system, prototype, structure_key   as `standardise` found them

A file needs only the first two to be read. The settings of the simulation and the program's
version are attributes of /entry.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.config.sections import Simulate
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.diffraction.condor import condor_version
from spacegrouper.diffraction.simulation import Patterns
from spacegrouper.errors import UserError

DONE, REJECTED = 1, 2
TEXT_LABELS = ("crystal_system", "prototype", "structure_key")


@dataclass(frozen=True)
class RawRows:
    """What a raw shard says of its n crystals, patterns aside; labels it lacks are 0 or empty."""

    material_id: NDArray[np.str_]
    status: NDArray[np.uint8]
    spacegroup: NDArray[np.int16]
    intensity_max: NDArray[np.float64]
    text_labels: Mapping[str, NDArray[np.str_]]
    pattern_shape: tuple[int, int, int]
    settings: Mapping[str, Any]


def write_raw_shard(
    path: Path,
    crystals: Sequence[Crystal],
    batches: Iterable[Patterns],
    settings: Simulate,
    seed: int,
) -> dict[str, str]:
    """Write the patterns of a block as they come; the file is complete or absent.

    `batches`: the patterns of all crystals, in their order. Returns why crystals were rejected,
    by id.
    """
    with written_aside(path) as aside, h5py.File(aside, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry.attrs.update(provenance(settings, seed))
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data.attrs["axes"] = ["crystal", "view", "y", "x"]
        shape = (len(settings.views), settings.pixels, settings.pixels)
        # Patterns are mostly black: the lightest gzip, which every viewer reads, does nearly as
        # well as the strongest.
        values = data.create_dataset(
            "data",
            shape=(len(crystals), *shape),
            dtype=np.uint8 if settings.bit_depth == 8 else np.float32,
            chunks=(1, *shape),
            compression="gzip",
            compression_opts=1,
        )
        intensity_max = entry.create_dataset("intensity_max", (len(crystals), shape[0]), float)
        intensity_max.attrs["units"] = "photons/pixel"
        reasons: list[str] = []
        for batch in batches:
            rows = slice(len(reasons), len(reasons) + len(batch.reasons))
            values[rows] = batch.values
            intensity_max[rows] = batch.intensity_max
            reasons += batch.reasons
        text = h5py.string_dtype()
        entry.create_dataset("material_id", data=[c.id for c in crystals], dtype=text)
        status = [REJECTED if reason else DONE for reason in reasons]
        entry.create_dataset("status", data=np.array(status, dtype=np.uint8))
        entry.create_dataset("reason", data=reasons, dtype=text)
        groups = [c.metadata.get("spacegroup", 0) for c in crystals]
        entry.create_dataset("spacegroup", data=np.array(groups, dtype=np.int16))
        for label in TEXT_LABELS:
            texts = [str(c.metadata.get(label, "")) for c in crystals]
            entry.create_dataset(label, data=texts, dtype=text)
    return {c.id: reason for c, reason in zip(crystals, reasons, strict=True) if reason}


def provenance(settings: Simulate, seed: int) -> dict[str, Any]:
    """Return what patterns are made with, and by: the attributes of a raw shard's /entry."""
    ours = version("spacegrouper")
    engine_version = ours if settings.engine == "kinematic" else condor_version()
    program = {"program": "spacegrouper", "version": ours, "engine_version": engine_version}
    values = settings.model_dump(mode="json")
    nested = {key: json.dumps(values.pop(key)) for key in ("views", "disorder")}
    # HDF5 has no empty value: an option that is not set has no attribute.
    used = {key: value for key, value in values.items() if value is not None}
    return program | used | nested | ({"seed": seed} if settings.uses_seed else {})


def read_raw_rows(path: Path) -> RawRows:
    """Read everything but the patterns; raises UserError for a damaged or foreign file."""
    with _opened(path) as file:
        entry = file["entry"]
        shape = entry["data/data"].shape
        rows, views = shape[:2]

        def read(name: str, default: Any) -> Any:
            return entry[name][...] if name in entry else default

        def read_text(name: str) -> NDArray[np.str_]:
            texts = entry[name].asstr()[...] if name in entry else [""] * rows
            return np.asarray(texts, dtype=np.str_)

        return RawRows(
            material_id=read_text("material_id"),
            status=read("status", np.full(rows, DONE, dtype=np.uint8)),
            spacegroup=read("spacegroup", np.zeros(rows, dtype=np.int16)),
            intensity_max=read("intensity_max", np.full((rows, views), np.nan)),
            text_labels={label: read_text(label) for label in TEXT_LABELS},
            pattern_shape=shape[1:],
            settings={
                key: entry.attrs[key].tolist()
                if isinstance(entry.attrs[key], np.ndarray | np.generic)
                else entry.attrs[key]
                for key in sorted(entry.attrs)
                if key not in ("NX_class", "default")
            },
        )


def read_raw_patterns(path: Path, start: int, stop: int) -> NDArray[np.uint8]:
    """Read the patterns of rows start to stop (excluded), (stop - start, views, y, x)."""
    with _opened(path) as file:
        patterns: NDArray[np.uint8] = file["entry/data/data"][start:stop]
        return patterns


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path) as file:
            _check_layout(path, file)
            yield file
    except (OSError, RuntimeError) as error:  # what HDF5 raises for files cut short or not its own
        raise UserError(
            f"{path}: cannot be read as a raw shard, simulate it anew: {error}"
        ) from None


def _check_layout(path: Path, file: h5py.File) -> None:
    for name in ("entry/data/data", "entry/material_id"):
        if name not in file:
            raise UserError(f"{path}: not a raw shard: it has no /{name}")
    patterns = file["entry/data/data"]
    if patterns.ndim != 4 or patterns.dtype != np.uint8:
        raise UserError(
            f"{path}: /entry/data/data must be uint8 (crystals, views, y, x), "
            f"found {patterns.dtype} {patterns.shape}; simulate with `bit_depth: 8`"
        )
    if file["entry/material_id"].shape != patterns.shape[:1]:
        raise UserError(f"{path}: /entry/material_id must hold one string for each crystal")
