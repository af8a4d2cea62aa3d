"""One description of a crystal out of the many equivalent ones: axes, origin, order of the atoms.

A crystal can be written in any cell, about any origin, with its atoms in any order. Here a finite
list of candidates is made that does not depend on the writing (all shortest bases and all atoms
as origin; or what the Euclidean normaliser of a space group leaves open), and the candidate with
the largest score (setting_scores.py) is taken. Candidates of equal score are equivalent by
symmetry.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.atom_order import SAME_PLACE, atom_order
from spacegrouper.crystals.cell_parameters import angles_of, lattice_of, lengths_of
from spacegrouper.crystals.lattice_bases import (
    bases_with_lengths,
    cosines,
    lengths_and_cosines,
)
from spacegrouper.crystals.neighbours import reduced_cell
from spacegrouper.crystals.normaliser import equivalent_settings
from spacegrouper.crystals.primitive_cell import Cell, primitive_cell
from spacegrouper.crystals.setting_scores import setting_scores

_METRIC_TOLERANCE = 1e-5  # relative, of lengths that count as equal
_SCORE_TOLERANCE = 1e-4  # coordinates of 6 decimals move a score by about 1e-5
_DIGITS = 8  # the digits that are kept; what is left of rounding errors is far behind them


def canonical_primitive_cell(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> Cell:
    """Return a primitive cell that does not depend on how the crystal is written.

    Arguments as of `primitive_cell`; the cell must be right-handed. The cell vectors are the
    shortest there are, an atom of the rarest element is at the origin, c is along z.
    Atoms are in [0, 1), ordered by number and place. No symmetry is sought nor imposed.
    """
    lattice, numbers, frac_coords = primitive_cell(lattice, numbers, frac_coords)
    lattice, frac_coords = reduced_cell(lattice, frac_coords)
    if np.linalg.det(lattice) < 0:
        lattice, frac_coords = -lattice, -frac_coords
    bases = _shortest_bases(lattice)
    coords = frac_coords @ np.linalg.inv(bases)
    origins = coords[:, _rarest(numbers)]
    cells = np.repeat(np.arange(len(bases)), origins.shape[1])
    scores = setting_scores(coords, _weights(numbers), cells, origins.reshape(-1, 3))
    scores += _irregular_sum(bases @ lattice)[cells, None]
    best = _best(scores)
    basis = bases[cells[best]]
    return in_order(basis @ lattice, numbers, coords[cells[best]] - origins.reshape(-1, 3)[best])


def canonical_setting(
    lattice: NDArray[np.float64],
    numbers: NDArray[np.int64],
    frac_coords: NDArray[np.float64],
    rotations: NDArray[np.int64],
    translations: NDArray[np.float64],
    mirror_images: bool,
) -> Cell:
    """Return the crystal in that one of its equivalent settings that has the largest score.

    Equivalent are the settings in which lattice and symmetry operations look the same: those that
    the Euclidean normaliser of the space group interchanges. Along directions in which the
    symmetry does not fix the origin, it is put at an atom of the rarest element.

    Args:
        lattice: (3, 3), Angstrom, rows.
        numbers: (n,), atomic numbers.
        frac_coords: (n, 3).
        rotations: (operations, 3, 3), in this cell.
        translations: (operations, 3), pure translations included.
        mirror_images: whether the mirror image counts as equivalent.
    """
    bases, shifts = equivalent_settings(
        rotations.tobytes(),
        np.round(translations, 6).tobytes(),
        _isometries(lattice, mirror_images).tobytes(),
    )
    coords = frac_coords @ np.linalg.inv(bases)
    polar = np.round(rotations.mean(axis=0), 6)
    rare = _rarest(numbers)
    origins = (
        (coords[:, rare] + shifts[:, None]) @ polar.T
        if polar.any()
        else np.zeros((len(bases), 1, 3))
    )
    settings = np.repeat(np.arange(len(bases)), origins.shape[1])
    scores = setting_scores(
        coords, _weights(numbers), settings, (origins - shifts[:, None]).reshape(-1, 3)
    )
    scores += _irregular_sum(bases @ lattice)[settings, None]
    best = _best(scores)
    setting = settings[best]
    return in_order(
        bases[setting] @ lattice,
        numbers,
        coords[setting] + shifts[setting] - origins.reshape(-1, 3)[best],
    )


def _weights(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give each element a weight between 1 and 2, its neighbours very different ones."""
    return np.asarray(1 + numbers * (1 + math.sqrt(5)) / 2 % 1, dtype=np.float64)


def _rarest(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    counts = np.bincount(numbers)
    counts[counts == 0] = len(numbers) + 1
    return np.asarray(numbers == counts.argmin())


def _best(scores: NDArray[np.float64]) -> int:
    """Return which (first, second) score is the largest, where nearly equal ones are equal.

    Of those nearly equal in both, which symmetry relates but for small errors in the coordinates,
    the very largest: its errors may be seen in the result.
    """
    first, second = scores.T
    leading = first > first.max() - _SCORE_TOLERANCE
    leading &= second > second[leading].max() - _SCORE_TOLERANCE
    return int(np.argmax(np.where(leading, first, -np.inf)))


def _shortest_bases(lattice: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return all right-handed bases of the lattice with the shortest vectors and one set of angles.

    lattice: (3, 3), Niggli-reduced; the bases are (m, 3, 3), in units of its rows.
    """
    wanted = np.sort(np.linalg.norm(lattice, axis=1))
    bases = bases_with_lengths(lattice, wanted, _METRIC_TOLERANCE)
    bases = bases[np.round(np.linalg.det(bases)) == 1]
    sums = _irregular_sum(bases @ lattice)
    return np.asarray(bases[sums > sums.max() - 2 * _METRIC_TOLERANCE])


def _isometries(lattice: NDArray[np.float64], mirror_images: bool) -> NDArray[np.int64]:
    """Return the bases with the lengths and angles of the lattice's own, itself among them."""
    bases = bases_with_lengths(lattice, np.linalg.norm(lattice, axis=1), _METRIC_TOLERANCE)
    apart = np.abs(cosines(bases @ lattice) - cosines(lattice[None]))
    same = (apart < 2 * _METRIC_TOLERANCE).all(axis=1)
    if not mirror_images:
        same &= np.round(np.linalg.det(bases)) == 1
    return np.asarray(bases[same])


def _irregular_sum(lattices: NDArray[np.float64]) -> Any:
    """Return one number for lengths and angles: (m, 3, 3) to (m,). Any weights would do."""
    lengths, angles = lengths_and_cosines(lattices)
    return angles @ [1, 0.7236, 0.5412] + lengths @ [0.6180, 1.4142, 1] / lengths.sum(axis=1)


def in_order(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> Cell:
    """Wrap the atoms to [0, 1), order them by number and place, put c along z and round."""
    lengths, angles = lengths_of(lattice), angles_of(lattice)
    lattice = lattice_of(np.round(lengths, _DIGITS), np.round(angles, _DIGITS))
    coords = frac_coords - np.floor(frac_coords)
    coords[(coords < SAME_PLACE) | (coords > 1 - SAME_PLACE)] = 0
    order = atom_order(numbers, coords)
    return lattice, numbers[order], np.round(coords[order], _DIGITS)
