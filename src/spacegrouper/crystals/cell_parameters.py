"""Lengths and angles of a cell, and the cell that has them, with c along z and a in the x-z plane.

The numbers are pymatgen's `Lattice.parameters` and `Lattice.from_parameters`, to the last bit.
"""

import numpy as np
from numpy.typing import NDArray


def lengths_of(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lengths a, b and c, (3,), of a lattice (3, 3), rows, in its unit."""
    return np.asarray(np.sqrt(np.sum(lattice**2, axis=1)))


def angles_of(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angles alpha, beta and gamma, (3,), degrees, of a lattice (3, 3), rows."""
    a, b, c = lattice
    length_a, length_b, length_c = lengths_of(lattice)
    cosines = [
        np.dot(b, c) / (length_b * length_c),
        np.dot(c, a) / (length_c * length_a),
        np.dot(a, b) / (length_a * length_b),
    ]
    return np.asarray(np.rad2deg(np.arccos(np.clip(cosines, -1, 1))))


def lattice_of(lengths: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lattice (3, 3), rows, of these lengths (3,) and angles (3,), degrees."""
    a, b, c = lengths
    turns = np.radians(angles)
    cos_alpha, cos_beta, cos_gamma = np.cos(turns)
    sin_alpha, sin_beta, _ = np.sin(turns)
    cosine = np.clip((cos_alpha * cos_beta - cos_gamma) / (sin_alpha * sin_beta), -1, 1)
    gamma_star = np.arccos(cosine)
    return np.array(
        [
            [a * sin_beta, 0, a * cos_beta],
            [
                -b * sin_alpha * np.cos(gamma_star),
                b * sin_alpha * np.sin(gamma_star),
                b * cos_alpha,
            ],
            [0, 0, c],
        ]
    )
