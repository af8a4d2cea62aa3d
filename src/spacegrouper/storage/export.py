"""A selection of the dataset as a NeXus-style HDF5 file, for the viewers of the field.

    /entry/data/data       (crystal, view, y, x), the raw patterns, with their axes
    /entry/shaped/data     the same, shaped, where the dataset has them
    /entry/material_id, status, spacegroup, intensity_max, crystal_system, prototype, structure_key
    /entry/labels/<name>   each further label

The axis `crystal` holds the rows in the dataset. Programs that read raw shards read this as well.
"""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.storage.dataset import further_labels, usable_rows
from spacegrouper.storage.dataset_plan import PATTERN_DIMENSIONS, label_array
from spacegrouper.storage.hdf5_file import new_hdf5_file
from spacegrouper.storage.raw_shard import TEXT_LABELS, create_text_labels


def select_rows(
    dataset: zarr.Group, spacegroups: Collection[int], ids: Collection[str]
) -> NDArray[np.intp]:
    """Return the usable rows that are of one of the space groups, or have one of the ids.

    Without both, all that are usable. Raises UserError for an id that is not there, and for a
    selection without a crystal.
    """
    arrays: Any = dataset
    names = np.array(arrays["material_id"][:].tolist(), dtype=np.str_)
    unknown = sorted(set(ids) - set(names.tolist()))
    if unknown:
        raise UserError(f"--id {unknown[0]}: no such crystal in the dataset; see its material_id")
    wanted = np.isin(names, sorted(ids))
    wanted |= np.isin(arrays["spacegroup"][:], sorted(spacegroups))
    if not (ids or spacegroups):
        wanted[:] = True
    rows = np.flatnonzero(wanted & usable_rows(dataset))
    if not rows.size:
        raise UserError("no crystal of this selection is done; select others")
    return rows


def export_rows(
    dataset: zarr.Group, rows: NDArray[np.intp], path: Path, advance: Callable[[int], None]
) -> None:
    """Write rows of a dataset, which must ascend; `advance` is told of each that is written."""
    arrays: Any = dataset
    with written_aside(path) as aside, new_hdf5_file(aside) as (file, check_disk):
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry.attrs.update(dataset.attrs["simulate_settings"])
        values = {
            name: _create_plot(entry, group, arrays[name], rows)
            for name, group in (("raw", "data"), ("shaped", "shaped"))
            if name in dataset
        }
        if "shaped" in values:
            entry["shaped"].attrs["settings"] = json.dumps(dataset.attrs["shape_settings"])
        for position, row in enumerate(rows):
            for name, stored in values.items():
                stored[position] = arrays[name][row]
            check_disk()
            advance(1)
        text = h5py.string_dtype()
        names = arrays["material_id"][:][rows].tolist()
        entry.create_dataset("material_id", data=names, dtype=text)
        labels = (*TEXT_LABELS, *further_labels(dataset))
        create_text_labels(
            entry, {name: arrays[label_array(name)][:][rows].tolist() for name in labels}
        )
        for label in ("status", "spacegroup", "intensity_max"):
            entry.create_dataset(label, data=arrays[label][:][rows])
        entry["intensity_max"].attrs.update(arrays["intensity_max"].attrs.asdict())


def _create_plot(
    entry: h5py.Group, name: str, patterns: Any, rows: NDArray[np.intp]
) -> h5py.Dataset:
    """Create a group that viewers plot: a signal, still without values, and its axes.

    `patterns`: the array whose rows are to be shown.
    """
    shape = (rows.size, *patterns.shape[1:])
    group = entry.create_group(name)
    group.attrs.update({"NX_class": "NXdata", "signal": "data"})
    group.attrs["axes"] = list(PATTERN_DIMENSIONS)
    for axis, (dimension, length) in enumerate(zip(PATTERN_DIMENSIONS, shape, strict=True)):
        group.create_dataset(dimension, data=np.arange(length) if axis else rows)
        group.attrs[f"{dimension}_indices"] = axis
    return group.create_dataset(
        "data",
        shape=shape,
        dtype=patterns.dtype,
        chunks=(1, *shape[1:]),
        compression="gzip",
        compression_opts=1,
    )
