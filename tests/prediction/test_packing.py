"""A packed network answers as before, in fewer bytes, and its card says what it is."""

import hashlib
import json
import time
import zipfile
from importlib.resources import files
from pathlib import Path

import h5py
import numpy as np
import pytest
from programs import call
from tiny_model import write_tiny_model

from spacegrouper.networks.shared.keras_file import with_rounded_weights
from spacegrouper.prediction.trained_model import SHIPPED, load_trained_model
from spacegrouper.techniques.powder.known.known_crystals import known_crystals_of
from spacegrouper.techniques.powder.settings import Powder

METRICS = {
    "test_crystals": 1234,
    "top_1_accuracy": 0.875,
    "top_1_interval_95": [0.85, 0.9],
    "physics_line_top_1_accuracy": 0.7,
    "physics_line_top_1_interval_95": [0.6, 0.8],
}


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(METRICS))
    return path


def pack(model: Path, metrics: Path, output: Path):
    return call(
        "pack_model", "--model", model, "--evaluation", f"random={metrics}", "--output", output
    )


def test_a_packed_network_answers_as_before(tmp_path: Path, metrics: Path) -> None:
    model = write_tiny_model(tmp_path / "model", temperature=1.25)

    assert pack(model, metrics, tmp_path / "packed").returncode == 0

    before, after = load_trained_model(model), load_trained_model(tmp_path / "packed")
    images = [np.random.default_rng(3).random((2, 16, 16, 3), dtype=np.float32)] * 3
    for one, other in zip(
        before.network.predict_on_batch(images), after.network.predict_on_batch(images), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-2)
    assert (after.temperature, after.labels.classes.tolist()) == (
        1.25,
        before.labels.classes.tolist(),
    )
    card = (tmp_path / "packed" / "CARD.md").read_text()
    assert "| top-1 | 87.5% (85.0% to 90.0%) |" in card
    assert "| crystals | 1,234 |" in card
    assert "**On measured data**: not tested." in card
    assert "acquire" not in (tmp_path / "packed" / "settings.yaml").read_text()


def test_rounded_weights_have_nine_bits_and_always_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (write_tiny_model(tmp_path / "model") / "model.keras").read_bytes()
    once = with_rounded_weights(content)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2e9))
    assert with_rounded_weights(once) == once
    given, rounded = (weights_of(data, tmp_path / "network.keras") for data in (content, once))
    size = np.abs(given[given != 0])
    # Half a unit of the ninth bit, of numbers whose first bit is 1.
    assert (np.abs(rounded - given)[given != 0] <= size * 2.0**-9).all()
    assert np.abs(rounded - given).max() > 0


def weights_of(content: bytes, path: Path) -> np.ndarray:
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive, h5py.File(archive.open("model.weights.h5")) as stored:
        found: list[np.ndarray] = []
        stored.visititems(
            lambda _, item: found.append(item[()].ravel()) if hasattr(item, "shape") else None
        )
        return np.concatenate([item.astype(np.float64) for item in found if item.dtype.kind == "f"])


def test_what_is_missing_is_named(tmp_path: Path, metrics: Path) -> None:
    model = write_tiny_model(tmp_path / "model")

    done = pack(model, metrics, tmp_path / "packed")
    assert (done.returncode, "calibrate.py" in done.stderr) == (1, True)
    assert not (tmp_path / "packed").exists()
    done = pack(model, tmp_path / "none.json", tmp_path / "packed")
    assert "none.json: no metrics.json" in done.stderr


@pytest.mark.parametrize("technique", ["reflections", "powder", "patterns"])
def test_the_card_of_what_ships_is_of_its_file(technique: str) -> None:
    folder = SHIPPED / technique
    digest = hashlib.sha256((folder / "model.keras").read_bytes()).hexdigest()

    assert f"`{digest}`" in (folder / "CARD.md").read_text()
    assert "path:" not in (folder / "settings.yaml").read_text()


def test_known_crystals_that_ship_are_those_of_the_card_and_of_the_network() -> None:
    folder = SHIPPED / "powder"
    digest = hashlib.sha256((folder / "known_crystals.npz").read_bytes()).hexdigest()
    assert f"**SHA-256** of known_crystals.npz: `{digest}`" in (folder / "CARD.md").read_text()
    made_with = load_trained_model(folder).labels.presentation.made_with
    known = known_crystals_of(folder, Powder.model_validate(made_with["powder"]))
    assert len(known.catalogue.ids) > 140_000
    assert (folder / "known_crystals.npz").stat().st_size < 15e6


def test_weights_that_ship_are_below_fifteen_megabytes() -> None:
    ranker = files("spacegrouper.techniques.reflections.ranking") / "ranker.npz"
    weights = [*SHIPPED.rglob("model.keras"), Path(str(ranker))]
    assert len(weights) == 4
    assert sum(path.stat().st_size for path in weights) < 15e6
