"""Descriptor `zones`: the zones hk0, h0l and 0kl as images in index space, and the cell.

The image of a crystal has the zones as its channels; its pixel (i, j) is the reflection of indices
i - L and j - L, from the strongest (1) over `reflections.decades` to 0, with absent ones 0.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation
from spacegrouper.techniques.reflections.cells import cell_features
from spacegrouper.techniques.reflections.shown import shown_reflections


def zones_and_cell(
    levels: NDArray[np.float32], cells: NDArray[np.float64], size: int
) -> list[NDArray[np.float32]]:
    """Return the zones (n, size, size, 3) and the cell (n, 12).

    `levels`, `cells`: as ShownReflections has them; `size`: pixels along an edge, 2 L + 1 for the
    largest index L that is shown.
    """
    from spacegrouper.techniques.reflections.zones import within, zones

    images = np.moveaxis(zones(within(levels, size)), 1, -1)
    return [np.ascontiguousarray(images), cell_features(cells)]


def _composer(presentation: Presentation) -> Composer:
    return shown_reflections(presentation, partial(zones_and_cell, size=presentation.image_size))


DESCRIPTORS.register(
    Descriptor(
        "zones", ("reflections",), ("raw", "cell"), "zones and cell", _composer, resized=False
    )
)
