"""What a crystallographer tests a list of intensities for, as numbers.

Space groups show in which reflections are equivalent, in which are absent, and in how intensities
are distributed (International Tables for Crystallography A, 2016, chapter 1.6; A. J. C. Wilson,
Acta Cryst. 2, 318, 1949). So for each rotation that a lattice can have it is measured how well
intensities agree with those that it turns them into, and for each set of reflections that a
reflection condition is about how many are absent, how strong they are and how widely they spread.
Whatever a crystal consists of, these numbers are alike for all crystals of a group, which its
intensities are not.
"""

from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.cells import metrics_of
from spacegrouper.techniques.reflections.structure_factors import s_squared_of

# Levels that differ by less, of 0 to 1, count as equal: rounding errors of 16 bits.
_SAME = 0.003
# Differences count up to this, which is about the mean of reflections that are not equivalent.
_LARGEST_DIFFERENCE = 0.3
_SHELLS = 8
_DISTINCT = 12  # largest index of the grid that tells sets of reflections apart
_OF_A_ROTATION = 3
_OF_A_SET = 4
_SIGNS = list(product((1, -1), repeat=3))


@cache
def rotations() -> NDArray[np.int64]:
    """Return the rotations of indices that a lattice can have, (22, 3, 3): h' = R h.

    Those of cubic lattices, and of hexagonal ones in hexagonal axes; of a rotation and its inverse,
    which compare the same reflections, one.
    """
    cubic = [np.diag(signs)[list(order)] for order in permutations(range(3)) for signs in _SIGNS]
    six = np.array([[1, 1, 0], [-1, 0, 0], [0, 0, 1]])
    two = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])
    powers = [np.linalg.matrix_power(six, power) for power in range(6)]
    hexagonal = [power @ turn for power in powers for turn in (np.eye(3, dtype=int), two)]
    found: dict[bytes, NDArray[np.int64]] = {}
    for matrix in (*cubic, *hexagonal):
        rotation = np.asarray(matrix, dtype=np.int64)
        if round(np.linalg.det(rotation)) != 1 or (rotation == np.eye(3)).all():
            continue
        inverse = np.round(np.linalg.inv(rotation)).astype(np.int64)
        if inverse.tobytes() not in found:
            found[rotation.tobytes()] = rotation
    return np.stack(list(found.values()))


