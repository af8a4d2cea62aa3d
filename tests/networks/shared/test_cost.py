"""Operations counted by hand, by TensorFlow's profiler and as published."""

import keras
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from spacegrouper.contract.network import build_model
from spacegrouper.networks.shared.cost import forward_flops
from spacegrouper.settings import Model


def profiled_flops(model: keras.Model) -> dict[str, int]:
    """Return TensorFlow's own count for each kind of operation of one forward pass."""
    shapes = [tf.TensorSpec((1, *image.shape[1:]), tf.float32) for image in model.inputs]
    forward = tf.function(lambda *images: model(list(images))).get_concrete_function(*shapes)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation() | {"output": "none"}
    node = tf.compat.v1.profiler.profile(
        graph=convert_variables_to_constants_v2(forward).graph, cmd="op", options=options
    )
    counts = {}
    while node.children:
        (node,) = node.children
        counts[node.name] = node.float_ops
    return counts


@pytest.mark.parametrize(
    "settings",
    [
        Model(name="msdn", image_size=32, blocks=(2, 1), growth=8),
        Model(name="ziletti", image_size=16),
    ],
    ids=lambda settings: settings.name,
)
def test_agrees_with_the_profiler(settings: Model) -> None:
    model = build_model(5, settings)

    counts = profiled_flops(model)

    assert forward_flops(model) == counts["Conv2D"] + counts["MatMul"]
    # What is left out is little, even in the smallest images.
    assert sum(counts.values()) < 1.02 * forward_flops(model)


def test_resnet_has_its_published_operations() -> None:
    # He et al., Table 1: 3.8e9 multiply-adds for the 50 layers.
    model = build_model(1000, Model(name="resnet"))

    assert forward_flops(model) == pytest.approx(2 * 3.8e9, rel=0.02)


def test_a_shared_part_counts_as_often_as_it_is_used() -> None:
    image = keras.Input((6, 6, 2))
    trunk = keras.Model(image, layers.Conv2D(4, 3, padding="same")(image), name="trunk")
    one, other = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    both = layers.Concatenate()([trunk(one), trunk(other)])
    model = keras.Model([one, other], layers.Dense(5)(layers.GlobalAveragePooling2D()(both)))

    convolution = 2 * (6 * 6) * (3 * 3) * 2 * 4
    assert forward_flops(model) == 2 * convolution + 2 * 8 * 5


def test_strides_and_groups_make_it_less() -> None:
    image = keras.Input((8, 8, 4))
    model = keras.Model(image, layers.Conv2D(6, 3, strides=2, groups=2, padding="same")(image))

    assert forward_flops(model) == 2 * (4 * 4) * (3 * 3) * 2 * 6


def test_a_convolution_of_one_dimension_counts_like_one_of_two() -> None:
    line = keras.Input((9, 4))
    model = keras.Model(line, layers.Conv1D(6, 3, strides=2, padding="same")(line))

    assert forward_flops(model) == 2 * 5 * 3 * 4 * 6
