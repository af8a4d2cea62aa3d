"""Weights that are brought along: from Keras' own layout of files, into the right places."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import vgg16 as keras_vgg16

from spacegrouper.contract.network import build_model
from spacegrouper.errors import UserError
from spacegrouper.networks.vgg16 import ADDRESS, FILE
from spacegrouper.settings import Model

CLASSES = 5
LEARNING = {"block5_conv1", "block5_conv2", "block5_conv3", "features", "logits"}


def settings(weights: Path | str = "none", **keys: object) -> Model:
    return Model.model_validate(
        {"name": "vgg16", "image_size": 32, "weights": str(weights), "hidden": [8]} | keys
    )


def write_weights(path: Path, layers: list[keras.layers.Layer]) -> Path:
    """Write a file laid out as the published one, a constant for each weight, in a few kilobytes.

    HDF5 stores no value that is the one which its array is filled with.
    """
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for number, layer in enumerate(layers, start=1):
            group = file.create_group(layer.name)
            names = [f"{layer.name}_W_1:0", f"{layer.name}_b_1:0"][: len(layer.weights)]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                # Small enough for activations to stay numbers.
                value = number * 1e-4 if weight.path.endswith("kernel") else -number * 1e-3
                group.create_dataset(name, weight.shape, "float32", fillvalue=value)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published = keras.applications.VGG16(include_top=False, weights=None)
    return write_weights(tmp_path_factory.mktemp("weights") / FILE, published.layers)


def learning_layers(model: keras.Model) -> set[str]:
    return {variable.path.split("/")[-2] for variable in model.trainable_variables}


def test_has_the_published_convolutions_and_the_dense_layers_asked_for() -> None:
    model = build_model(CLASSES, settings(hidden=[16, 8]))

    # keras.applications.VGG16 without its top.
    dense = 512 * 16 + 16 + 16 * 8 + 8 + 8 * CLASSES + CLASSES
    assert model.count_params() == 14_714_688 + dense
    assert [layer.name for layer in model.layers[-4:]] == [
        "average",
        "hidden1",
        "features",
        "logits",
    ]
    assert len(model.trainable_variables) == 2 * 16


def test_without_dense_layers_the_average_is_the_embedding() -> None:
    model = build_model(CLASSES, settings(hidden=[]))

    assert model.get_layer("features").output.shape == (None, 512)


def test_the_convolutions_see_what_keras_feeds_to_them() -> None:
    model = build_model(CLASSES, settings(hidden=[]))
    theirs = keras.applications.VGG16(include_top=False, weights=None, pooling="avg")
    theirs.set_weights(model.get_weights()[:26])
    image = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
    embed = keras.Model(model.inputs, model.get_layer("features").output)

    expected = theirs(keras.applications.vgg16.preprocess_input(255 * image))

    assert np.std(expected) > 0.01
    np.testing.assert_allclose(embed([image]), expected, rtol=1e-3, atol=1e-3)


def test_untrained_layers_keep_the_scale_of_a_line_on_black() -> None:
    keras.utils.set_random_seed(0)
    model = build_model(CLASSES, settings(hidden=[]))
    image = np.zeros((1, 32, 32, 3), dtype=np.float32)
    image[:, 10:12] = 1
    embed = keras.Model(model.inputs, model.get_layer("features").output)

    assert 0.05 < float(np.sqrt(np.mean(np.square(embed([image]))))) < 20


def test_a_files_values_arrive_and_only_the_last_block_learns(weights: Path) -> None:
    model = build_model(CLASSES, settings(weights))

    convolutions = [layer for layer in model.layers if "_conv" in layer.name]
    assert len(convolutions) == 13
    published = keras.applications.VGG16(include_top=False, weights=None)
    numbers = {layer.name: number for number, layer in enumerate(published.layers, start=1)}
    for layer in convolutions:
        kernel, bias = (np.array(weight) for weight in layer.weights)
        np.testing.assert_allclose(kernel, numbers[layer.name] * 1e-4, rtol=1e-5)
        np.testing.assert_allclose(bias, -numbers[layer.name] * 1e-3, rtol=1e-5)
    assert learning_layers(model) == LEARNING


def test_a_file_of_save_weights_is_taken_too(tmp_path: Path) -> None:
    theirs = keras.applications.VGG16(include_top=False, weights=None)
    theirs.save_weights(tmp_path / "ours.weights.h5")

    model = build_model(CLASSES, settings(tmp_path / "ours.weights.h5"))

    pairs = zip(model.get_weights()[:26], theirs.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    (tmp_path / "ours.weights.h5").unlink()


def test_a_saved_network_needs_no_file_and_stays_frozen(weights: Path, tmp_path: Path) -> None:
    model = build_model(CLASSES, settings(weights))
    model.save(tmp_path / "model.keras")

    loaded = keras.saving.load_model(tmp_path / "model.keras")

    (tmp_path / "model.keras").unlink()
    assert learning_layers(loaded) == LEARNING
    image = np.random.default_rng(0).random((1, 32, 32, 3), dtype=np.float32)
    np.testing.assert_array_equal(loaded([image]), model([image]))


def test_imagenet_is_what_keras_fetches(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(name: str, address: str, **_: object) -> str:
        asked.append((name, address))
        return str(weights)

    monkeypatch.setattr(keras_vgg16.file_utils, "get_file", fetch)
    model = build_model(CLASSES, settings("imagenet"))

    # What the message names when there is no network is what Keras looks for.
    assert asked == [(FILE, ADDRESS)]
    assert learning_layers(model) == LEARNING
    assert float(np.max(model.get_layer("block1_conv1").kernel)) == pytest.approx(2e-4)


def test_without_a_network_says_how_to_bring_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str, address: str, **__: object) -> str:
        raise Exception(f"URL fetch failure on {address}: None -- Name or service not known")

    monkeypatch.setattr(keras_vgg16.file_utils, "get_file", fail)
    with pytest.raises(UserError) as error:
        build_model(CLASSES, settings("imagenet"))

    assert str(error.value) == (
        "model.weights: imagenet cannot be loaded (Name or service not known); fetch "
        f"{ADDRESS} where there is a network, and put it into ~/.keras/models or give its path "
        "as model.weights"
    )


def test_a_missing_file_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^model\.weights: .*none\.h5: no such file; give"):
        build_model(CLASSES, settings(tmp_path / "none.h5"))


@pytest.mark.parametrize("kind", ["text", "other_network", "other_shapes"])
def test_a_wrong_file_is_a_users_mistake(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.h5"
    image = keras.Input((8, 8, 3))
    if kind == "text":
        path.write_text("weights\n")
    elif kind == "other_network":
        write_weights(path, [keras.layers.Conv2D(4, 3, name="one")])
    else:
        layers = [keras.layers.Conv2D(4, 3, name=f"convolution{n}") for n in range(13)]
        for layer in layers:
            layer(image)
        write_weights(path, layers)

    with pytest.raises(UserError, match=r"^model\.weights: .*wrong\.h5 holds no weights") as error:
        build_model(CLASSES, settings(path))

    assert "\n" not in str(error.value)
