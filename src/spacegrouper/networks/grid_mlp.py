"""A residual network of dense layers over all reflections by index, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

_UNITS = 512
_BLOCKS = 3
_CELL = 12


def build_grid_mlp(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: the grid (L + 1, 2 L + 1, 2 L + 1, 2) and the cell (12,).

    Every reflection has a weight of its own: what an absent one means depends on its indices alone.
    """
    import keras
    from keras import layers

    from spacegrouper.networks.shared.dense_blocks import dense_blocks
    from spacegrouper.networks.shared.normalisation import normalised

    size = settings.image_size
    grid = keras.Input((size // 2 + 1, size, size, 2), name="grid")
    cell = keras.Input((_CELL,), name="cell")
    x = layers.Dropout(0.2, name="dropout")(layers.Flatten(name="flatten")(grid))
    own = normalised(cell, "cell_norm")
    x = layers.Dense(_UNITS, name="stem")(layers.Concatenate(name="with_cell")([x, own]))
    logits = layers.Dense(classes, dtype="float32", name="logits")(dense_blocks(x, _BLOCKS))
    return keras.Model([grid, cell], [logits], name=settings.name)


NETWORKS.register(Network("grid_mlp", build_grid_mlp, "grid and cell", lambda settings: 1))
