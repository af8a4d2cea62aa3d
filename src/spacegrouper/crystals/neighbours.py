"""Atoms that are close to one another, across the borders of the cell."""

import math
from typing import Any

import numpy as np
import spglib
from numba import njit
from numpy.typing import NDArray


def reduced_cell(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Describe the same atoms in a Niggli-reduced cell, wrapped to [0, 1).

    The cell vectors of the result are the shortest there are, so that few images suffice however
    skewed the given cell is.

    Args:
        lattice: (3, 3), Angstrom, rows.
        frac_coords: (n, 3).
    """
    reduced = spglib.niggli_reduce(lattice)
    if reduced is None:  # no reduction found: the given cell is as right, only slower
        reduced = lattice
    coords = frac_coords @ lattice @ np.linalg.inv(reduced)
    return np.asarray(reduced, dtype=np.float64), coords - np.floor(coords)


def closer_than(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64], distance: float
) -> tuple[int, int] | None:
    """Return two atoms of the crystal that are closer than `distance`, or None.

    Args:
        lattice: (3, 3), Angstrom, rows.
        frac_coords: (n, 3).
        distance: Angstrom.

    Returns:
        The atoms; twice the same where one is too close to its own image.
    """
    lattice, frac_coords = reduced_cell(lattice, frac_coords)
    # A cell so thin would have many images.
    if np.linalg.norm(lattice, axis=1).min() < distance:
        return 0, 0
    first, second = _first_pair(lattice, frac_coords, distance)
    return (int(first), int(second)) if first >= 0 else None


def nearest_distances(
    lattice: NDArray[np.float64],
    kinds: NDArray[np.int64],
    frac_coords: NDArray[np.float64],
    count: int,
    reach: float,
) -> NDArray[np.float64]:
    """Return the distances from each atom to the nearest of each kind, rising, Angstrom.

    An atom is no neighbour of itself. Atoms further away than `reach` count as being there.

    Args:
        lattice: (3, 3), Angstrom, rows; best a reduced cell, which has few images.
        kinds: (n,), numbers from 0 on.
        frac_coords: (n, 3), in [0, 1).
        count: how many neighbours of each kind.
        reach: Angstrom.

    Returns:
        (n, kinds, count).
    """
    return np.asarray(np.sqrt(_nearest_squares(lattice, kinds, frac_coords, count, reach)))


@njit(cache=True, nogil=True)
def in_cell_units(length: float, lattice: Any) -> Any:
    """Return how thick a layer of this thickness is in units of each cell vector, (3,).

    Args:
        length: Angstrom.
        lattice: (3, 3), Angstrom, rows.
    """
    layers = np.empty(3)
    for axis in range(3):
        a, b, c = lattice[axis], lattice[(axis + 1) % 3], lattice[(axis + 2) % 3]
        x = b[1] * c[2] - b[2] * c[1]
        y = b[2] * c[0] - b[0] * c[2]
        z = b[0] * c[1] - b[1] * c[0]
        volume = abs(a[0] * x + a[1] * y + a[2] * z)
        layers[axis] = length * math.sqrt(x * x + y * y + z * z) / volume
    return layers


@njit(cache=True, nogil=True)
def _shifts(a: int, b: int, c: int) -> Any:
    """Return the cells, (m, 3), in so many layers around one: first itself, then shell by shell."""
    shifts = np.empty(((2 * a + 1) * (2 * b + 1) * (2 * c + 1), 3))
    place = 0
    for shell in range(max(a, b, c) + 1):
        for i in range(-a, a + 1):
            for j in range(-b, b + 1):
                for k in range(-c, c + 1):
                    if max(abs(i), abs(j), abs(k)) == shell:
                        shifts[place, 0], shifts[place, 1], shifts[place, 2] = i, j, k
                        place += 1
    return shifts


@njit(cache=True, nogil=True)
def _first_pair(lattice: Any, coords: Any, distance: float) -> tuple[int, int]:
    """Return the first two atoms that are no further from one another, or -1 twice."""
    # The nearest image along each axis, and others in cells that are thinner than the distance.
    a, b, c = in_cell_units(distance, lattice)
    shifts = _shifts(int(a + 0.5), int(b + 0.5), int(c + 0.5))
    step, place = np.empty(3), np.empty(3)
    for first in range(len(coords)):
        for second in range(first, len(coords)):
            for shift in range(len(shifts)):
                if first == second and shift == 0:  # itself
                    continue
                for axis in range(3):
                    step[axis] = coords[second, axis] - coords[first, axis]
                    step[axis] += shifts[shift, axis] - np.rint(step[axis])
                _place(step, lattice, place)
                if place[0] ** 2 + place[1] ** 2 + place[2] ** 2 <= distance**2:
                    return first, second
    return -1, -1


@njit(cache=True, nogil=True)
def _nearest_squares(lattice: Any, kinds: Any, coords: Any, count: int, reach: float) -> Any:
    """Return the smallest squared distances to atoms of each kind, (n, kinds, count)."""
    nearest = np.full((len(coords), kinds.max() + 1, count), reach**2)
    farthest = np.full((kinds.max() + 1, len(coords)), reach**2)  # of these
    positions = np.empty_like(coords)
    for atom in range(len(coords)):
        _place(coords[atom], lattice, positions[atom])
    x, y, z = positions[:, 0].copy(), positions[:, 1].copy(), positions[:, 2].copy()
    image, place, squares = np.empty(3), np.empty(3), np.empty(len(coords))
    margin = in_cell_units(reach, lattice)
    # Those nearby come first, for then few others are nearer.
    shifts = _shifts(math.ceil(margin[0]), math.ceil(margin[1]), math.ceil(margin[2]))
    for shift in range(len(shifts)):
        for owner in range(len(coords)):
            outside = False
            for axis in range(3):
                image[axis] = coords[owner, axis] + shifts[shift, axis]
                if not -margin[axis] <= image[axis] <= 1 + margin[axis]:
                    outside = True
            if outside:
                continue
            _place(image, lattice, place)
            for atom in range(len(coords)):
                squares[atom] = (
                    (x[atom] - place[0]) ** 2
                    + (y[atom] - place[1]) ** 2
                    + (z[atom] - place[2]) ** 2
                )
            if shift == 0:
                squares[owner] = np.inf  # no neighbour of itself
            kind = kinds[owner]
            for atom in range(len(coords)):
                if squares[atom] < farthest[kind, atom]:
                    row = nearest[atom, kind]
                    rank = count - 1
                    while rank > 0 and row[rank - 1] > squares[atom]:
                        row[rank] = row[rank - 1]
                        rank -= 1
                    row[rank] = squares[atom]
                    farthest[kind, atom] = row[-1]
    return nearest


@njit(cache=True, nogil=True, inline="always")
def _place(coords: Any, lattice: Any, place: Any) -> None:
    """Fill in the place (3,), Angstrom, of fractional coordinates (3,) in a lattice (3, 3)."""
    for column in range(3):
        place[column] = (
            coords[0] * lattice[0, column]
            + coords[1] * lattice[1, column]
            + coords[2] * lattice[2, column]
        )
