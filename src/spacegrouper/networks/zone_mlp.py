"""A residual network of dense layers over zones of patterns by index, compared, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.reflection_mlp import reflection_mlp

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model


def build_zone_mlp(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: compared zones (L + 1, 2 L + 1, 16) and the cell (12,)."""
    from spacegrouper.techniques.patterns.zone_comparisons import CHANNELS

    size = settings.image_size
    return reflection_mlp((size // 2 + 1, size, CHANNELS), "zones", classes, settings.name)


NETWORKS.register(
    Network("zone_mlp", build_zone_mlp, "compared zones and cell", lambda settings: 1)
)
