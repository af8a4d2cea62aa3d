"""AlexNet, the two columns of its publication joined to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import classify_image, image_shape
from spacegrouper.networks.shared.strides import Step, smallest_image

if TYPE_CHECKING:
    import keras
    from keras import layers

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
    x = _convolution(96, 11, "convolution1", strides=4, padding="valid")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = _convolution(256, 5, "convolution2")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    x = _convolution(384, 3, "convolution3")(x)
    x = _convolution(384, 3, "convolution4")(x)
    x = _convolution(256, 3, "convolution5")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for name in ("hidden", "features"):
        x = layers.Dense(4096, activation="relu", kernel_initializer="he_normal", name=name)(x)
        x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    return classify_image(image, x, classes, settings.name)


def _convolution(
    filters: int, kernel_size: int, name: str, strides: int = 1, padding: str = "same"
) -> layers.Conv2D:
    from keras import layers

    return layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )


NETWORKS.register(
    Network(
        "alexnet",
        build_alexnet,
        "image",
        smallest_image([Step(11, 4), Step(3, 2), Step(3, 2), Step(3, 2)], padding=3),
    )
)
