"""Three images, one trunk: the promises of the multistream networks."""

import keras
import numpy as np
import pytest

from spacegrouper.contract.network import build_model
from spacegrouper.networks.shared.classifiers import STREAMS
from spacegrouper.settings import Model

SMALL = {
    "msdn": Model(name="msdn", image_size=32, blocks=(2, 1), growth=8),
    "msvgg": Model(name="msvgg", image_size=32),
}


@pytest.fixture(scope="module", params=sorted(SMALL))
def model(request: pytest.FixtureRequest) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_model(5, SMALL[request.param])


@pytest.fixture
def heads(model: keras.Model) -> list[keras.layers.Dense]:
    heads = [model.get_layer(f"logits_{stream}") for stream in STREAMS]
    for number, head in enumerate(heads):
        rng = np.random.default_rng(number)
        head.set_weights([rng.normal(size=weight.shape) for weight in head.get_weights()])
    return heads


@pytest.fixture
def images() -> list[np.ndarray]:
    return list(np.random.default_rng(1).random((3, 2, 32, 32, 3), dtype=np.float32))


def test_weights_of_the_trunk_exist_once(model: keras.Model) -> None:
    trunk = model.get_layer("trunk")
    trunk_weights = {id(weight) for weight in trunk.weights}
    head_weights = [weight for weight in model.weights if id(weight) not in trunk_weights]

    assert len(model.weights) == len(trunk.weights) + 3 * 2
    assert len(head_weights) == 3 * 2
    # Used once for each stream.
    layers = {entry["name"]: entry for entry in model.get_config()["layers"]}
    assert len(layers["trunk"]["inbound_nodes"]) == 3


@pytest.mark.usefixtures("heads")
def test_a_change_of_the_trunk_is_seen_by_all_streams(
    model: keras.Model, images: list[np.ndarray]
) -> None:
    first = model.get_layer("trunk").weights[0]
    earlier, before = np.array(first), [np.array(values) for values in model(images)]
    first.assign(earlier * 1.5)
    after = [np.array(values) for values in model(images)]
    first.assign(earlier)

    for one, other in zip(before, after, strict=True):
        assert np.abs(one - other).max() > 1e-3


def test_equal_heads_make_the_order_of_images_that_of_the_logits(
    model: keras.Model, heads: list[keras.layers.Dense], images: list[np.ndarray]
) -> None:
    for head in heads[1:]:
        head.set_weights(heads[0].get_weights())
    red, green, blue = map(np.array, model(images))

    swapped = list(map(np.array, model([images[1], images[0], images[2]])))

    assert np.abs(red - green).max() > 1e-3
    for expected, actual in zip((green, red, blue), swapped, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_swapping_images_and_heads_swaps_logits(
    model: keras.Model, heads: list[keras.layers.Dense], images: list[np.ndarray]
) -> None:
    red, green, blue = map(np.array, model(images))
    red_weights, green_weights = heads[0].get_weights(), heads[1].get_weights()
    heads[0].set_weights(green_weights)
    heads[1].set_weights(red_weights)

    swapped = list(map(np.array, model([images[1], images[0], images[2]])))

    assert np.abs(red - green).max() > 1e-3
    for expected, actual in zip((green, red, blue), swapped, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_a_head_sees_its_own_image_only(
    model: keras.Model, heads: list[keras.layers.Dense], images: list[np.ndarray]
) -> None:
    red, green, blue = map(np.array, model(images))

    other = list(map(np.array, model([images[0], images[1], images[0]])))

    np.testing.assert_allclose(other[0], red, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other[1], green, rtol=1e-4, atol=1e-5)
    assert np.abs(other[2] - blue).max() > 1e-3
