"""Descriptor `grid`: all reflections of a half of reciprocal space by index, and the cell.

A place of the grid has two numbers: the level of the reflection, from the strongest (1) over
`reflections.decades` to 0, and whether it is there at all (1) or absent (0).
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation
from spacegrouper.techniques.reflections.cells import cell_features
from spacegrouper.techniques.reflections.shown import shown_reflections


def grid_and_cell(
    levels: NDArray[np.float32], cells: NDArray[np.float64], size: int
) -> list[NDArray[np.float32]]:
    """Return the grid (n, (size + 1) / 2, size, size, 2) of l, h, k, and the cell (n, 12).

    `levels`, `cells`: as ShownReflections has them; `size`: 2 L + 1 for the largest index L that is
    shown.
    """
    from spacegrouper.techniques.reflections.zones import within

    shown = within(levels, size)
    return [np.stack([shown, shown > 0], axis=-1), cell_features(cells)]


def _composer(presentation: Presentation) -> Composer:
    return shown_reflections(presentation, partial(grid_and_cell, size=presentation.image_size))


DESCRIPTORS.register(
    Descriptor("grid", ("reflections",), ("raw", "cell"), "grid and cell", _composer, resized=False)
)
