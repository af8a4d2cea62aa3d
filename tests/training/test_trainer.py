"""Small trainings in this process; several ranks train in tests/scripts/test_train.py."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from images_by_hand import images_by_hand

from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, load_settings, make_settings, write_settings
from spacegrouper.training.horovod_world import World
from spacegrouper.training.stream import ImageBatches
from spacegrouper.training.trainer import train

RESULTS = ["model.keras", "labels.json", "history.csv", "settings.yaml", "split.csv"]


MSDN = {"image_size": 32, "blocks": [1], "growth": 4, "dropout": 0.1}
SHARES = {"train": 0.7, "validation": 0.2, "test": 0.1}


def small_settings(
    model: dict[str, object] = MSDN, shares: dict[str, float] = SHARES, **train_settings: object
) -> Settings:
    train = {"batch_size": 4, "ranks": 1, "epochs": 4, "learning_rate": 3e-3} | train_settings
    split = {"minimum_crystals": 12} | shares
    return make_settings(seed=1, split=split, model=model, train=train)


def run(store: Path, output: Path, settings: Settings) -> list[int]:
    """Train; return what the progress bar was told."""
    told: list[int] = []
    train(store, settings, output, World(), told.append)
    return told


KILLED_AFTER_TWO_EPOCHS = """
import os, signal, sys
from pathlib import Path
from spacegrouper.settings import load_settings
from spacegrouper.training.devices import prepare_backend
from spacegrouper.training.horovod_world import World
from spacegrouper.training.trainer import train

epochs = 0
def advance(done):
    global epochs
    epochs += done
    if epochs == 2:
        os.kill(os.getpid(), signal.SIGKILL)

