"""Cells of crystals: their metrics, and the numbers that networks are shown of them."""

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cell_parameters import angles_of, lengths_of


def cell_of(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a, b, c in Angstrom and alpha, beta, gamma in degrees of lattice vectors in rows."""
    return np.concatenate([lengths_of(lattice), angles_of(lattice)])


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


def metrics_of(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scalar products of the edges of cells, (n, 6) to (n, 3, 3), Angstrom^2."""
    cosines = np.cos(np.radians(cells[:, 3:]))
    metrics = cells[:, :3, None] * cells[:, None, :3]
    for angle, (one, other) in enumerate(((1, 2), (0, 2), (0, 1))):
        metrics[:, one, other] *= cosines[:, angle]
        metrics[:, other, one] = metrics[:, one, other]
    return metrics
