"""A network of which a file of weights has frozen the first layers, through a whole training."""

from pathlib import Path

import keras
import numpy as np
import pytest

from spacegrouper.contract.network import build_model
from spacegrouper.settings import Model, make_settings
from spacegrouper.training.horovod_world import World
from spacegrouper.training.trainer import _moving_statistics, train

LEARNING = {"block5_conv1", "block5_conv2", "block5_conv3", "features", "logits"}


def test_training_and_resuming_leave_the_frozen_weights_as_they_are(
    store: Path, tmp_path: Path
) -> None:
    theirs = keras.applications.VGG16(include_top=False, weights=None)
    weights = tmp_path / "theirs.weights.h5"
    theirs.save_weights(weights)
    model = {"name": "vgg16", "image_size": 32, "weights": str(weights), "hidden": [8]}
    output = tmp_path / "model"
    for epochs in (1, 2):
        settings = make_settings(
            split={"minimum_crystals": 12, "train": 0.7, "validation": 0.2, "test": 0.1},
            model=model,
            train={
                "descriptor": "spot",
                "batch_size": 16,
                "ranks": 1,
                "epochs": epochs,
                "learning_rate": 1e-3,
                "weight_decay": 0.1,
            },
        )
        train(store, settings, output, World(), lambda _: None)

    trained = keras.saving.load_model(output / "model.keras")
    with np.load(output / "checkpoint.npz") as checkpoint:
        assert len(checkpoint["history"]) == 2
    pairs = zip(trained.weights[:26], theirs.get_weights(), strict=True)
    changed = {
        variable.path.split("/")[-2]
        for variable, before in pairs
        if not np.array_equal(variable, before)
    }
    assert changed == LEARNING - {"features", "logits"}
    assert {v.path.split("/")[-2] for v in trained.trainable_variables} == LEARNING
    for large in (weights, output / "checkpoint.npz", output / "model.keras"):
        large.unlink()


@pytest.mark.parametrize("name", ["resnet", "msdn"])
def test_moving_statistics_are_all_that_changes_without_being_trained(name: str) -> None:
    model = build_model(3, Model(name=name, image_size=32))
    floats = [v for v in model.non_trainable_variables if keras.backend.is_float_dtype(v.dtype)]

    assert [v.path for v in _moving_statistics(model)] == [v.path for v in floats]
    assert bool(floats) == (name == "resnet")
