"""A residual network of dense layers over reflections by index, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.networks.shared.dense_blocks import dense_blocks
from spacegrouper.networks.shared.normalisation import normalised

if TYPE_CHECKING:
    import keras

_UNITS = 512
_BLOCKS = 3
_CELL = 12


def reflection_mlp(shape: tuple[int, ...], shown: str, classes: int, name: str) -> keras.Model:
    """Build the untrained network: reflections of a shape and the cell (12,) to logits.

    Every reflection has a weight of its own: what an absent one means depends on its indices alone.
    `shown`: the name of the input.
    """
    import keras
    from keras import layers

    reflections = keras.Input(shape, name=shown)
    cell = keras.Input((_CELL,), name="cell")
    x = layers.Dropout(0.2, name="dropout")(layers.Flatten(name="flatten")(reflections))
    own = normalised(cell, "cell_norm")
    x = layers.Dense(_UNITS, name="stem")(layers.Concatenate(name="with_cell")([x, own]))
    logits = layers.Dense(classes, dtype="float32", name="logits")(dense_blocks(x, _BLOCKS))
    return keras.Model([reflections, cell], [logits], name=name)
