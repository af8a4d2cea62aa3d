"""The multistream DenseNet against the layer table of the released checkpoint."""

import keras
import numpy as np
import tensorflow as tf

from spacegrouper.networks.msdn import build_msdn
from spacegrouper.settings import Model

SMALL = Model(image_size=32, blocks=(2, 1), growth=8, dropout=0.2)


def parameters_by_hand(stem_kernel: int, blocks: tuple[tuple[int, int], ...], features: int) -> int:
    """Sum up the network of 72 classes; blocks: (channels that go in, layers)."""
    # (kernel, channels in, channels out) of every convolution.
    convolutions = [(stem_kernel, 3, 32)]
    for inputs, depth in blocks:
        for layer in range(depth):
            convolutions += [(1, inputs + 32 * layer, 32), (3, 32, 32)]
    convolutions += [(1, channels, channels) for channels, _ in blocks[1:]]
    weights = sum(kernel**2 * inputs * outputs for kernel, inputs, outputs in convolutions)
    biases = sum(outputs for _, _, outputs in convolutions)
    return weights + biases + 3 * (features * 72 + 72)


def test_has_the_parameters_of_the_checkpoint_table() -> None:
    model = build_msdn(72, Model())

    by_hand = parameters_by_hand(7, ((32, 3), (128, 6), (320, 12), (704, 8)), 960)
    assert model.count_params() == by_hand == 1_542_424
    assert all(weight.trainable for weight in model.weights)
    assert model.get_layer("trunk").output.shape == (None, 960)


def test_two_scalars_of_adam_complete_the_checkpoints_count() -> None:
    # What TensorFlow 1's Adam keeps beside the two moments of each variable.
    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("weights", shape=(3,))
        adam = tf.compat.v1.train.AdamOptimizer()
        adam.apply_gradients([(tf.ones(3), variable)])
        slots = [adam.get_slot(variable, name).name for name in adam.get_slot_names()]
        scalars = [kept for kept in adam.variables() if kept.name not in slots]

    assert [kept.name for kept in scalars] == ["beta1_power:0", "beta2_power:0"]
    assert build_msdn(72, Model()).count_params() + len(scalars) == 1_542_426


def test_the_paper_table_is_a_variant() -> None:
    model = build_msdn(72, Model(blocks=(3, 6, 8, 6), stem_kernel=3))

    # 128 after block 1, 320 after 2, then 8 and 6 layers of 32 more.
    by_hand = parameters_by_hand(3, ((32, 3), (128, 6), (320, 8), (576, 6)), 768)
    assert model.count_params() == by_hand == 1_114_648
    assert model.get_layer("trunk").output.shape == (None, 320 + 14 * 32)


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
