"""Everything of a trained network's folder that an answer depends on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import zarr
from zarr.storage import MemoryStore

from spacegrouper.dataset.raw_shard import simulate_section
from spacegrouper.errors import UserError
from spacegrouper.evaluation.calibration import read_temperature
from spacegrouper.evaluation.model_folder import (
    Labels,
    find_model_folder,
    read_labels,
    uncalibrated_because,
)
from spacegrouper.evaluation.predictions import load_network
from spacegrouper.settings import Powder, Shape, Simulate, Standardise, load_settings


@dataclass(frozen=True)
class TrainedModel:
    """A network, and how the crystals were prepared that it has learnt from.

    `attributes`: those of its dataset that tell how patterns were made; `simulate`, `seed`,
    `shape` (of diffraction alone), `powder` (of powders alone), `standardise`: the same as
    settings; `temperature`: of its calibration, none where it has not been calibrated.
    """

    folder: Path
    network: keras.Model
    labels: Labels
    attributes: Mapping[str, Any]
    simulate: Simulate
    seed: int
    shape: Shape | None
    powder: Powder | None
    standardise: Standardise
    temperature: float | None


def load_trained_model(folder: Path) -> TrainedModel:
    """Read a folder that scripts/train.py wrote, or the `model` in a run's folder.

    Raises UserError for what is missing or odd.
    """
    folder = find_model_folder(folder)
    path = folder / "labels.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        attributes = {key: content[key] for key in ("simulate_settings", "shape_settings")}
        simulate = simulate_section(attributes["simulate_settings"])
        seed = int(attributes["simulate_settings"].get("seed", 0))
        shape = attributes["shape_settings"] and Shape.model_validate(attributes["shape_settings"])
        powder = None
        if simulate.technique == "powder":
            powder = Powder.model_validate_json(attributes["simulate_settings"]["powder"])
        labels = read_labels(folder, empty_dataset(attributes))
    except OSError:
        raise UserError(
            f"{path}: no such file of a trained network; make it with scripts/train.py"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path}: damaged, or of another version of this program; "
            "train the network again with scripts/train.py"
        ) from None
    calibrated = (folder / "calibration.json").is_file() and not uncalibrated_because(folder)
    return TrainedModel(
        folder=folder,
        network=load_network(folder / "model.keras"),
        labels=labels,
        attributes=attributes,
        simulate=simulate,
        seed=seed,
        shape=shape,
        powder=powder,
        standardise=load_settings(folder / "settings.yaml").standardise,
        temperature=read_temperature(folder) if calibrated else None,
    )


def empty_dataset(attributes: Mapping[str, Any]) -> zarr.Group:
    """Return a dataset in memory, without crystals, whose patterns are made as `attributes` say."""
    return zarr.create_group(MemoryStore(), zarr_format=3, attributes=dict(attributes))