store, settings, output = map(Path, sys.argv[1:])
prepare_backend(World())
train(store, load_settings(settings), output, World(), advance)
"""


@pytest.fixture(scope="module")
def trained(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert run(store, output, small_settings()) == [0, 1, 1, 1, 1]
    return output


def loaded_weights(output: Path) -> list[np.ndarray]:
    return keras.saving.load_model(output / "model.keras").get_weights()


@pytest.fixture
def again(trained: Path, tmp_path: Path) -> Path:
    """A copy of what was trained, to be trained once more."""
    return shutil.copytree(trained, tmp_path / "again")


def test_a_killed_training_goes_on_as_if_it_had_not_been(store, trained, tmp_path) -> None:
    settings, killed = small_settings(), tmp_path / "killed"
    write_settings(settings, tmp_path / "settings.yaml")
    program = [sys.executable, "-c", KILLED_AFTER_TWO_EPOCHS]
    done = subprocess.run([*program, store, tmp_path / "settings.yaml", killed], check=False)
    assert done.returncode == -signal.SIGKILL

    assert run(store, killed, settings) == [2, 1, 1]

    for name in ("labels.json", "split.csv", "settings.yaml"):
        assert (killed / name).read_bytes() == (trained / name).read_bytes()
    with np.load(killed / "checkpoint.npz") as got, np.load(trained / "checkpoint.npz") as want:
        assert got.files == want.files
        for name in want.files:
            if name != "fingerprint":
                np.testing.assert_allclose(got[name], want[name], rtol=1e-5, atol=1e-6)
    for value, expected in zip(loaded_weights(killed), loaded_weights(trained), strict=True):
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
def test_the_model_is_that_of_the_best_epoch(dataset, tmp_path, descriptor) -> None:
    run(dataset.path, tmp_path, small_settings(descriptor=descriptor))
    history = pd.read_csv(tmp_path / "history.csv")
    split = pd.read_csv(tmp_path / "split.csv")
    validation = split[split["part"] == "validation"]
    images = images_by_hand(dataset, validation["row"].to_numpy(), 32, descriptor)
    model = keras.saving.load_model(tmp_path / "model.keras")

    logits = np.array([np.array(view) for view in model(images)])
    label = validation["label"].to_numpy()
    exponentials = np.exp(logits.astype(np.float64))
    probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    loss = -np.log(probabilities[:, np.arange(len(label)), label]).sum(axis=0).mean()
    accuracy = np.mean(logits.sum(axis=0).argmax(axis=-1) == label)

    best = history.loc[history["validation_loss"].idxmin()]
    assert loss == pytest.approx(best["validation_loss"], rel=1e-5)
    assert accuracy == pytest.approx(best["validation_accuracy"])


def test_results_say_what_was_trained(trained, dataset) -> None:
    labels = json.loads((trained / "labels.json").read_text())
    history = pd.read_csv(trained / "history.csv")
    split = pd.read_csv(trained / "split.csv")

    assert labels["label"] == "spacegroup"
    assert labels["classes"] == [195, 196, 197]
    assert labels["best_epoch"] == history.loc[history["validation_loss"].idxmin(), "epoch"]
    assert labels["presentation"] == {
        "descriptor": "shaped",
        "image_size": 32,
        "resize": "nearest",
        "seed": 1,
        "sections": {},
    }
    assert labels["made_with"] == dataset.made_with
    assert split["part"].value_counts().to_dict() == {"train": 27, "validation": 6, "test": 3}
    assert load_settings(trained / "settings.yaml") == small_settings()
    assert list((trained / "tensorboard").glob("events.*"))


def test_other_settings_start_anew(store, again, caplog) -> None:
    assert run(store, again, small_settings(epochs=1, learning_rate=1e-3)) == [0, 1]
    assert "other settings or other crystals: training starts anew" in caplog.text


def test_more_epochs_go_on_and_fewer_start_anew(store, again, caplog) -> None:
    assert run(store, again, small_settings(epochs=5)) == [4, 1]
    assert "starts anew" not in caplog.text
    assert run(store, again, small_settings(epochs=1)) == [0, 1]
    assert "trained for more epochs already: training starts anew" in caplog.text


def test_a_damaged_checkpoint_starts_anew(store, again, caplog) -> None:
    path = again / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-100])

    assert run(store, again, small_settings(epochs=1)) == [0, 1]
    assert "damaged" in caplog.text


def test_stops_when_the_validation_loss_stays_and_where_it_would_have(
    store, tmp_path, caplog
) -> None:
    """Trained beyond its patience, the network kept could be one that it would never reach."""
    # Steps this small are lost in rounding: no epoch after the first can be better.
    never_better = {"learning_rate": 1e-15, "weight_decay": 0}
    run(store, tmp_path, small_settings(epochs=4, patience=9, **never_better))

    settings = small_settings(epochs=9, patience=2, **never_better)
    assert run(store, tmp_path, settings) == [0, 1, 1, 1]
    assert "trained beyond train.patience already: training starts anew" in caplog.text
    assert json.loads((tmp_path / "labels.json").read_text())["best_epoch"] == 1


def test_a_loss_that_is_no_number_is_a_users_mistake(store, tmp_path) -> None:
    with pytest.raises(UserError, match=r"train\.learning_rate: the loss of epoch \d is not a num"):
        run(store, tmp_path, small_settings(learning_rate=1e30))


def test_the_validation_fold_rotates(store, tmp_path) -> None:
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    settings = small_settings(shares=shares, epochs=5, rotation_epochs=2, patience=1)
    seen = []

    class Watched(ImageBatches):
        def __init__(self, dataset, rows, *others, **named) -> None:
            seen.append(set(rows.tolist()))
            super().__init__(dataset, rows, *others, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacegrouper.training.trainer.ImageBatches", Watched)
        assert run(store, tmp_path, settings) == [0, 1, 1, 1, 1, 1]

    split = pd.read_csv(tmp_path / "split.csv")
    usable = set(split.loc[split["part"] != "test", "row"])
    learning, validating = seen[::2], seen[1::2]
    assert len(learning) == 3  # epochs 1 and 2, 3 and 4, 5
    assert all(
        fitted | judged == usable for fitted, judged in zip(learning, validating, strict=True)
    )
    assert not any(fitted & judged for fitted, judged in zip(learning, validating, strict=True))
    assert not validating[0] & validating[1]
    assert not validating[1] & validating[2]
    # Neither is the best of one group comparable with that of another, nor is training stopped.
    assert json.loads((tmp_path / "labels.json").read_text())["best_epoch"] == 5


def test_a_network_of_one_image_learns_from_spots(store, tmp_path) -> None:
    network = {"name": "ziletti", "image_size": 32}
    run(store, tmp_path, small_settings(network, descriptor="spot", epochs=12, learning_rate=1e-3))

    history = pd.read_csv(tmp_path / "history.csv")
    assert history["loss"].iloc[-1] < 0.7 < np.log(3) < history["loss"].iloc[0] * 1.5


@pytest.mark.parametrize(("capable", "policy"), [(False, "float32"), (True, "mixed_bfloat16")])
def test_computes_in_bfloat16_where_hardware_can(
    store, tmp_path, caplog, monkeypatch, capable, policy
) -> None:
    monkeypatch.setattr("spacegrouper.training.trainer.computes_in_bfloat16", lambda: capable)
    run(store, tmp_path, small_settings(precision="mixed_bfloat16", epochs=1))

    assert ("no GPU here, nor a CPU with AMX" in caplog.text) is not capable
    layers = keras.saving.load_model(tmp_path / "model.keras").layers
    assert policy in {layer.dtype_policy.name for layer in layers}
    assert all(weight.dtype == "float32" for layer in layers for weight in layer.weights)


def test_a_cosine_of_other_length_is_another_training(store, tmp_path, caplog) -> None:
    run(store, tmp_path, small_settings(schedule="cosine", epochs=1))

    assert run(store, tmp_path, small_settings(schedule="cosine", epochs=2)) == [0, 1, 1]
    assert "training starts anew" in caplog.text


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_through_the_same_code(store, tmp_path, backend) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    settings = tmp_path / "settings.yaml"
    write_settings(small_settings(epochs=12), settings)
    program = [sys.executable, "scripts/train.py", f"--dataset={store}", f"--config={settings}"]
    done = subprocess.run(
        [*program, f"--output={tmp_path / 'model'}"],
        env=os.environ | {"KERAS_BACKEND": backend},
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"without Horovod, on {backend}" in done.stderr
    history = pd.read_csv(tmp_path / "model" / "history.csv")
    assert history["loss"].iloc[-1] < 1.5 < 2.5 < history["loss"].iloc[0]
