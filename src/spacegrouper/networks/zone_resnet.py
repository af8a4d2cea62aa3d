"""A small residual network over zones of reflections in index space, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

_CHANNELS = 96
_BLOCKS = 4
_CELL = 12


def build_zone_resnet(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: zones (size, size, 3) and the cell (12,) to logits.

    Reflection conditions are about single indices, odd or even, so zones are pooled only once, and
    last.
    """
    import keras
    from keras import layers

    from spacegrouper.networks.shared.normalisation import normalised

    zones = keras.Input((settings.image_size, settings.image_size, 3), name="zones")
    cell = keras.Input((_CELL,), name="cell")
    x = layers.Conv2D(_CHANNELS, 5, padding="same", name="stem")(zones)
    for block in range(_BLOCKS):
        y = normalised(x, f"block{block}_norm1")
        y = layers.Activation("relu", name=f"block{block}_relu1")(y)
        y = layers.Conv2D(_CHANNELS, 3, padding="same", name=f"block{block}_conv1")(y)
        y = normalised(y, f"block{block}_norm2")
        y = layers.Activation("relu", name=f"block{block}_relu2")(y)
        y = layers.Conv2D(_CHANNELS, 3, padding="same", name=f"block{block}_conv2")(y)
        x = layers.Add(name=f"block{block}_add")([x, y])
    x = layers.Flatten(name="flatten")(layers.AveragePooling2D(2, name="pool")(x))
    x = layers.Concatenate(name="with_cell")([x, normalised(cell, "cell_norm")])
    x = layers.Dense(256, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(256, activation="relu", name="features")(x)
    logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model([zones, cell], [logits], name=settings.name)


NETWORKS.register(Network("zone_resnet", build_zone_resnet, "zones and cell", lambda settings: 2))
