"""A small residual network of one dimension for diffractograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import RELU, classify_image

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

_STEM = 48  # channels
_CHANNELS = (64, 96, 128, 192)  # of the blocks, each of which but the first halves the points


def build_powder_resnet(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: the input "diffractogram", (batch, image_size, 1), to logits.

    The last convolution of each block starts near zero, so that a block starts nearly as the
    identity and needs no normalisation (Zhang, Dauphin, Ma, arXiv:1901.09321). Where peaks lie
    counts, so the last maps are flattened, not averaged.
    """
    import keras
    from keras import initializers, layers

    near_zero = initializers.RandomNormal(stddev=1e-3)
    diffractogram = keras.Input((settings.image_size, 1), name="diffractogram")
    x = layers.Conv1D(_STEM, 16, 4, padding="same", name="stem", **RELU)(diffractogram)
    x = layers.MaxPooling1D(2, padding="same", name="stem_pool")(x)
    for number, channels in enumerate(_CHANNELS, start=1):
        name = f"block{number}"
        stride = 1 if number == 1 else 2
        y = layers.Conv1D(channels, 3, stride, padding="same", name=f"{name}_convolution1", **RELU)(
            x
        )
        y = layers.Conv1D(
            channels, 3, padding="same", kernel_initializer=near_zero, name=f"{name}_convolution2"
        )(y)
        if stride > 1:
            x = layers.AveragePooling1D(stride, padding="same", name=f"{name}_pool")(x)
        x = layers.Conv1D(channels, 1, name=f"{name}_shortcut")(x)
        x = layers.Add(name=f"{name}_add")([x, y])
        x = layers.Activation("relu", name=f"{name}_relu")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.2, name="flatten_dropout")(x)
    x = layers.Dense(384, name="features", **RELU)(x)
    x = layers.Dropout(0.2, name="features_dropout")(x)
    return classify_image(diffractogram, x, classes, settings.name)


NETWORKS.register(Network("powder_resnet", build_powder_resnet, "curve", lambda settings: 1))
