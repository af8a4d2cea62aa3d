"""Reading what training leaves beside the network: its classes, and the crystals of each part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.contract.technique import Technique
from spacegrouper.dataset.made_with import MadeWith, technique_of, with_defaults
from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd

    from spacegrouper.dataset.dataset import Dataset

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
    """What a network's answers mean, and how it is shown a crystal.

    Args:
        label: what it tells apart, as split.label.
        classes: (C,), the number of each space group, or the text of each class of another label.
        presentation: how crystals are shown to it.
        made_with: what the dataset was made with that it was trained on.
    """

    label: str
    classes: NDArray[np.int64] | NDArray[np.str_]
    presentation: Presentation
    made_with: MadeWith

    @property
    def technique(self) -> Technique:
        """What was measured of the crystals."""
        return technique_of(self.made_with)


def find_model_folder(folder: Path) -> Path:
    """Return the folder itself or, of a run such as `results/demo`, its `model`."""
    folder = folder.expanduser()
    inner = folder / "model"
    is_run = not (folder / "labels.json").is_file() and (inner / "labels.json").is_file()
    return inner if is_run else folder


def read_labels(model: Path, dataset: Dataset | None = None) -> Labels:
    """Read labels.json of a model folder.

    Args:
        model: the folder.
        dataset: whose crystals the network is to be shown, if it is one.

    Raises:
        UserError: there is none, it is not of this version, or the dataset has cells of another
            setting, patterns on another grey scale, or arrays that the network is shown are
            derived with other settings in it.
    """
    path = model / "labels.json"
    text = _read_text(path)
    try:
        content = json.loads(text)
        made_with = content["made_with"]
        labels = Labels(
            content["label"],
            np.array(content["classes"]),
            Presentation(**content["presentation"], made_with=made_with["settings"]),
            made_with,
        )
        shown = set(DESCRIPTORS[labels.presentation.descriptor].arrays)
        technique = labels.technique
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path}: damaged, or of another version of this program; "
            "train the network again with scripts/train.py"
        ) from None
    if dataset is not None:
        trained, given = (_cell_setting(each) for each in (labels.made_with, dataset.made_with))
        if trained != given:
            raise UserError(
                f"{path}: the network was trained on {trained} cells (`standardise.setting`), but "
                f"those of the dataset are {given}; train it again with scripts/train.py"
            )
        trained, given = (_grey_scale(each) for each in (labels.made_with, dataset.made_with))
        # Other programs' files do not say.
        if trained and given and trained != given:
            raise UserError(
                f"{path}: the network was trained on patterns of {trained} (section `simulate`), "
                f"but those of the dataset are of {given}; train it again with scripts/train.py"
            )
    if dataset is not None and shown & set(technique.derived):
        for section in technique.derived_from:
            if made_with["settings"].get(section) != dataset.settings.get(section):
                raise UserError(
                    f"{path}: the network was trained on data whose `{section}` settings differ "
                    "from the dataset's; train it again with scripts/train.py"
                )
    return labels


def _cell_setting(made_with: MadeWith) -> str:
    """Return the setting of the cells, the standard one where none is said."""
    cells = made_with.get("settings", {}).get("standardise", {})
    return str(cells.get("setting", "standard"))


def _grey_scale(made_with: MadeWith) -> str:
    """Return with which keys intensities became numbers, where the technique has such keys."""
    simulate = with_defaults(made_with).get("settings", {}).get("simulate", {})
    keys = ("bit_depth", "grey_scale", "decades")
    return ", ".join(f"{key} {simulate[key]}" for key in keys if key in simulate)


def uncalibrated_because(model: Path) -> str | None:
    """Return why no crystal is left to calibrate the network of a model folder with, or None."""
    path = model / "settings.yaml"
    if not path.is_file() or not load_settings(path).train.validation_is_trained_on:
        return None
    return (
        f"{path}: with train.rotation_epochs the network was trained on all validation folds, "
        "so no crystal is left to calibrate it with"
    )


def read_history(model: Path) -> tuple[pd.DataFrame, int]:
    """Return history.csv of a model folder, and the epoch whose network training has kept.

    Columns epoch, loss, accuracy, validation_loss, validation_accuracy. Raises UserError where
    there is no such file, or where it lacks the epoch that labels.json names as the best.
    """
    import pandas as pd  # only here and for splits, as it is slow to import

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


def read_test_part(model: Path, dataset: Dataset) -> pd.DataFrame:
    """Return the crystals of the test part of a model folder's split.csv; see `read_split`."""
    split = read_parts(model / "split.csv", dataset)
    return split[split["part"] == "test"].reset_index(drop=True)


def read_parts(path: Path, dataset: Dataset) -> pd.DataFrame:
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


def read_split(path: Path, dataset: Dataset) -> pd.DataFrame:
    """Read all parts from the split.csv of a model folder, in order of row.

    Columns row, material_id, spacegroup, class (as text), label, part. Raises UserError where there
    is no such file, or where the dataset's rows are not the crystals it names.
    """
    import pandas as pd

    from spacegrouper.training.split import PARTS

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
    split = split.sort_values("row", ignore_index=True)
    check_rows(split, dataset, path)
    return split


def check_rows(table: pd.DataFrame, dataset: Dataset, path: Path) -> None:
    """Raise UserError unless the dataset's rows are the crystals that a table of `path` names.

    `table`: columns row, material_id and spacegroup.
    """
    material_id, spacegroup = dataset.material_id, dataset.label("spacegroup")
    usable = dataset.usable()
    columns = table[["row", "material_id", "spacegroup"]]
    for row, name, group in columns.itertuples(index=False):
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
