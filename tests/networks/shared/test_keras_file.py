"""Answers without Keras are Keras' own."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from spacegrouper.contract.network import NETWORKS, build_model
from spacegrouper.errors import UserError
from spacegrouper.networks.shared.keras_file import UnknownLayersError, read_keras_file
from spacegrouper.settings import Model

SMALL = {
    "grid_mlp": Model(name="grid_mlp", image_size=5),
    "zone_mlp": Model(name="zone_mlp", image_size=5),
    "msdn": Model(name="msdn", image_size=33, blocks=(2, 1), growth=8),
    "powder_cnn": Model(name="powder_cnn", image_size=901),
    "vgg16": Model(name="vgg16", image_size=33, weights="none", hidden=(16,)),
    "zone_resnet": Model(name="zone_resnet", image_size=13),
}


def inputs_of(model: keras.Model, rng: np.random.Generator) -> list[np.ndarray]:
    return [rng.random((2, *one.shape[1:]), dtype=np.float32) for one in model.inputs]


def with_any_weights(model: keras.Model, rng: np.random.Generator) -> keras.Model:
    """Give every weight its part in the answer, biases and moving statistics among them."""
    for weight in model.weights:
        if "seed" not in weight.path:
            drawn = rng.uniform(0.5, 1.5, weight.shape) if "variance" in weight.path else None
            near = weight.numpy() + rng.normal(0, 0.02, weight.shape)
            weight.assign(near if drawn is None else drawn)
    return model


def assert_same_answers(model: keras.Model, path: Path, rng: np.random.Generator) -> None:
    with_any_weights(model, rng).save(path)
    images = inputs_of(model, rng)
    expected = keras.tree.flatten(model.predict_on_batch(images))
    found = read_keras_file(path).predict_on_batch(images)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.ptp(theirs) > 0
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("name", NETWORKS.names)
def test_every_network_answers_as_in_keras(name: str, tmp_path: Path) -> None:
    settings = SMALL.get(name) or Model(name=name, image_size=71)
    model = build_model(5, settings)

    assert_same_answers(model, tmp_path / "model.keras", np.random.default_rng(1))


def test_layers_of_networks_to_come(tmp_path: Path) -> None:
    from keras import layers

    curve = keras.Input((40, 3), name="curve")
    x = layers.DepthwiseConv1D(7, padding="same", depth_multiplier=2, name="depth")(curve)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Dense(6, activation="gelu", name="wide")(x)
    x = layers.MaxPooling1D(3, strides=2, padding="same", name="max")(x)
    x = layers.AveragePooling1D(4, strides=3, padding="same", name="mean")(x)
    x = layers.Multiply(name="gate")([x, layers.Dense(6, activation="sigmoid", name="s")(x)])
    ends = [layers.GlobalAveragePooling1D(name="a")(x), layers.GlobalMaxPooling1D(name="m")(x)]
    logits = layers.Dense(4, name="logits")(layers.Concatenate(name="both")(ends))

    model = keras.Model([curve], [logits])
    assert_same_answers(model, tmp_path / "model.keras", np.random.default_rng(2))


def test_a_layer_that_only_keras_knows_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    curve = keras.Input((4, 3))
    keras.Model([curve], [keras.layers.GRU(2)(curve)]).save(path)

    with pytest.raises(UnknownLayersError, match=r"model.keras: only Keras computes GRU"):
        read_keras_file(path)


def test_a_file_without_its_weights_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    build_model(5, Model(name="symmetry_mlp", image_size=1)).save(path)
    lost = tmp_path / "lost.keras"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(lost, "w") as part:
        part.writestr("config.json", whole.read("config.json"))

    with pytest.raises(UserError, match=r"lost.keras: damaged"):
        read_keras_file(lost)
