"""The network of Ziletti, Kumar, Scheffler and Ghiringhelli, Nat. Commun. 9:2775 (2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import classify_image, image_shape
from spacegrouper.networks.shared.strides import halving

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model


def build_ziletti(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network as its authors released it, with their initial weights.

    One image to its logits; theirs were of 64 pixels. The features are normalised: batch
    normalisation is the last layer before the logits.
    """
    import keras
    from keras import layers

    image = keras.Input(image_shape(settings), name="image")
    x = image
    for group, filters in enumerate((32, 16, 8), start=1):
        for layer in (1, 2):
            x = layers.Conv2D(
                filters,
                7,
                padding="same",
                activation="relu",
                kernel_initializer="orthogonal",
                name=f"group{group}_convolution{layer}",
            )(x)
        if group < 3:
            x = layers.MaxPooling2D(2, name=f"pool{group}")(x)
    x = layers.Dropout(0.25, name="dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="hidden")(x)
    features = layers.BatchNormalization(name="features")(x)
    return classify_image(image, features, classes, settings.name)


NETWORKS.register(Network("ziletti", build_ziletti, "image", halving(2)))
