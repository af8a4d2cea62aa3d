"""Raw shards: the patterns of one block in a NeXus-style HDF5 file.

    /entry/data/data       uint8 (crystals, views, y, x), found by viewers through `signal`; uint16
                           with `bit_depth: 16`, and of powders (crystals, 1, 1, angles); float32
                           photons per pixel with `bit_depth: 32`
    /entry/material_id     one string a crystal
    /entry/intensity_max   (crystals, views): what the highest level stands for, photons per pixel
                           or, of powders, electrons^2
    /entry/status          1 simulated, 2 rejected (its patterns are black)
    /entry/reason          why a crystal was rejected
    /entry/spacegroup, crystal_system, prototype, structure_key   as `standardise` found them
    /entry/further/<name>  what else was measured of each crystal, (crystals, ...)
    /entry/labels/<name>   the texts of a further label (`standardise.labels`), empty where missing

A file of a block of which no crystal is left has no rows, of patterns without a pixel.

A file needs only the first two to be read. What it was made with (made_with.py) is an attribute of
/entry, as JSON.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.contract.descriptor import Arrays
from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.dataset.hdf5_file import new_hdf5_file
from spacegrouper.dataset.made_with import MadeWith, technique_of
from spacegrouper.errors import UserError

DONE, REJECTED = 1, 2
PATTERN_DIMENSIONS = ("crystal", "view", "y", "x")
TEXT_LABELS = ("crystal_system", "prototype", "structure_key")
# They become names of arrays, of files therefore, and stand in lists that spaces separate.
_LABEL_NAME = re.compile(r"\w[\w.+-]*")


@dataclass(frozen=True)
class RowLabels:
    """What is known of n crystals, one a row, besides their patterns.

    `material_id`: (n,); `spacegroup`: (n,), 0 where unknown; `text_labels`: by name, (n,) texts
    each, empty where unknown: those of TEXT_LABELS, which may be left out, and any others.
    """

    material_id: Sequence[str]
    spacegroup: Sequence[int]
    text_labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RawRows:
    """What a raw shard says of its n crystals, patterns aside; labels it lacks are 0 or empty."""

    material_id: NDArray[np.str_]
    status: NDArray[np.uint8]
    spacegroup: NDArray[np.int16]
    intensity_max: NDArray[np.float64]
    text_labels: Mapping[str, NDArray[np.str_]]
    further: Arrays
    pattern_shape: tuple[int, int, int]
    pattern_dtype: np.dtype[Any]
    made_with: MadeWith

    @property
    def further_labels(self) -> tuple[str, ...]:
        """The names of the labels that not every shard has."""
        return tuple(name for name in self.text_labels if name not in TEXT_LABELS)


def labels_of(crystals: Sequence[Crystal], further: Sequence[str] = ()) -> RowLabels:
    """Return the labels of crystals, and as texts what `further` keys of their metadata say.

    Raises ValueError for a space group that does not exist.
    """
    return RowLabels(
        [crystal.id for crystal in crystals],
        [space_group_of(crystal) for crystal in crystals],
        {
            name: [_text(crystal.metadata.get(name)) for crystal in crystals]
            for name in (*TEXT_LABELS, *further)
        },
    )


def write_raw_shard(
    path: Path, rows: RowLabels, batches: Iterable[Patterns], made_with: MadeWith
) -> dict[str, str]:
    """Write the patterns of a block as they come; return why rows were rejected, by id.

    `batches`: one or more, of all rows in their order, all of one shape and type. The file is
    complete or absent. Raises UserError for a label whose name is none.
    """
    for name in rows.text_labels:
        if not _LABEL_NAME.fullmatch(name):
            raise UserError(
                f"standardise.labels: {name!r} cannot be the name of a label; rename this key of "
                "the records to letters, digits, `_`, `.`, `+` and `-`"
            )
    coming = iter(batches)
    first = next(coming)
    shape = first.values.shape[1:]
    count = len(rows.material_id)
    with written_aside(path) as aside, new_hdf5_file(aside) as (file, check_disk):
        entry = create_entry(file, made_with)
        values = create_plot(entry, "data", (count, *shape), first.values.dtype, {})
        intensity_max = entry.create_dataset("intensity_max", (count, shape[0]), float)
        if units := technique_of(made_with).units(made_with.get("settings", {})):
            intensity_max.attrs["units"] = units
        reasons: list[str] = []
        further: dict[str, list[NDArray[Any]]] = {name: [] for name in first.further}
        for batch in chain((first,), coming):
            written = slice(len(reasons), len(reasons) + len(batch.reasons))
            values[written] = batch.values
            intensity_max[written] = batch.intensity_max
            reasons += batch.reasons
            for name, numbers in batch.further.items():
                further[name].append(numbers)
            check_disk()
        for name, parts in further.items():
            entry.create_dataset(f"further/{name}", data=np.concatenate(parts))
        text = h5py.string_dtype()
        entry.create_dataset("material_id", data=list(rows.material_id), dtype=text)
        status = [REJECTED if reason else DONE for reason in reasons]
        entry.create_dataset("status", data=np.array(status, dtype=np.uint8))
        entry.create_dataset("reason", data=reasons, dtype=text)
        entry.create_dataset("spacegroup", data=np.array(rows.spacegroup, dtype=np.int16))
        unknown = {name: [""] * count for name in TEXT_LABELS}
        create_text_labels(entry, {**unknown, **rows.text_labels})
    return {name: reason for name, reason in zip(rows.material_id, reasons, strict=True) if reason}


def write_empty_shard(path: Path, made_with: MadeWith) -> None:
    """Write the shard of a block of which no crystal is left; the file is complete or absent."""
    with written_aside(path) as aside, new_hdf5_file(aside) as (file, _):
        entry = create_entry(file, made_with)
        entry.create_dataset("data/data", (0, 0, 0, 0), np.uint8)
        entry.create_dataset("material_id", (0,), h5py.string_dtype())


def create_entry(file: h5py.File, made_with: MadeWith) -> h5py.Group:
    """Create the group that all is in, with what that was made with."""
    file.attrs["default"] = "entry"
    entry = file.create_group("entry")
    entry.attrs.update({"NX_class": "NXentry", "default": "data"})
    entry.attrs["made_with"] = json.dumps(made_with)
    return entry


def create_plot(
    entry: h5py.Group,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: Mapping[str, NDArray[Any]],
) -> h5py.Dataset:
    """Create a group that viewers plot: patterns, still without values, and the values of axes."""
    group = entry.create_group(name)
    group.attrs.update({"NX_class": "NXdata", "signal": "data"})
    group.attrs["axes"] = list(PATTERN_DIMENSIONS)
    for place, (axis, values) in enumerate(axes.items()):
        group.create_dataset(axis, data=values)
        group.attrs[f"{axis}_indices"] = place
    # Patterns are mostly black: the lightest gzip, which every viewer reads, does nearly as well as
    # the strongest.
    return group.create_dataset(
        "data", shape, dtype, chunks=(1, *shape[1:]), compression="gzip", compression_opts=1
    )


def create_text_labels(entry: h5py.Group, text_labels: Mapping[str, Sequence[str]]) -> None:
    """Write labels where raw shards have them: further ones in a group of their own."""
    for name, texts in text_labels.items():
        place = name if name in TEXT_LABELS else f"labels/{name}"
        entry.create_dataset(place, data=list(texts), dtype=h5py.string_dtype())
    if "labels" in entry:
        entry["labels"].attrs["NX_class"] = "NXcollection"


def read_made_with(path: Path) -> MadeWith:
    """Read what a raw shard was made with; raises UserError for a damaged or foreign file."""
    with _opened(path) as file:
        return _made_with(path, file["entry"])


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

        further = {name: read_text(f"labels/{name}") for name in entry.get("labels", ())}
        return RawRows(
            material_id=read_text("material_id"),
            status=read("status", np.full(rows, DONE, dtype=np.uint8)),
            spacegroup=read("spacegroup", np.zeros(rows, dtype=np.int16)),
            intensity_max=read("intensity_max", np.full((rows, views), np.nan)),
            text_labels={label: read_text(label) for label in TEXT_LABELS} | further,
            further={name: read(f"further/{name}", None) for name in entry.get("further", ())},
            pattern_shape=shape[1:],
            pattern_dtype=entry["data/data"].dtype,
            made_with=_made_with(path, entry),
        )


def read_raw_patterns(path: Path, start: int, stop: int) -> NDArray[np.unsignedinteger[Any]]:
    """Read the patterns of rows start to stop (excluded), (stop - start, views, y, x)."""
    with _opened(path) as file:
        patterns: NDArray[np.unsignedinteger[Any]] = file["entry/data/data"][start:stop]
        return patterns


def _made_with(path: Path, entry: h5py.Group) -> MadeWith:
    if "made_with" in entry.attrs:
        try:
            found: MadeWith = json.loads(entry.attrs["made_with"])
        except ValueError:
            raise UserError(f"{path}: damaged: cannot tell what it was made with") from None
        return found
    if entry.attrs.get("program") == "spacegrouper":
        raise UserError(
            f"{path}: made by an earlier version, which kept its settings in another form; "
            "simulate it anew"
        )
    return {}


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
    if patterns.ndim != 4 or patterns.dtype not in (np.uint8, np.uint16):
        raise UserError(
            f"{path}: /entry/data/data must be uint8 or uint16 (crystals, views, y, x), "
            f"found {patterns.dtype} {patterns.shape}; simulate with `bit_depth: 8` or 16"
        )
    if file["entry/material_id"].shape != patterns.shape[:1]:
        raise UserError(f"{path}: /entry/material_id must hold one string for each crystal")


def _text(value: Any) -> str:
    """Return a value of a record as a text that HDF5 can hold, and nothing as an empty one."""
    return "" if value is None else str(value).encode(errors="replace").decode().replace("\0", "?")
