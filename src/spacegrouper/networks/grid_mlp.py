"""A residual network of dense layers over all reflections by index, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.reflection_mlp import reflection_mlp

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model


def build_grid_mlp(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: the grid (L + 1, 2 L + 1, 2 L + 1, 2) and the cell (12,)."""
    size = settings.image_size
    return reflection_mlp((size // 2 + 1, size, size, 2), "grid", classes, settings.name)


NETWORKS.register(Network("grid_mlp", build_grid_mlp, "grid and cell", lambda settings: 1))
