"""A selection of the dataset as one file: NeXus-style HDF5 for the viewers of the field, or CSV.

In HDF5:

    /entry/data/data       (crystal, view, y, x), the raw patterns, with their axes
    /entry/shaped/data     the same, shaped, where the dataset has them
    /entry/material_id, status, spacegroup, intensity_max, crystal_system, prototype, structure_key
    /entry/labels/<name>   each further label
    /entry/further/<name>  what else was measured

The axis `crystal` holds the rows in the dataset. Programs that read raw shards read this as well.
"""

import base64
import csv
import io
from collections.abc import Callable, Collection
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.hdf5_file import new_hdf5_file
from spacegrouper.dataset.raw_shard import (
    PATTERN_DIMENSIONS,
    TEXT_LABELS,
    create_entry,
    create_plot,
    create_text_labels,
)
from spacegrouper.errors import UserError

_READ_TOGETHER = 64  # crystals of which a CSV file takes the patterns into memory at a time


def select_rows(
    dataset: Dataset, spacegroups: Collection[int], ids: Collection[str]
) -> NDArray[np.intp]:
    """Return the usable rows that are of one of the space groups, or have one of the ids.

    Without both, all of them. Raises UserError for an unknown id and where there is no such row.
    """
    names = dataset.material_id.astype(np.str_)
    unknown = sorted(set(ids) - set(names.tolist()))
    if unknown:
        raise UserError(f"--id {unknown[0]}: no such crystal in the dataset; see its material_id")
    wanted = np.isin(names, sorted(ids))
    wanted |= np.isin(dataset.label("spacegroup"), sorted(spacegroups))
    if not (ids or spacegroups):
        wanted[:] = True
    rows = np.flatnonzero(wanted & dataset.usable())
    if not rows.size:
        raise UserError("no crystal of this selection is done; select others")
    return rows


def export_hdf5(
    dataset: Dataset, rows: NDArray[np.intp], path: Path, advance: Callable[[int], None]
) -> None:
    """Write rows of a dataset, which must ascend; `advance` is told of each that is written."""
    with written_aside(path) as aside, new_hdf5_file(aside) as (file, check_disk):
        entry = create_entry(file, dataset.made_with)
        shape = (rows.size, *dataset.shape)
        along = (rows, *map(np.arange, dataset.shape))
        axes = dict(zip(PATTERN_DIMENSIONS, along, strict=True))
        groups = {name: "data" if name == "raw" else name for name in dataset.arrays}
        plots = {
            name: create_plot(entry, group, shape, dataset.dtype, axes)
            for name, group in groups.items()
        }
        for position in range(len(rows)):
            for name, values in dataset.read(rows[[position]], dataset.arrays).items():
                plots[name][position] = values[0]
            check_disk()
            advance(1)
        text = h5py.string_dtype()
        entry.create_dataset("material_id", data=dataset.material_id[rows].tolist(), dtype=text)
        labels = (*TEXT_LABELS, *dataset.further_labels)
        create_text_labels(entry, {name: dataset.label(name)[rows].tolist() for name in labels})
        for name, values in dataset.numbers(rows).items():
            entry.create_dataset(name, data=values)
        for name, values in dataset.read(rows, dataset.technique.further).items():
            entry.create_dataset(f"further/{name}", data=values)
        if units := dataset.technique.units(dataset.settings):
            entry["intensity_max"].attrs["units"] = units


def export_csv(
    dataset: Dataset, rows: NDArray[np.intp], path: Path, advance: Callable[[int], None]
) -> None:
    """Write id, bitmap and spacegroup of rows; `advance` is told of each that is written.

    A bitmap is base64 of a grey PNG file: what was simulated, the views one below the other.

    Raises:
        UserError: the dataset holds no grey levels.
    """
    if dataset.dtype != np.uint8 and not dataset.technique.images:
        raise UserError(
            f"{dataset.path}: holds {dataset.technique.measures}, of {dataset.dtype} values, which "
            "are no grey levels; export them to an HDF5 file"
        )
    names, groups = dataset.material_id, dataset.label("spacegroup")
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "bitmap", "spacegroup"])
        for first in range(0, len(rows), _READ_TOGETHER):
            part = rows[first : first + _READ_TOGETHER]
            for row, views in zip(part, dataset.read(part, ("raw",))["raw"], strict=True):
                png = io.BytesIO()
                Image.fromarray(views.reshape(-1, views.shape[-1])).save(png, format="PNG")
                bitmap = base64.b64encode(png.getvalue()).decode()
                writer.writerow([names[row], bitmap, groups[row]])
            advance(len(part))
