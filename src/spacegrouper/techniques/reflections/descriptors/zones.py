"""Descriptor `zones`: the zones hk0, h0l and 0kl as images in index space, and the cell.

The image of a crystal has the zones as its channels; its pixel (i, j) is the reflection of indices
i - L and j - L, from the strongest (1) over `reflections.decades` to 0, with absent ones 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.technique import DESCRIPTORS, Arrays, Composer, Descriptor, Presentation

_HIGHEST = np.float32(65535)


@dataclass(frozen=True)
class Zones:
    """Composes zones and the cell.

    Args:
        size: pixels along an edge, 2 L + 1 for the largest index L that is shown.
    """

    size: int

    def prepare(self, arrays: Arrays) -> NDArray[np.float32]:
        """Return (n, 3 size^2 + 12): levels of the zones, 0 to 1, and what tells the cell."""
        from spacegrouper.techniques.reflections.zones import zones

        found = zones(arrays["raw"])
        margin = (found.shape[-1] - self.size) // 2
        if margin:
            found = found[:, :, margin:-margin, margin:-margin]
        images = np.moveaxis(found, 1, -1).reshape(len(found), 3 * self.size**2) / _HIGHEST
        numbers: NDArray[np.float32] = np.concatenate(
            [images, cell_features(arrays["cell"])], axis=1, dtype=np.float32
        )
        return numbers

    def compose(
        self, prepared: NDArray[np.float32], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the zones (n, size, size, 3) and the cell (n, 12)."""
        pixels = 3 * self.size**2
        images = prepared[:, :pixels].reshape(-1, self.size, self.size, 3)
        return [np.ascontiguousarray(images), np.ascontiguousarray(prepared[:, pixels:])]


def cell_features(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what tells cells apart, each near 1: lengths, angles, ratios; (n, 6) to (n, 12)."""
    lengths, angles = cell[:, :3], cell[:, 3:]
    ratios = lengths / np.roll(lengths, 1, axis=1)
    same = np.abs(np.log(ratios)) < 1e-3
    return np.concatenate([np.log(lengths), angles / 90, np.log(ratios), same], axis=1)


def _composer(presentation: Presentation) -> Composer:
    return Zones(presentation.image_size)


DESCRIPTORS.register(
    Descriptor("zones", ("reflections",), ("raw", "cell"), "zones and cell", _composer)
)
