"""Descriptor `symmetry`: the tests that show a crystal's symmetry, as numbers, and the cell."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation
from spacegrouper.techniques.reflections.cells import cell_features
from spacegrouper.techniques.reflections.shown import shown_reflections


def tests_and_cell(
    levels: NDArray[np.float32], cells: NDArray[np.float64], size: int
) -> list[NDArray[np.float32]]:
    """Return the tests (n, tests), see `symmetry_tests`, and the cell (n, 12).

    `levels`, `cells`: as ShownReflections has them; `size`: 2 L + 1 for the largest index L that is
    tested.
    """
    from spacegrouper.techniques.reflections.symmetry_tests import symmetry_tests
    from spacegrouper.techniques.reflections.zones import within

    return [symmetry_tests(within(levels, size), cells), cell_features(cells)]


def _composer(presentation: Presentation) -> Composer:
    tests = partial(tests_and_cell, size=presentation.image_size)
    return shown_reflections(presentation, tests, slow=True)


DESCRIPTORS.register(
    Descriptor(
        "symmetry",
        ("reflections",),
        ("raw", "cell"),
        "symmetry tests and cell",
        _composer,
        resized=False,
    )
)
