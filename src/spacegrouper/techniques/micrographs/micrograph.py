"""A diffraction pattern as a camera has recorded it, whatever file it comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Micrograph:
    """One image.

    Args:
        name: the path as messages name it.
        counts: (rows, columns), on the file's scale.
        step: 1/Angstrom of a pixel, if known.
        high_tension: kV, if known.
        notes: what was guessed or changed, a sentence each.
    """

    name: str
    counts: Floats
    step: float | None
    high_tension: float | None
    notes: tuple[str, ...] = ()
