"""What all networks promise, at the smallest images that they take."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from spacegrouper.contract.network import NETWORKS, build_model
from spacegrouper.settings import Model
from spacegrouper.training.model_file import write_model

CLASSES = 5
SMALLEST = {
    "msdn": 31,
    "msvgg": 32,
    "alexnet": 64,
    "densenet": 32,
    "resnet": 32,
    "vgg": 32,
    "vgg16": 32,
    "ziletti": 4,
    "powder_cnn": 711,
    "powder_resnet": 1,
    "zone_resnet": 2,
    "grid_mlp": 1,
    "zone_mlp": 1,
    "symmetry_mlp": 1,
}
POOLED = sorted(name for name, size in SMALLEST.items() if size > 1)


@pytest.fixture(scope="module", params=NETWORKS.names)
def network(request: pytest.FixtureRequest) -> tuple[Model, keras.Model]:
    settings = Model(name=request.param, image_size=SMALLEST[request.param])
    keras.utils.set_random_seed(0)
    return settings, build_model(CLASSES, settings)


def random_images(model: keras.Model, crystals: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = [(crystals, *tensor.shape[1:]) for tensor in model.inputs]
    return [rng.random(shape, dtype=np.float32) for shape in shapes]


def test_every_name_of_the_configuration_is_a_network() -> None:
    assert set(NETWORKS.names) == set(SMALLEST)


def test_turns_images_into_logits(network: tuple[Model, keras.Model]) -> None:
    settings, model = network
    images = random_images(model, crystals=2)

    logits = keras.tree.flatten(model(images))

    assert model.name == settings.name
    assert isinstance(model.inputs, list)
    assert isinstance(model.outputs, list)
    assert len(model.outputs) == len(logits)
    assert len(model.outputs) in (1, len(model.inputs))
    assert all(values.shape == (2, CLASSES) for values in logits)
    # A softmax at the end would make the sum 1.
    assert np.abs(np.sum(logits[0], axis=1) - 1).max() > 1e-3


def test_logits_are_linear_in_the_features(network: tuple[Model, keras.Model]) -> None:
    _, model = network
    images = random_images(model, crystals=2)
    inner = model.get_layer("trunk") if len(model.inputs) == 3 else model
    embed = keras.Model(inner.inputs, inner.get_layer("features").output)
    shown = [images[-1]] if len(model.inputs) == 3 else images
    head = model.get_layer("logits_blue" if len(model.inputs) == 3 else "logits")

    features = keras.tree.flatten(embed(shown))[0]

    assert features.ndim == 2
    np.testing.assert_allclose(
        head(features), keras.tree.flatten(model(images))[-1], rtol=1e-4, atol=1e-5
    )


def test_a_gradient_reaches_every_weight(network: tuple[Model, keras.Model]) -> None:
    _, model = network
    images, labels = random_images(model, crystals=4), np.arange(4)

    with tf.GradientTape() as tape:
        logits = keras.tree.flatten(model(images))
        loss = sum(
            keras.ops.sum(
                keras.losses.sparse_categorical_crossentropy(labels, values, from_logits=True)
            )
            for values in logits
        )
    variables = [variable.value for variable in model.trainable_variables]
    gradients = tape.gradient(loss, variables)

    without = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(gradient)
    ]
    assert without == []


def test_a_file_keeps_the_network(network: tuple[Model, keras.Model], tmp_path: Path) -> None:
    _, model = network
    images = random_images(model, crystals=2)
    path = tmp_path / "model.keras"

    write_model(model, path)
    loaded = keras.saving.load_model(path)
    path.unlink()

    assert [tensor.name for tensor in loaded.inputs] == [tensor.name for tensor in model.inputs]
    pairs = zip(loaded.get_weights(), model.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    answers = zip(*(keras.tree.flatten(m(images)) for m in (loaded, model)), strict=True)
    for one, other in answers:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", POOLED)
def test_a_smaller_image_is_refused_with_the_settings(name: str) -> None:
    what = "curves" if name == "powder_cnn" else "images"
    with pytest.raises(ValidationError, match=rf"{name} needs {what} of at least {SMALLEST[name]}"):
        Model(name=name, image_size=SMALLEST[name] - 1)


@pytest.mark.parametrize("name", POOLED)
def test_no_smaller_image_would_work(name: str) -> None:
    unchecked = Model(name=name, image_size=SMALLEST[name]).model_copy(
        update={"image_size": SMALLEST[name] - 1}
    )
    with pytest.raises(ValueError, match=r"(?i)negative|must be|zero|empty"):
        build_model(CLASSES, unchecked)


@pytest.mark.parametrize(("stride", "blocks", "smallest"), [(1, (1, 1), 4), (3, (1, 1, 1), 22)])
def test_the_smallest_image_of_msdn_follows_its_layers(
    stride: int, blocks: tuple[int, ...], smallest: int
) -> None:
    settings = Model(stem_stride=stride, blocks=blocks, image_size=smallest)
    build_model(CLASSES, settings)
    with pytest.raises(ValueError, match=r"(?i)negative|must be|zero|empty"):
        build_model(CLASSES, settings.model_copy(update={"image_size": smallest - 1}))


@pytest.mark.parametrize("name", ["msdn", "ziletti"])
def test_mixed_precision_leaves_logits_and_weights_in_float32(name: str) -> None:
    settings = Model(name=name, image_size=SMALLEST[name])
    earlier = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        model = build_model(CLASSES, settings)
    finally:
        keras.config.set_dtype_policy(earlier)

    inner = model.get_layer("trunk") if len(model.inputs) == 3 else model
    assert inner.get_layer("features").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    assert {tensor.dtype for tensor in model.inputs + model.outputs} == {"float32"}
    logits = keras.tree.flatten(model(random_images(model, crystals=1)))
    assert {keras.backend.standardize_dtype(values.dtype) for values in logits} == {"float32"}
