"""Bases of a lattice that have given lengths, and the angles of many bases at once."""

import itertools
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SMALL = np.array(list(itertools.product((0, 1, -1), repeat=3)))[1:]


def bases_with_lengths(
    lattice: NDArray[np.float64], lengths: NDArray[np.float64], tolerance: float
) -> NDArray[np.int64]:
    """Return all bases of a lattice, of either hand, whose vectors have these lengths.

    Args:
        lattice: (3, 3), rows.
        lengths: (3,).
        tolerance: relative.

    Returns:
        The bases, (m, 3, 3), in units of the rows of the lattice, with entries 0 and +-1, which
        are enough for a reduced lattice.
    """
    found = np.linalg.norm(_SMALL @ lattice, axis=1)
    fitting = np.abs(found / lengths[:, None] - 1) < tolerance
    return np.asarray(_unimodular(_SMALL, fitting))


@njit(cache=True, nogil=True)
def _unimodular(vectors: Any, fitting: Any) -> Any:
    """Return the triples of vectors (v, 3) of determinant +-1 whose places (3, v) are allowed."""
    counts = np.zeros(3, dtype=np.int64)
    for row in range(3):
        for place in range(len(vectors)):
            counts[row] += fitting[row, place]
    bases = np.empty((counts[0] * counts[1] * counts[2], 3, 3), dtype=np.int64)
    found = 0
    for first in range(len(vectors)):
        for second in range(len(vectors)):
            if not (fitting[0, first] and fitting[1, second]):
                continue
            a, b = vectors[first], vectors[second]
            x = a[1] * b[2] - a[2] * b[1]
            y = a[2] * b[0] - a[0] * b[2]
            z = a[0] * b[1] - a[1] * b[0]
            for third in range(len(vectors)):
                c = vectors[third]
                if fitting[2, third] and abs(x * c[0] + y * c[1] + z * c[2]) == 1:
                    for column in range(3):
                        bases[found, 0, column] = a[column]
                        bases[found, 1, column] = b[column]
                        bases[found, 2, column] = c[column]
                    found += 1
    return bases[:found].copy()


def cosines(lattices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosines of the angles alpha, beta and gamma: (m, 3, 3) to (m, 3)."""
    return np.asarray(lengths_and_cosines(lattices)[1])


@njit(cache=True, nogil=True)
def lengths_and_cosines(lattices: Any) -> tuple[Any, Any]:
    """Return the lengths a, b and c and the cosines of alpha, beta and gamma, each (m, 3).

    Args:
        lattices: (m, 3, 3), rows.
    """
    lengths = np.empty((len(lattices), 3))
    angles = np.empty((len(lattices), 3))
    for lattice in range(len(lattices)):
        vectors = lattices[lattice]
        for row in range(3):
            lengths[lattice, row] = np.sqrt(_dot(vectors[row], vectors[row]))
        for row in range(3):
            first, second = (row + 1) % 3, (row + 2) % 3
            angles[lattice, row] = _dot(vectors[first], vectors[second]) / (
                lengths[lattice, first] * lengths[lattice, second]
            )
    return lengths, angles


@njit(cache=True, nogil=True, inline="always")
def _dot(first: Any, second: Any) -> Any:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
