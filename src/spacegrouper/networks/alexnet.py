"""AlexNet, the two columns of its publication joined to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import RELU, classify_image, image_shape
from spacegrouper.networks.shared.strides import Step, smallest_image

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model


def build_alexnet(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network of Krizhevsky, Sutskever and Hinton, NeurIPS 25 (2012).

    One image to its logits. Two columns, each on a GPU of its own, are one here; the local
    response normalisation is left out, as Keras has no such layer.
    """
    import keras
    from keras import layers

    image = keras.Input(image_shape(settings), name="image")
    # The published 55 x 55 pixels after the first convolution need images of 227, not 224.
    x = layers.ZeroPadding2D(((1, 2), (1, 2)), name="padding")(image)
    x = layers.Conv2D(96, 11, strides=4, name="convolution1", **RELU)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = layers.Conv2D(256, 5, padding="same", name="convolution2", **RELU)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    x = layers.Conv2D(384, 3, padding="same", name="convolution3", **RELU)(x)
    x = layers.Conv2D(384, 3, padding="same", name="convolution4", **RELU)(x)
    x = layers.Conv2D(256, 3, padding="same", name="convolution5", **RELU)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for name in ("hidden", "features"):
        x = layers.Dense(4096, name=name, **RELU)(x)
        x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    return classify_image(image, x, classes, settings.name)


_STEPS = [Step(11, 4), Step(3, 2), Step(3, 2), Step(3, 2)]
NETWORKS.register(Network("alexnet", build_alexnet, "image", smallest_image(_STEPS, padding=3)))
