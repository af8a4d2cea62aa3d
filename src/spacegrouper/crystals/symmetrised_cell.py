"""A crystal brought to the exact symmetry that was found in it within the tolerance."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.crystals.primitive_cell import Cell

# Angstrom; images are hardly ever farther from their places than the tolerance of the search.
_NEAR = 0.25


def symmetrised(
    cell: Cell,
    symmetry: Any,
    rotations: NDArray[np.int64],
    translations: NDArray[np.float64],
) -> Cell:
    """Return spglib's standardised cell with lattice and atoms averaged over the space group.

    spglib's own are those of single axes and atoms brought to the nearest symmetric places, so
    that they depend on the order of the atoms and on an origin found within the tolerance. The
    average does not, and no crystal of the same symmetry is closer to the one given.

    Args:
        cell: as it is given.
        symmetry: spglib's dataset of it, with atomic numbers for types of atoms.
        rotations: (g, 3, 3), of the space group in spglib's setting.
        translations: (g, 3), centrings included.
    """
    lattice, numbers, coords = cell
    change = symmetry.transformation_matrix
    axes = np.linalg.inv(change).T @ lattice
    metric = (rotations.transpose(0, 2, 1) @ (axes @ axes.T) @ rotations).mean(axis=0)
    axes = np.linalg.cholesky(metric)
    elements = symmetry.std_types.astype(np.int64)
    moves = _mean_moves(
        axes,
        numbers,
        coords @ change.T + symmetry.origin_shift,
        elements,
        symmetry.std_positions,
        rotations.astype(np.float64),
        translations,
    )
    return axes, elements, symmetry.std_positions + moves


@njit(cache=True, nogil=True)
def _mean_moves(
    axes: Any,
    numbers: Any,
    coords: Any,
    ideal_numbers: Any,
    ideal: Any,
    rotations: Any,
    translations: Any,
) -> Any:
    """Return the mean step from each ideal place to the images of the atoms nearest to it.

    The images are those of all atoms (n, 3) by all operations (g, 3, 3) and (g, 3). The ideal
    places and the steps are (m, 3), all in units of the axes. A place that no image comes near
    stays.
    """
    certain = min(_NEAR**2, _half_separation_squared(axes, ideal_numbers, ideal))
    sums = np.zeros_like(ideal)
    counts = np.zeros(len(ideal))
    image, step, best = np.empty(3), np.empty(3), np.empty(3)
    for operation in range(len(rotations)):
        turn, move = rotations[operation], translations[operation]
        for atom in range(len(coords)):
            x, y, z = coords[atom, 0], coords[atom, 1], coords[atom, 2]
            for row in range(3):
                image[row] = turn[row, 0] * x + turn[row, 1] * y + turn[row, 2] * z + move[row]
            nearest, smallest = -1, np.inf
            for place in range(len(ideal)):
                if ideal_numbers[place] != numbers[atom]:
                    continue
                for row in range(3):
                    step[row] = image[row] - ideal[place, row]
                    step[row] -= np.rint(step[row])
                square = _square(step, axes)
                if square < smallest:
                    nearest, smallest = place, square
                    best[0], best[1], best[2] = step[0], step[1], step[2]
                    if square < certain:  # no other place can be nearer
                        break
            if nearest >= 0:
                for row in range(3):
                    sums[nearest, row] += best[row]
                counts[nearest] += 1
    for place in range(len(ideal)):
        if counts[place]:
            for row in range(3):
                sums[place, row] /= counts[place]
    return sums


@njit(cache=True, nogil=True)
def _half_separation_squared(axes: Any, numbers: Any, places: Any) -> float:
    """Return the square of half the smallest distance between two places of one element."""
    smallest = np.inf
    step = np.empty(3)
    for first in range(len(places)):
        for second in range(first):
            if numbers[first] == numbers[second]:
                for row in range(3):
                    step[row] = places[first, row] - places[second, row]
                    step[row] -= np.rint(step[row])
                smallest = min(smallest, _square(step, axes))
    return smallest / 4


@njit(cache=True, nogil=True, inline="always")
def _square(step: Any, axes: Any) -> Any:
    """Return the square of the length of a step (3,) in units of the axes (3, 3), rows."""
    square = 0.0
    for column in range(3):
        length = step[0] * axes[0, column] + step[1] * axes[1, column] + step[2] * axes[2, column]
        square += length * length
    return square
