"""Cells of crystals as networks are shown them."""

import numpy as np
from numpy.typing import NDArray


def cell_features(cells: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what tells cells apart, each number near 1, (n, 12).

    Args:
        cells: (n, 6), edges in Angstrom and angles in degrees.

    Returns:
        Logarithms of the edges, angles over 90, logarithms of the edges' ratios, and which edges
        are equal.
    """
    lengths, angles = cells[:, :3], cells[:, 3:]
    ratios = np.log(lengths / np.roll(lengths, 1, axis=1))
    same = np.abs(ratios) < 1e-3
    features: NDArray[np.float32] = np.concatenate(
        [np.log(lengths), angles / 90, ratios, same], axis=1, dtype=np.float32
    )
    return features
