"""Reading what training leaves beside the network: its classes, and the crystals of each part."""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.dataset.store import usable_rows
from spacegrouper.errors import UserError
from spacegrouper.settings import Descriptor, Diffractogram, load_settings
from spacegrouper.training.images import PatternReader
from spacegrouper.training.split import PARTS

_COLUMNS = {
    "row": int,
    "material_id": str,
    "spacegroup": int,
    "class": str,
    "label": int,
    "part": str,
}
_HISTORY = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Labels:
    """What a network's answers mean, and what its images must be like.

    `label`: what is told apart, as split.label; `classes`: (C,), the number of each space group,
    or the text of each class of another label; `image_size`: pixels along an edge; `resize`,
    `descriptor`: how images are made of patterns, as in section `train` of the configuration;
    `diffractogram`, `seed`: of powders, the peaks' shape and the seed of their noise.
    """

    label: str
    classes: NDArray[np.int64] | NDArray[np.str_]
    image_size: int
    resize: Literal["nearest", "maximum"]
    descriptor: Descriptor
    diffractogram: Diffractogram = Diffractogram()
    seed: int = 0


def find_model_folder(folder: Path) -> Path:
    """Return the folder itself or, of a run such as `results/demo`, its `model`."""
    folder = folder.expanduser()
    inner = folder / "model"
    is_run = not (folder / "labels.json").is_file() and (inner / "labels.json").is_file()
    return inner if is_run else folder


def read_labels(model: Path, dataset: zarr.Group) -> Labels:
    """Read labels.json of a model folder.

    Raises UserError where there is none, where it is not of this version, or where the network has
    learnt from shaped images and the dataset was shaped with other settings.
    """
    path = model / "labels.json"
    text = _read_text(path)
    try:
        content = json.loads(text)
        labels = Labels(
            content["label"],
            np.array(content["classes"]),
            content["image_size"],
            content["resize"],
            content["descriptor"],
            Diffractogram.model_validate(content["diffractogram"]),
            content["seed"],
        )
        shape_settings = content["shape_settings"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: damaged, or of another version of this program; "
            "train the network again with scripts/train.py"
        ) from None
    if labels.descriptor == "shaped" and shape_settings != dataset.attrs["shape_settings"]:
        raise UserError(
            f"{path}: the network has learnt from patterns shaped with other settings than the "
            "dataset's; train it again with scripts/train.py"
        )
    return labels


def pattern_reader(labels: Labels, dataset: zarr.Group) -> PatternReader:
    """Return the reader that makes of a dataset the images a network takes."""
    return PatternReader(
        dataset,
        labels.image_size,
        labels.resize,
        labels.descriptor,
        labels.diffractogram,
        seed=labels.seed,
    )


def uncalibrated_because(model: Path) -> str | None:
    """Return why no crystal is left to calibrate the network of a model folder with, or None."""
    path = model / "settings.yaml"
    if not path.is_file() or not load_settings(path).train.validation_is_learnt_from:
        return None
    return (
        f"{path}: with train.rotation_epochs the network has learnt from all crystals that "
        "validated in their turn, so none is left to calibrate it with"
    )


def read_history(model: Path) -> tuple[pd.DataFrame, int]:
    """Return history.csv of a model folder, and the epoch whose network training has kept.

    Columns epoch, loss, accuracy, validation_loss, validation_accuracy. Raises UserError where
    there is no such file, or where it lacks the epoch that labels.json names as the best.
    """
    path = model / "history.csv"
    try:
        history = pd.read_csv(StringIO(_read_text(path)))[list(_HISTORY)]
        kept = json.loads(_read_text(model / "labels.json"))["best_epoch"]
        if kept not in set(history["epoch"]):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: damaged, or without the epoch that labels.json names as `best_epoch`; "
            "train the network again with scripts/train.py"
        ) from None
    return history, int(kept)


def read_test_part(model: Path, dataset: zarr.Group) -> pd.DataFrame:
    """Return the crystals of the test part of a model folder's split.csv; see `read_split`."""
    split = read_parts(model / "split.csv", dataset)
    return split[split["part"] == "test"].reset_index(drop=True)


def read_parts(path: Path, dataset: zarr.Group) -> pd.DataFrame:
    """Return all parts of a network's split, as `read_split`.

    Raises UserError too where its classes are not those of labels.json beside it, in their order.
    """
    split = read_split(path, dataset)
    names = dict(enumerate(map(str, read_labels(path.parent, dataset).classes)))
    other = split[split["label"].map(names) != split["class"]]
    if not other.empty:
        row = other.iloc[0]
        raise UserError(
            f"{path}: {row['material_id']} is of class {row['class']}, label {row['label']}, but "
            f"in labels.json that is {names.get(row['label'], 'no class')}; the two files are of "
            "different trainings: train again with scripts/train.py"
        )
    return split


def read_split(path: Path, dataset: zarr.Group) -> pd.DataFrame:
    """Read all parts from the split.csv of a model folder, in order of row.

    Columns row, material_id, spacegroup, class (as text), label, part. Raises UserError where there
    is no such file, or where the dataset's rows are not the crystals it names.
    """
    try:
        # Ids are text, even where they look like numbers or like pandas' names of missing values.
        text = StringIO(_read_text(path))
        split = pd.read_csv(text, dtype=_COLUMNS, keep_default_na=False)[list(_COLUMNS)]
        if not {"test"} <= set(split["part"]) <= set(PARTS):
            raise ValueError
    except (ValueError, KeyError):
        raise UserError(
            f"{path}: not a split: expected the columns {', '.join(_COLUMNS)}, and no parts but "
            f"{', '.join(PARTS)}; give the split.csv of a folder made by scripts/train.py"
        ) from None
    split = split.sort_values("row").reset_index(drop=True)
    check_rows(split, dataset, path)
    return split


def check_rows(table: pd.DataFrame, dataset: zarr.Group, path: Path) -> None:
    """Raise UserError unless the dataset's rows are the crystals that a table of `path` names.

    `table`: columns row, material_id and spacegroup.
    """
    material_id = np.asarray(dataset["material_id"]).astype(object)
    spacegroup = np.asarray(dataset["spacegroup"])
    usable = usable_rows(dataset)
    for row, name, group in zip(
        table["row"], table["material_id"], table["spacegroup"], strict=True
    ):
        if row >= material_id.size or not usable[row]:
            found = "no finished crystal of the release"
        elif (material_id[row], spacegroup[row]) != (name, group):
            found = f"{material_id[row]} of space group {spacegroup[row]}"
        else:
            continue
        raise UserError(
            f"{path}: row {row} is {name} of space group {group}, but in the dataset it is {found};"
            " train on this dataset with scripts/train.py"
        )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise UserError(
            f"{path}: no such file of a trained network; make it with scripts/train.py"
        ) from None
