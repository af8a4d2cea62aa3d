"""VGG16, and the multistream VGG that shares such layers between three images.

Both are made here, not by keras.applications, as that offers no choice of the initial weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import (
    RELU,
    classify_image,
    classify_streams,
    image_shape,
)
from spacegrouper.networks.shared.strides import halving

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

# Channels of the 3 x 3 convolutions; a pool ends each group, and so halves the image five times.
VGG16_GROUPS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
MSVGG_GROUPS = ((64,), (128,), (256, 256), (512, 512), (512, 512))


def build_vgg(classes: int, settings: Model) -> keras.Model:
    """Build the untrained VGG16 (configuration D) of Simonyan and Zisserman, arXiv:1409.1556.

    One image to its logits.
    """
    import keras

    image = keras.Input(image_shape(settings), name="image")
    x = _dense(_convolve(image, VGG16_GROUPS), "hidden")
    return classify_image(image, _dense(x, "features"), classes, settings.name)


def build_msvgg(classes: int, settings: Model) -> keras.Model:
    """Build the untrained MSVGG of Tiong et al., npj Comput. Mater. 6:196 (2020).

    Three images to three logits, through one "trunk" as in the multistream DenseNet.
    docs/networks.md lists what the paper's Supplementary Table 4 leaves open.
    """
    import keras

    image = keras.Input(image_shape(settings), name="image")
    trunk = keras.Model(image, _dense(_convolve(image, MSVGG_GROUPS), "features"), name="trunk")
    return classify_streams(trunk, classes, settings.name)


def _convolve(x: keras.KerasTensor, groups: tuple[tuple[int, ...], ...]) -> keras.KerasTensor:
    from keras import layers

    for group, channels in enumerate(groups, start=1):
        for layer, filters in enumerate(channels, start=1):
            name = f"group{group}_convolution{layer}"
            x = layers.Conv2D(filters, 3, padding="same", name=name, **RELU)(x)
        x = layers.MaxPooling2D(2, name=f"group{group}_pool")(x)
    return layers.Flatten(name="flatten")(x)


def _dense(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    from keras import layers

    x = layers.Dense(4096, name=name, **RELU)(x)
    return layers.Dropout(0.5, name=f"{name}_dropout")(x)


NETWORKS.register(Network("vgg", build_vgg, "image", halving(5)))
NETWORKS.register(Network("msvgg", build_msvgg, "three images", halving(5)))
