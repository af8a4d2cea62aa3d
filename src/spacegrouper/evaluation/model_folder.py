"""Reading what training leaves beside the network: its classes, and the crystals of each part."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import zarr

from spacegrouper.config.sections import Descriptor
from spacegrouper.errors import UserError
from spacegrouper.evaluation.metrics import Integers
from spacegrouper.storage.raw_shard import DONE


@dataclass(frozen=True)
class Labels:
    """What a network's answers mean, and what its images must be like.

    `space_groups`: (C,), the number of each class; `image_size`: pixels along an edge; `resize`,
    `descriptor`: how images are made of patterns, as in section `train` of the configuration.
    """

    space_groups: Integers
    image_size: int
    resize: Literal["nearest", "maximum"]
    descriptor: Descriptor


def read_labels(model: Path, dataset: zarr.Group) -> Labels:
    """Read labels.json of a model folder.

    Raises UserError where there is none, or where the network has learnt from shaped images and
    the dataset was shaped with other settings.
    """
    path = model / "labels.json"
    content = json.loads(_read_text(path))
    shaped = content["descriptor"] == "shaped"
    if shaped and content["shape_settings"] != dataset.attrs["shape_settings"]:
        raise UserError(
            f"{path}: the network has learnt from patterns shaped with other settings than the "
            "dataset's; train it again with scripts/train.py"
        )
    return Labels(
        np.array(content["space_groups"], dtype=np.int64),
        content["image_size"],
        content["resize"],
        content["descriptor"],
    )


def read_test_part(model: Path, dataset: zarr.Group) -> pd.DataFrame:
    """Read the crystals of the test part from split.csv of a model folder, in order of row.

    Columns row, material_id, spacegroup, label. Raises UserError where there is no such file, or
    where the dataset's rows are no longer the crystals it names.
    """
    path = model / "split.csv"
    _read_text(path)
    # Ids are text, even where they look like numbers or like pandas' names of missing values.
    split = pd.read_csv(path, dtype={"material_id": str}, keep_default_na=False)
    test = split.loc[split["part"] == "test", ["row", "material_id", "spacegroup", "label"]]
    test = test.sort_values("row").reset_index(drop=True)
    check_rows(test, dataset, path)
    return test


def check_rows(table: pd.DataFrame, dataset: zarr.Group, path: Path) -> None:
    """Raise UserError unless the dataset's rows are the crystals that a table of `path` names.

    `table`: columns row, material_id and spacegroup.
    """
    material_id = np.asarray(dataset["material_id"]).astype(object)
    spacegroup = np.asarray(dataset["spacegroup"])
    status = np.asarray(dataset["status"])
    for row, name, group in zip(
        table["row"], table["material_id"], table["spacegroup"], strict=True
    ):
        if row >= material_id.size or status[row] != DONE:
            found = "no finished crystal"
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
