"""A run on patterns of 16 logarithmic bits: the workflow for real, and its network asked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.prediction.inputs import Asked, answer_inputs, read_input
from spacegrouper.prediction.trained_model import load_trained_model

pytestmark = pytest.mark.slow

SIMULATE: dict[str, Any] = {
    "views": "zone_axes",
    "bit_depth": 16,
    "grey_scale": "logarithmic",
    "pixels": 64,
}


def test_16_logarithmic_bits_go_from_end_to_end(workflow, small) -> None:
    settings = small | {
        "name": "fine",
        "simulate": SIMULATE,
        "train": small["train"] | {"epochs": 2},
        "robustness": {
            "crystals": 2,
            "vacancies": [0.1],
            "displacement": [],
            "photons": [1e6],
            "misorientation": [1],
            "beam_stop": [2],
        },
    }
    workflow.run(settings)
    workflow.run(settings, "results/fine/robustness/curves.csv")
    results = workflow.folder / "results" / "fine"
    dataset = Dataset(results / "dataset.zarr")
    assert dataset.dtype == np.uint16
    arrays = dataset.read(slice(None))
    assert arrays["raw"].max() == arrays["shaped"].max() == 65535
    assert len(np.unique(arrays["shaped"])) > 1000
    assert json.loads((results / "evaluation" / "metrics.json").read_text())["test_crystals"] == 6

    model = load_trained_model(results / "model")
    folder = Path(workflow.folder) / "crystal"
    folder.mkdir()
    for view, pattern in zip("xyz", arrays["raw"][0], strict=True):
        Image.fromarray(pattern).save(folder / f"{view}.png")
    (answer,) = answer_inputs(read_input([folder], Asked(model)), Asked(model))
    np.testing.assert_array_equal(answer.arrays["shaped"], arrays["shaped"][0])
    for view, pattern in zip("xyz", arrays["raw"][0], strict=True):
        Image.fromarray((pattern // 257).astype(np.uint8)).save(folder / f"{view}.png")
    (refused,) = read_input([folder], Asked(model))
    assert isinstance(refused, Rejection)
    assert "trained on 16-bit patterns on a logarithmic grey scale" in refused.reason
