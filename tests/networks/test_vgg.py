from itertools import pairwise

import keras
import numpy as np

from spacegrouper.networks.vgg import build_msvgg, build_vgg
from spacegrouper.settings import Model


def test_vgg_has_the_published_parameters() -> None:
    # Simonyan and Zisserman, Table 2: 138 million; keras.applications.VGG16 has these.
    assert build_vgg(1000, Model(name="vgg")).count_params() == 138_357_544


def test_vgg_answers_as_keras_vgg16_with_equal_weights() -> None:
    ours = build_vgg(3, Model(name="vgg", image_size=32))
    theirs = keras.applications.VGG16(
        weights=None, input_shape=(32, 32, 3), classes=3, classifier_activation=None
    )
    theirs.set_weights(ours.get_weights())
    image = np.random.default_rng(0).random((1, 32, 32, 3), dtype=np.float32)

    np.testing.assert_allclose(ours([image]), theirs(image), rtol=1e-4, atol=1e-5)


def test_msvgg_has_the_parameters_of_the_papers_table() -> None:
    model = build_msvgg(72, Model(name="msvgg"))

    channels = (3, 64, 128, 256, 256, 512, 512, 512, 512)
    convolutions = sum(9 * inputs * outputs + outputs for inputs, outputs in pairwise(channels))
    # Five pools leave 7 of 224 pixels.
    dense = 7 * 7 * 512 * 4096 + 4096
    heads = 3 * (4096 * 72 + 72)
    assert model.count_params() == convolutions + dense + heads == 112_869_976
    pools = [
        layer
        for layer in model.get_layer("trunk").layers
        if isinstance(layer, keras.layers.MaxPooling2D)
    ]
    assert len(pools) == 5


def test_activations_keep_their_scale_through_the_layers() -> None:
    # With Glorot's initial weights each layer would halve the variance: 2^-8 after them all.
    keras.utils.set_random_seed(0)
    trunk = build_msvgg(3, Model(name="msvgg", image_size=32)).get_layer("trunk")
    images = np.random.default_rng(0).random((4, 32, 32, 3), dtype=np.float32)

    power = float(np.mean(np.square(trunk(images)))) / float(np.mean(np.square(images)))

    assert 0.1 < power < 10