@cache
def _places(largest: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the indices of a grid in its order, (m, 3), and which are of the Friedel half."""
    line = np.arange(-largest, largest + 1)
    l, h, k = np.meshgrid(np.arange(largest + 1), line, line, indexing="ij")
    indices = np.stack([h, k, l], axis=-1).reshape(-1, 3)
    return indices, _upper(indices)


def _upper(indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which indices (m, 3) are of the Friedel half; of their mates and 000 none is."""
    h, k, l = indices.T
    upper: NDArray[np.bool_] = (l > 0) | ((l == 0) & ((h > 0) | ((h == 0) & (k > 0))))
    return upper


@cache
def _partners(largest: int) -> NDArray[np.int32]:
    """Return where each rotation takes each reflection, or its Friedel mate, (rotations, m).

    -1 where it leaves the grid, or is the same reflection, or another compares the same two.
    """
    indices, half = _places(largest)
    width = 2 * largest + 1
    partners = np.full((len(rotations()), len(indices)), -1, dtype=np.int32)
    own = np.arange(len(indices))
    for found, rotation in zip(partners, rotations(), strict=True):
        turned = indices @ rotation.T
        h, k, l = np.where(_upper(turned), turned.T, -turned.T)
        place = (l * width + h + largest) * width + k + largest
        compared = half & (np.abs(turned) <= largest).all(axis=1) & (place != own)
        found[compared] = place[compared]
    return partners


@cache
def reflection_sets(largest: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the sets that reflection conditions are about, of the Friedel half.

    All reflections, zones and axes, each cut by conditions that centrings, glide planes and screw
    axes put on its indices (International Tables A, 2016, Table 1.6.4), into those that
    fulfil it and those that do not. There are as many sets for every largest index; small ones may
    be empty.

    Returns:
        Where each set starts among its members, (sets + 1,), and all members, places in the grid.
    """
    # Sets that are the same in a grid as large as this are one set.
    known: dict[bytes, int] = {}
    for number, members in enumerate(_members(_DISTINCT)):
        if members.any():
            known.setdefault(members.tobytes(), number)
    all_sets = _members(largest)
    found = [np.flatnonzero(all_sets[number]).astype(np.int32) for number in known.values()]
    return np.cumsum([0, *map(len, found)]), np.concatenate(found)


def _members(largest: int) -> list[NDArray[np.bool_]]:
    indices, half = _places(largest)
    h, k, l = indices.T
    zones = [
        half,
        *(l == 0, k == 0, h == 0),
        *(h == k, h == -k, k == l, k == -l, h == l, h == -l),
        *((k == 0) & (l == 0), (h == 0) & (l == 0), (h == 0) & (k == 0), (h == k) & (l == 0)),
    ]
    conditions = [
        *(sum_ % 2 == 0 for sum_ in (h, k, l, h + k, h + l, k + l, h + k + l)),
        *(sum_ % 4 == 0 for sum_ in (h, k, l, h + k, h + l, k + l)),
        *(sum_ % 4 == 0 for sum_ in (2 * h + l, h + 2 * k, k + 2 * l)),
        *(l % 3 == 0, (k + l - h) % 3 == 0, (h - k) % 3 == 0, l % 6 == 0),
        (h % 2 == k % 2) & (k % 2 == l % 2),
    ]
    cuts = [half, *(part for met in conditions for part in (met, ~met))]
    return [zone & cut & half for zone in zones for cut in cuts]


def number_of_tests() -> int:
    """Return how many numbers `symmetry_tests` gives of a crystal, whatever its indices."""
    sets = len(reflection_sets(_DISTINCT)[0]) - 1
    return _OF_A_ROTATION * len(rotations()) + _OF_A_SET * sets


def symmetry_tests(levels: NDArray[np.float32], cells: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the tests of n crystals, each number 0 to 1, or -1 where nothing can be tested.

    Args:
        levels: (n, L + 1, 2 L + 1, 2 L + 1), l from 0, h and k from -L; from 0 (absent) to 1.
        cells: (n, 6), Angstrom and degrees.

    Returns:
        (n, 3 rotations + 4 sets). Of each rotation the mean difference of levels, the share of
        pairs that are equal and of those of which one is absent; of each set the share that is
        absent, the highest level, the mean of those present, and the standard deviation of these
        about the mean of their shell of resolution.
    """
    largest = levels.shape[1] - 1
    partners = _partners(largest)
    starts, members = reflection_sets(largest)
    found = np.empty((len(levels), number_of_tests()), np.float32)
    indices, half = _places(largest)
    flat = np.ascontiguousarray(levels.reshape(len(levels), len(half)))
    metrics = np.linalg.inv(metrics_of(cells))  # of the reciprocal lattices, 1/Angstrom^2
    for level, metric, result in zip(flat, metrics, found, strict=True):
        rest = level - _means_of_shells(level, metric, indices, half)
        _test(level, rest, partners, starts, members, result)
    return found


def _means_of_shells(
    level: NDArray[np.float32],
    metric: NDArray[np.float64],
    indices: NDArray[np.int64],
    half: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return the mean level of those present in each reflection's shell of resolution, (m,)."""
    s_squared = _s_squared(metric, indices)
    ordered = np.sort(s_squared[half])
    # A little below: rounding errors must not part equivalent reflections.
    edges = ordered[(np.arange(1, _SHELLS) * len(ordered)) // _SHELLS] * (1 - 1e-9)
    shells = np.searchsorted(edges, s_squared, side="right")
    present = half & (level > 0)
    counts = np.bincount(shells[present], minlength=_SHELLS)
    sums = np.bincount(shells[present], level[present], minlength=_SHELLS)
    means: NDArray[np.float32] = (sums / np.maximum(counts, 1)).astype(np.float32)[shells]
    return means


@njit(cache=True, nogil=True)
def _s_squared(metric: Any, indices: Any) -> Any:
    found = np.empty(len(indices))
    for place in range(len(indices)):
        h, k, l = indices[place]
        found[place] = s_squared_of(metric, h, k, l)
    return found


@njit(cache=True, nogil=True)
def _test(level: Any, rest: Any, partners: Any, starts: Any, members: Any, result: Any) -> None:
    for rotation in range(len(partners)):
        first = _OF_A_ROTATION * rotation
        _agreement(level, partners[rotation], result[first : first + _OF_A_ROTATION])
    for number in range(len(starts) - 1):
        own = members[starts[number] : starts[number + 1]]
        first = _OF_A_ROTATION * len(partners) + _OF_A_SET * number
        _distribution(level, rest, own, result[first : first + _OF_A_SET])


@njit(cache=True, nogil=True)
def _agreement(level: Any, partners: Any, result: Any) -> None:
    pairs = equal = single = 0
    difference = 0.0
    for place in range(len(level)):
        if partners[place] < 0:
            continue
        one, other = level[place], level[partners[place]]
        if one == 0 and other == 0:
            continue
        pairs += 1
        apart = abs(one - other)
        difference += min(apart, _LARGEST_DIFFERENCE)
        equal += apart < _SAME
        single += one == 0 or other == 0
    if pairs == 0:
        result[:] = -1
        return
    result[0] = difference / pairs / _LARGEST_DIFFERENCE
    result[1] = equal / pairs
    result[2] = single / pairs


@njit(cache=True, nogil=True)
def _distribution(level: Any, rest: Any, own: Any, result: Any) -> None:
    present = 0
    highest = total = rests = squares = 0.0
    for place in own:
        if level[place] > 0:
            present += 1
            highest = max(highest, level[place])
            total += level[place]
            rests += rest[place]
            squares += rest[place] ** 2
    result[:] = -1
    if len(own) == 0:
        return
    result[0] = 1 - present / len(own)
    result[1] = highest
    if present:
        result[2] = total / present
        result[3] = np.sqrt(max(squares / present - (rests / present) ** 2, 0))
