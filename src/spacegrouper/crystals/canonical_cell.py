"""One description of a crystal out of the many equivalent ones: axes, origin, order of the atoms.

A crystal can be written in any cell, about any origin, with its atoms in any order. Here a finite
list of candidates is made that does not depend on the writing (all shortest bases and all atoms
as origin; or what the Euclidean normaliser of a space group leaves open), and the candidate with
the largest score is taken. The score is a sum over structure factors with fixed, irregular
weights. It is continuous and periodic in the atoms' places and does not depend on their order, so
that neither rounding errors nor wrapping can tip the choice, as they would if lists of numbers
were compared. Candidates of equal score are equivalent by symmetry.

Normalisers: E. Koch, W. Fischer, U. Mueller, International Tables for Crystallography A (2016),
chapter 3.5.
"""

import itertools
import math
from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from spacegrouper.crystals.cell_parameters import angles_of, lattice_of, lengths_of
from spacegrouper.crystals.neighbours import reduced_cell

_TRANSLATION_TOLERANCE = 0.003  # Angstrom, that atoms may be from the mean of their translations

_METRIC_TOLERANCE = 1e-5  # relative, of lengths that count as equal
_SCORE_TOLERANCE = 1e-4  # coordinates of 6 decimals move a score by about 1e-5
# In units of the cell vectors, of coordinates that count as equal. An uneven number, because files
# hold multiples of a millionth, none of which may lie on the border.
SAME_PLACE = 1.37e-5
_DIGITS = 8  # the digits that are kept; what is left of rounding errors is far behind them
_ORIGIN_STEPS = 24  # the origins of the space groups' settings differ by multiples of 1/8 or 1/3

_SMALL = np.array(list(itertools.product((0, 1, -1), repeat=3)))[1:]
_GRID = np.array(list(itertools.product(range(_ORIGIN_STEPS), repeat=3))) / _ORIGIN_STEPS

# The structure factors that are scored: half of those up to index 5, the others are conjugate.
# In group Fd-3 (203), those of lower indices are the same with the axes exchanged.
_HIGHEST = 5
_INDICES = np.array(list(itertools.product(range(-_HIGHEST, _HIGHEST + 1), repeat=3)))
_SCORED = slice(len(_INDICES) // 2 + 1, None)
# Two rows of phases without a pattern: multiples of irrational numbers, modulo a turn.
_PHASES = np.exp(
    2j
    * math.pi
    * np.outer(
        [(1 + math.sqrt(5)) / 2, 1 + math.sqrt(2)], np.arange(1, len(_INDICES[_SCORED]) + 1) ** 2
    )
)

Cell = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]
# A basis, the coordinates in it, and which of them is the origin.
_Choice = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


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
    if math.gcd(*Counter(numbers.tolist()).values()) == 1:
        return cell
    # spglib's search is a matter of luck where a translation is off by about the tolerance. It
    # begins far beyond the error that is allowed, which is then measured.
    for tolerance in (0.1, 0.03, 0.01, 0.003):
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
    weights = _weights(numbers)
    rare = _rarest(numbers)
    candidates: list[_Choice] = []
    scores = []
    for basis in _shortest_bases(lattice):
        coords = frac_coords @ np.linalg.inv(basis)
        scores.append(_scores(coords, weights, coords[rare]) + _irregular_sum(basis @ lattice))
        candidates.extend((basis, coords, origin) for origin in coords[rare])
    basis, coords, origin = candidates[_best(np.concatenate(scores))]
    return in_order(basis @ lattice, numbers, coords - origin)


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
    bases = _isometries(lattice, mirror_images)
    polar = np.round(rotations.mean(axis=0), 6)
    weights = _weights(numbers)
    rare = _rarest(numbers)
    candidates: list[_Choice] = []
    scores = []
    for basis, shift in _normaliser(
        rotations.tobytes(), np.round(translations, 6).tobytes(), bases.tobytes()
    ):
        coords = frac_coords @ np.linalg.inv(basis) + shift
        origins = coords[rare] @ polar.T if polar.any() else np.zeros((1, 3))
        scores.append(_scores(coords, weights, origins) + _irregular_sum(basis @ lattice))
        candidates.extend((basis, coords, origin) for origin in origins)
    basis, coords, origin = candidates[_best(np.concatenate(scores))]
    return in_order(basis @ lattice, numbers, coords - origin)


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
    fitting = [_SMALL[np.abs(found / length - 1) < tolerance] for length in lengths]
    bases = np.array(list(itertools.product(*fitting))).reshape(-1, 3, 3)
    return np.asarray(bases[np.abs(np.round(np.linalg.det(bases))) == 1])


