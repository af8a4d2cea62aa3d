"""config/powder_small.yaml run for real: the workflow on powder diffractograms, with VGG16."""

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import yaml
import zarr

from spacegrouper.techniques.powder.known.known_crystals import read_known_crystals

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SYSTEMS = ["cubic", "hexagonal", "trigonal"]


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "config/powder_small.yaml").read_text())
    return content


@pytest.fixture(scope="module")
def results(lasting_workflow, settings) -> Path:
    lasting_workflow.run(settings)
    return lasting_workflow.folder / "results" / settings["name"]


def test_sticks_are_stored(results) -> None:
    dataset = zarr.open_group(results / "dataset.zarr", mode="r")
    assert "shaped" not in dataset
    assert dataset["status"][:].tolist() == [1] * 36
    raw = dataset["raw"][:]
    assert raw.dtype == np.uint16
    assert raw.shape == (36, 1, 1, 8501)
    assert raw.max(axis=(1, 2, 3)).tolist() == [65535] * 36
    # Few of the steps have a reflection: these are no profiles.
    assert np.count_nonzero(raw) < 0.1 * raw.size


def test_the_network_tells_crystal_systems_apart(results) -> None:
    labels = json.loads((results / "model" / "labels.json").read_text())
    assert (labels["label"], labels["classes"]) == ("crystal_system", SYSTEMS)
    assert labels["presentation"]["descriptor"] == "powder"
    network = keras.models.load_model(results / "model" / "model.keras")
    assert network.inputs[0].shape == (None, 32, 32, 3)
    assert len(pd.read_csv(results / "model" / "history.csv")) == 2


def test_every_product_is_there(results) -> None:
    evaluation = results / "evaluation"
    metrics = json.loads((evaluation / "metrics.json").read_text())
    assert metrics["test_crystals"] == 9
    assert metrics["cross_entropy_before"] > 0
    confusion = pd.read_csv(evaluation / "confusion.csv", index_col=0)
    assert confusion.index.tolist() == confusion.columns.tolist() == SYSTEMS
    assert confusion.to_numpy().sum() == 9
    report = pd.read_csv(evaluation / "per_class.csv")
    assert report["class"].tolist() == SYSTEMS
    assert {"precision", "recall", "f1", "crystals"} <= set(report.columns)
    for name in ("history", "confusion", "per_class"):
        assert (evaluation / "figures" / f"{name}.svg").stat().st_size > 1000
    assert (results / "report" / "samples.html").stat().st_size > 10_000


def test_augmentation_makes_only_the_training_stale(results, lasting_workflow, settings) -> None:
    said = lasting_workflow.run(settings | {"augment": {"strain": 0.01}}, "--dry-run")
    jobs = {line.split()[0] for line in said.splitlines() if line[-2:].strip().isdigit()}
    assert {"train", "calibrate", "evaluate", "report"} <= jobs
    assert not jobs & {"standardise", "plan", "simulate", "shape"}


def test_known_crystals_lie_beside_the_network_and_are_packed_with_it(
    settings, lasting_workflow
) -> None:
    known = {
        "name": "powder_known",
        **{key: settings[key] for key in ("acquire", "plan", "simulate")},
        "split": settings["split"] | {"label": "spacegroup"},
        "model": {"name": "powder_cnn", "image_size": 711},
        "augment": {"strain": 0.01},
        "train": {"descriptor": "diffractogram", "batch_size": 9, "epochs": 2},
    }
    lasting_workflow.run(known, "list_known_crystals")
    lasting_workflow.run(known, "pack_model")
    results = lasting_workflow.folder / "results" / known["name"]
    found = read_known_crystals(results / "model" / "known_crystals.npz")
    assert len(found.catalogue.ids) == 36
    assert found.made_with["validation_crystals"] == 9
    packed = results / "packed" / "known_crystals.npz"
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    assert f"**SHA-256** of known_crystals.npz: `{digest}`" in (
        results / "packed" / "CARD.md"
    ).read_text(encoding="utf-8")
