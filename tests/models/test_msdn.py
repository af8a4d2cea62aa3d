"""The network against the layer table of the released checkpoint."""

import keras
import numpy as np
import pytest

from spacegrouper.config.sections import Model
from spacegrouper.errors import UserError
from spacegrouper.models.msdn import STREAMS, build_msdn

SMALL = Model(image_size=32, blocks=(2, 1), growth=8, dropout=0.2)


def test_has_the_parameters_of_the_checkpoint_table() -> None:
    # (kernel, channels in, channels out) of every convolution, written down from the table.
    convolutions = [(7, 3, 32)]
    for inputs, depth in ((32, 3), (128, 6), (320, 12), (704, 8)):
        for layer in range(depth):
            convolutions += [(1, inputs + 32 * layer, 32), (3, 32, 32)]
    convolutions += [(1, channels, channels) for channels in (128, 320, 704)]
    weights = sum(kernel**2 * inputs * outputs for kernel, inputs, outputs in convolutions)
    biases = sum(outputs for _, _, outputs in convolutions)
    heads = 3 * (960 * 72 + 72)

    assert build_msdn(72, Model()).count_params() == weights + biases + heads == 1_542_424


def test_features_have_the_channels_of_the_checkpoint() -> None:
    assert build_msdn(72, Model()).get_layer("trunk").output.shape == (None, 960)


def test_the_paper_table_is_a_variant() -> None:
    model = build_msdn(72, Model(blocks=(3, 6, 8, 6), stem_kernel=3))

    # 128 after block 1, 320 after 2, then 8 and 6 layers of 32 more.
    assert model.get_layer("trunk").output.shape == (None, 320 + 14 * 32)


def test_one_trunk_serves_all_streams() -> None:
    model = build_msdn(5, SMALL)
    image = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
    heads = [model.get_layer(f"logits_{stream}") for stream in STREAMS]
    for head in heads[1:]:
        head.set_weights(heads[0].get_weights())

    red, green, blue = model([image, image, image])

    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(red, blue)


def test_swapping_streams_and_heads_swaps_logits() -> None:
    model = build_msdn(5, SMALL)
    rng = np.random.default_rng(1)
    first, second, third = rng.random((3, 2, 32, 32, 3), dtype=np.float32)
    red, green, blue = map(np.array, model([first, second, third]))
    red_head, green_head = model.get_layer("logits_red"), model.get_layer("logits_green")
    red_weights, green_weights = red_head.get_weights(), green_head.get_weights()
    red_head.set_weights(green_weights)
    green_head.set_weights(red_weights)

    swapped = list(map(np.array, model([second, first, third])))

    assert np.abs(red - green).max() > 1e-3
    for expected, actual in zip((green, red, blue), swapped, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_dropout_acts_in_training_only() -> None:
    model = build_msdn(5, SMALL)
    image = np.random.default_rng(2).random((1, 32, 32, 3), dtype=np.float32)
    images = [image] * 3

    np.testing.assert_array_equal(model(images)[0], model(images)[0])
    assert np.any(np.array(model(images, training=True)[0]) != np.array(model(images)[0]))


def test_weights_follow_from_the_seed() -> None:
    def weights(seed: int) -> list[np.ndarray]:
        keras.utils.set_random_seed(seed)
        return build_msdn(5, SMALL).get_weights()

    again = zip(weights(7), weights(7), strict=True)
    assert all(np.array_equal(one, other) for one, other in again)
    assert not np.array_equal(weights(7)[0], weights(8)[0])


def test_too_small_an_image_is_a_users_mistake() -> None:
    build_msdn(2, Model(image_size=8, blocks=(1, 1)))
    with pytest.raises(UserError, match=r"model\.image_size.*at least 8 pixels, not 7"):
        build_msdn(2, Model(image_size=7, blocks=(1, 1)))
