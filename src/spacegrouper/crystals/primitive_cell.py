"""A smallest cell of a crystal, its atoms where they are."""

import math
from collections import Counter
from typing import Any

import numpy as np
import spglib
from numba import njit
from numpy.typing import NDArray

from spacegrouper.crystals.neighbours import in_cell_units

# A lattice, (3, 3), rows, Angstrom; atomic numbers, (n,); and fractional coordinates, (n, 3).
Cell = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]

_TRANSLATION_TOLERANCE = 0.003  # Angstrom, that atoms may be from the mean of their translations
# spglib's search is a matter of luck where a translation is off by about the tolerance. It
# begins far beyond the error that is allowed, which is then measured.
_SEARCH_TOLERANCES = (0.1, 0.03, 0.01, 0.003)
# An atom that a translation of the search puts within its tolerance of another is within twice that
# of it by the same translation measured between two other atoms; the rest is for rounding.
_BEYOND_SEARCH = 2.01 * max(_SEARCH_TOLERANCES)


def primitive_cell(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> Cell:
    """Return a smallest cell of the crystal, its atomic numbers and coordinates, in place.

    Atoms that translations map onto each other are averaged, if none is then further than
    0.003 Angstrom from its place.

    Args:
        lattice: (3, 3), Angstrom, rows.
        numbers: (n,), atomic numbers.
        frac_coords: (n, 3).
    """
    cell = (lattice, numbers, frac_coords)
    counts = Counter(numbers.tolist())
    if math.gcd(*counts.values()) == 1:
        return cell
    rarest = min(counts, key=lambda number: counts[number])
    if not _may_repeat(lattice, numbers, frac_coords, rarest):
        return cell
    for tolerance in _SEARCH_TOLERANCES:
        found = spglib.standardize_cell(
            (lattice, frac_coords, numbers),
            to_primitive=True,
            no_idealize=True,
            symprec=tolerance,
        )
        if found is None:
            continue
        if len(found[2]) >= len(numbers):
            return cell
        averaged = _averaged(cell, found)
        if averaged is not None:
            return averaged
    return cell


@njit(cache=True, nogil=True)
def _may_repeat(lattice: Any, numbers: Any, coords: Any, rarest: int) -> bool:
    """Tell whether a translation brings every atom near one of its element.

    Where none does, not even roughly, spglib's search, which takes a hundred times as long, finds
    none either.
    """
    # In a thinner cell the shortest of a step's images need not have the smallest coordinates.
    for layer in in_cell_units(_BEYOND_SEARCH, lattice):
        if layer > 0.5:
            return True
    first = 0
    while numbers[first] != rarest:
        first += 1
    for other in range(first + 1, len(numbers)):
        if numbers[other] == rarest:
            fits = True
            for atom in range(len(numbers)):
                if not _near_one(lattice, numbers, coords, atom, coords[other] - coords[first]):
                    fits = False
                    break
            if fits:
                return True
    return False


@njit(cache=True, nogil=True)
def _near_one(lattice: Any, numbers: Any, coords: Any, atom: int, translation: Any) -> bool:
    """Tell whether an atom, moved by a translation, comes near one of its element."""
    step = np.empty(3)
    for other in range(len(numbers)):
        if numbers[other] == numbers[atom]:
            for axis in range(3):
                step[axis] = coords[atom, axis] + translation[axis] - coords[other, axis]
                step[axis] -= np.rint(step[axis])
            square = 0.0
            for column in range(3):
                along = 0.0
                for axis in range(3):
                    along += step[axis] * lattice[axis, column]
                square += along * along
            if square < _BEYOND_SEARCH**2:
                return True
    return False


def _averaged(cell: Cell, smaller: Cell) -> Cell | None:
    """Return the smaller cell with each atom at the mean of those it stands for, if all agree."""
    lattice, numbers, frac_coords = cell
    repeats = np.round(lattice @ np.linalg.inv(smaller[0]))
    times, rest = divmod(len(numbers), len(smaller[2]))
    if rest or round(abs(np.linalg.det(repeats))) != times:
        return None
    axes = np.linalg.inv(repeats) @ lattice
    elements = np.asarray(smaller[2], dtype=np.int64)
    steps = (frac_coords @ repeats)[:, None] - smaller[1]
    steps -= np.round(steps)
    squares = np.square(steps @ axes).sum(axis=2)
    nearest = np.where(numbers[:, None] == elements, squares, np.inf).argmin(axis=1)
    if (np.bincount(nearest, minlength=len(elements)) != times).any():
        return None
    own = steps[np.arange(len(numbers)), nearest]
    means = np.zeros((len(elements), 3))
    np.add.at(means, nearest, own / times)
    if np.linalg.norm((own - means[nearest]) @ axes, axis=1).max() > _TRANSLATION_TOLERANCE:
        return None
    return axes, elements, smaller[1] + means
