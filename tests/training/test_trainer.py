"""Small trainings in this process; several ranks train in tests/scripts/test_train.py."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from spacegrouper.config import Settings, load_settings
from spacegrouper.descriptors.images import compose_images
from spacegrouper.errors import UserError
from spacegrouper.storage.dataset import open_dataset
from spacegrouper.training.horovod_world import World
from spacegrouper.training.images import read_patterns
from spacegrouper.training.trainer import train

RESULTS = ["model.keras", "labels.json", "history.csv", "settings.yaml", "split.csv"]


def small_settings(**train_settings: object) -> Settings:
    return Settings.model_validate(
        {
            "seed": 1,
            "split": {"minimum_crystals": 12, "train": 0.7, "validation": 0.2, "test": 0.1},
            "model": {"image_size": 32, "blocks": [1, 1], "growth": 4, "dropout": 0.1},
            "train": {"batch_size": 4, "ranks": 1, "epochs": 4, "learning_rate": 3e-3}
            | train_settings,
        }
    )


def run(
    store: Path,
    output: Path,
    settings: Settings,
    watch: Callable[[int], None] = lambda epochs: None,
) -> list[int]:
    """Train; return what the progress bar was told."""
    told = []

    def advance(epochs: int) -> None:
        told.append(epochs)
        watch(sum(told))

    train(store, settings, output, World(), advance)
    return told


class StoppedError(Exception):
    """Stands for the end of the process."""


def stop_after(epochs: int) -> Callable[[int], None]:
    def watch(done: int) -> None:
        if done == epochs:
            raise StoppedError

    return watch


@pytest.fixture(scope="module")
def trained(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert run(store, output, small_settings()) == [0, 1, 1, 1, 1]
    return output


def loaded_weights(output: Path) -> list[np.ndarray]:
    return keras.saving.load_model(output / "model.keras").get_weights()


def test_a_stopped_training_goes_on_as_if_it_had_not_been(store, trained, tmp_path) -> None:
    with pytest.raises(StoppedError):
        run(store, tmp_path, small_settings(), stop_after(2))
    assert run(store, tmp_path, small_settings()) == [2, 1, 1]

    for name in ("history.csv", "labels.json", "split.csv", "settings.yaml"):
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes()
    with np.load(tmp_path / "checkpoint.npz") as got, np.load(trained / "checkpoint.npz") as want:
        assert got.files == want.files
        for name in want.files:
            if name != "fingerprint":
                np.testing.assert_allclose(got[name], want[name], atol=1e-6)
    for value, expected in zip(loaded_weights(tmp_path), loaded_weights(trained), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-6)


def test_a_finished_training_is_not_repeated(store, trained) -> None:
    before = {name: (trained / name).read_bytes() for name in RESULTS}

    assert run(store, trained, small_settings()) == [4]
    assert {name: (trained / name).read_bytes() for name in RESULTS} == before


def test_learns(store, tmp_path) -> None:
    run(store, tmp_path, small_settings(epochs=15))
    history = pd.read_csv(tmp_path / "history.csv")

    assert history["epoch"].tolist() == list(range(1, 16))
    assert history["loss"].iloc[0] > 2.5  # guessing among 3 classes in 3 views: 3 ln 3 = 3.3
    assert history["loss"].iloc[-1] < 1
    assert history["validation_accuracy"].iloc[-1] > 0.8


@pytest.mark.parametrize("descriptor", ["shaped", "raw"])
def test_the_model_is_that_of_the_best_epoch(store, tmp_path, descriptor) -> None:
    run(store, tmp_path, small_settings(descriptor=descriptor))
    history = pd.read_csv(tmp_path / "history.csv")
    split = pd.read_csv(tmp_path / "split.csv")
    validation = split[split["part"] == "validation"]
    rows = validation["row"].to_numpy()
    patterns = read_patterns(open_dataset(store), rows, 32, "nearest", descriptor)
    model = keras.saving.load_model(tmp_path / "model.keras")

    logits = np.array([np.array(view) for view in model(compose_images(patterns, descriptor))])
    label = validation["label"].to_numpy()
    exponentials = np.exp(logits.astype(np.float64))
    probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    loss = -np.log(probabilities[:, np.arange(len(label)), label]).sum(axis=0).mean()
    accuracy = np.mean(logits.sum(axis=0).argmax(axis=-1) == label)

    best = history.loc[history["validation_loss"].idxmin()]
    assert loss == pytest.approx(best["validation_loss"], rel=1e-5)
    assert accuracy == pytest.approx(best["validation_accuracy"])


def test_results_say_what_was_trained(trained) -> None:
    labels = json.loads((trained / "labels.json").read_text())
    history = pd.read_csv(trained / "history.csv")
    split = pd.read_csv(trained / "split.csv")

    assert labels["space_groups"] == [195, 196, 197]
    assert labels["best_epoch"] == history.loc[history["validation_loss"].idxmin(), "epoch"]
    assert [labels["image_size"], labels["resize"]] == [32, "nearest"]
    assert split["part"].value_counts().to_dict() == {"train": 27, "validation": 6, "test": 3}
    assert load_settings(trained / "settings.yaml") == small_settings()
    assert list((trained / "tensorboard").glob("events.*"))


def test_other_settings_start_anew(store, tmp_path, caplog) -> None:
    run(store, tmp_path, small_settings(epochs=2))

    assert run(store, tmp_path, small_settings(epochs=2, learning_rate=1e-3)) == [0, 1, 1]
    assert "other settings or other crystals: training starts anew" in caplog.text


def test_more_epochs_go_on_and_fewer_start_anew(store, tmp_path, caplog) -> None:
    run(store, tmp_path, small_settings(epochs=1))

    assert run(store, tmp_path, small_settings(epochs=2)) == [1, 1]
    assert "starts anew" not in caplog.text
    assert run(store, tmp_path, small_settings(epochs=1)) == [0, 1]
    assert "trained for more epochs already: training starts anew" in caplog.text


def test_a_damaged_checkpoint_starts_anew(store, tmp_path, caplog) -> None:
    run(store, tmp_path, small_settings(epochs=1))
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-100])

    assert run(store, tmp_path, small_settings(epochs=1)) == [0, 1]
    assert "damaged" in caplog.text


def test_stops_when_the_validation_loss_stays(store, tmp_path) -> None:
    # Steps this small are lost in rounding: no epoch after the first can be better.
    settings = small_settings(epochs=9, patience=2, learning_rate=1e-15, weight_decay=0)

    assert run(store, tmp_path, settings) == [0, 1, 1, 1]
    assert json.loads((tmp_path / "labels.json").read_text())["best_epoch"] == 1


def test_a_loss_that_is_no_number_is_a_users_mistake(store, tmp_path) -> None:
    with pytest.raises(UserError, match=r"train\.learning_rate: the loss of epoch \d is not a num"):
        run(store, tmp_path, small_settings(learning_rate=1e30))
