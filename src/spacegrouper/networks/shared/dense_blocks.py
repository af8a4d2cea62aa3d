"""Residual blocks of dense layers, for inputs that are numbers and no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.networks.shared.normalisation import normalised

if TYPE_CHECKING:
    import keras

_DROPOUT = 0.1


def dense_blocks(x: keras.KerasTensor, blocks: int) -> keras.KerasTensor:
    """Pass x (batch, units) through residual blocks of two layers of as many units each.

    Normalisation and activation come before each layer (He et al. 2016,
    doi:10.1007/978-3-319-46493-0_38). The last layer is named "features".
    """
    from keras import layers

    units = x.shape[-1]
    for block in range(blocks):
        y = x
        for number in (1, 2):
            y = _activated(y, f"block{block}_{number}")
            y = layers.Dense(units, name=f"block{block}_{number}_dense")(y)
        x = layers.Add(name=f"block{block}_add")([x, y])
    return layers.Identity(name="features")(_activated(x, "last"))


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    from keras import layers

    x = normalised(x, f"{name}_norm")
    x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    return layers.Dropout(_DROPOUT, name=f"{name}_dropout")(x)