def cosines(lattices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosines of the angles alpha, beta and gamma: (..., 3, 3) to (..., 3)."""
    unit = lattices / np.linalg.norm(lattices, axis=-1, keepdims=True)
    turned = unit[..., [1, 0, 0], :] * unit[..., [2, 2, 1], :]
    return np.asarray(turned.sum(axis=-1))


def _weights(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give each element a weight between 1 and 2, its neighbours very different ones."""
    return np.asarray(1 + numbers * (1 + math.sqrt(5)) / 2 % 1, dtype=np.float64)


def _rarest(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    elements, counts = np.unique(numbers, return_counts=True)
    return np.asarray(numbers == elements[np.argmin(counts)])


def _scores(
    frac_coords: NDArray[np.float64], weights: NDArray[np.float64], origins: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return two scores of the atoms (n, 3) seen from each origin (m, 3): (m, 2)."""
    waves = _waves(frac_coords, weights)[_SCORED]
    shifted = waves * np.exp(-2j * math.pi * origins @ _INDICES[_SCORED].T)
    scale = math.sqrt(len(waves) * float(weights @ weights))
    return np.asarray((shifted @ _PHASES.T).real / scale, dtype=np.float64)


def _waves(
    frac_coords: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return the structure factors of all indices (1331,), from powers of three waves."""
    powers = np.arange(-_HIGHEST, _HIGHEST + 1)[:, None, None]
    along = np.exp(2j * math.pi * frac_coords.T) ** powers
    in_plane = along[:, None, 0] * along[None, :, 1] * weights
    return np.asarray(in_plane.reshape(-1, len(weights)) @ along[:, 2].T).ravel()


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
    apart = np.abs(cosines(bases @ lattice) - cosines(lattice))
    same = (apart < 2 * _METRIC_TOLERANCE).all(axis=1)
    if not mirror_images:
        same &= np.round(np.linalg.det(bases)) == 1
    return np.asarray(bases[same])


def _irregular_sum(lattices: NDArray[np.float64]) -> Any:
    """Return one number for lengths and angles: (..., 3, 3) to (...). Any weights would do."""
    lengths = np.linalg.norm(lattices, axis=-1)
    lengths /= lengths.sum(axis=-1, keepdims=True)
    return cosines(lattices) @ [1, 0.7236, 0.5412] + lengths @ [0.6180, 1.4142, 1]


@lru_cache(maxsize=1024)
def _normaliser(
    rotations: bytes, translations: bytes, bases: bytes
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]:
    """Return the bases, with shifts of the origin, in which the operations look as they do now.

    Arguments: bytes of int64 (g, 3, 3), float64 (g, 3) and int64 (m, 3, 3), so that results
    can be remembered. Of bases that the operations themselves interchange one is returned. Shifts
    have no part along directions in which the origin is free.
    """
    turns = np.frombuffer(rotations, dtype=np.int64).reshape(-1, 3, 3)
    moves = np.frombuffer(translations).reshape(-1, 3)
    moves_of: dict[bytes, list[NDArray[np.float64]]] = {}
    for turn, move in zip(turns, moves, strict=True):
        moves_of.setdefault(turn.tobytes(), []).append(move)
    centrings = np.array(moves_of[np.eye(3, dtype=np.int64).tobytes()])
    polar = np.round(turns.mean(axis=0), 6)
    grid = _GRID[np.abs(_GRID @ polar.T).max(axis=1) < 1e-6]
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    seen: set[bytes] = set()
    for basis in np.frombuffer(bases, dtype=np.int64).reshape(-1, 3, 3):
        # Columns of coordinates transform by the inverse transpose of the rows of the lattice.
        change = np.round(np.linalg.inv(basis.T)).astype(np.int64)
        if change.tobytes() in seen:
            continue
        seen.update((change @ turn).tobytes() for turn in turns)
        shifts = grid
        for turn, move in zip(turns, moves, strict=True):
            new_turn = change @ turn @ basis.T
            if new_turn.tobytes() not in moves_of:
                shifts = shifts[:0]
                break
            # What the origin must make up for, but for lattice translations.
            missing = moves_of[new_turn.tobytes()][0] - change @ move
            rest = shifts @ (np.eye(3) - new_turn).T - missing
            off = rest[:, None, :] - centrings
            shifts = shifts[(np.abs(off - np.round(off)) < 1e-4).all(axis=2).any(axis=1)]
        found.extend((basis, shift) for shift in shifts)
    return tuple(found)


def in_order(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> Cell:
    """Wrap the atoms to [0, 1), order them by number and place, put c along z and round."""
    lengths, angles = lengths_of(lattice), angles_of(lattice)
    lattice = lattice_of(np.round(lengths, _DIGITS), np.round(angles, _DIGITS))
    coords = frac_coords - np.floor(frac_coords)
    coords[(coords < SAME_PLACE) | (coords > 1 - SAME_PLACE)] = 0
    order = np.lexsort([*(_ranks(column) for column in coords.T[::-1]), numbers])
    return lattice, numbers[order], np.round(coords[order], _DIGITS)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number values in rising order; values closer than a tolerance get one number."""
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order], prepend=values[order[0]]) > SAME_PLACE
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.cumsum(steps)
    return ranks
