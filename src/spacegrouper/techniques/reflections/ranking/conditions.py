"""Each reflection condition by itself, in the axes of a space group: does it hold in a list?

A glide plane or a screw axis shows as a condition on the reflections of one zone or one axis
(International Tables A, 2016, section 1.6.3). Looked at are those that some space group of the same
Laue class and lattice has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.group_operations import centring_operations, proper_matrices
from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    averaged,
    indices_of,
    representatives,
)
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList

_LARGEST = 12  # conditions have multiples of 6 at most
_STRONG = 3.0  # sigma

# Reflections by name, what is 0 for them, and what may have to be a multiple of a number: of zones
# with the vector across them, of axes with their direction. Those of tables' standard axes.
_Vector = tuple[int, int, int]
_Sums = tuple[tuple[str, _Vector, int], ...]
_Rows = tuple[tuple[str, tuple[_Vector, ...], _Vector, _Sums], ...]
_ZONES: _Rows = (
    ("0kl", ((1, 0, 0),), (1, 0, 0), (
        ("k = 2n", (0, 1, 0), 2), ("l = 2n", (0, 0, 1), 2), ("k + l = 2n", (0, 1, 1), 2),
        ("k + l = 4n", (0, 1, 1), 4),
    )),
    ("h0l", ((0, 1, 0),), (0, 1, 0), (
        ("h = 2n", (1, 0, 0), 2), ("l = 2n", (0, 0, 1), 2), ("h + l = 2n", (1, 0, 1), 2),
        ("h + l = 4n", (1, 0, 1), 4),
    )),
    ("hk0", ((0, 0, 1),), (0, 0, 1), (
        ("h = 2n", (1, 0, 0), 2), ("k = 2n", (0, 1, 0), 2), ("h + k = 2n", (1, 1, 0), 2),
        ("h + k = 4n", (1, 1, 0), 4),
    )),
    ("hhl", ((1, -1, 0),), (1, -1, 0), (
        ("l = 2n", (0, 0, 1), 2), ("2h + l = 4n", (2, 0, 1), 4),
    )),
    ("h-hl", ((1, 1, 0),), (1, 1, 0), (("l = 2n", (0, 0, 1), 2),)),
)  # fmt: skip
_AXES: _Rows = (
    ("h00", ((0, 1, 0), (0, 0, 1)), (1, 0, 0), (
        ("h = 2n", (1, 0, 0), 2), ("h = 4n", (1, 0, 0), 4),
    )),
    ("0k0", ((1, 0, 0), (0, 0, 1)), (0, 1, 0), (("k = 2n", (0, 1, 0), 2),)),
    ("00l", ((1, 0, 0), (0, 1, 0)), (0, 0, 1), tuple(
        (f"l = {n}n", (0, 0, 1), n) for n in (2, 3, 4, 6)
    )),
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A condition on reflections.

    Args:
        reflections: such as `h0l`.
        words: such as `h + l = 2n`.
        zeros: what is 0 for these reflections, in hkl.
        sum: what has to be a multiple, in hkl.
        multiple: of this.
        required: whether the space group has it.
    """

    reflections: str
    words: str
    zeros: tuple[_Vector, ...]
    sum: _Vector
    multiple: int
    required: bool


@dataclass(frozen=True)
class SeenCondition:
    """What a list has where a condition says that nothing is, equivalents once.

    Args:
        condition: that is looked at.
        number: of measured reflections that break it.
        strong: how many of these are above 3 sigma.
        i_over_sigma: the mean of these, NaN without any.
        others: measured reflections that meet it.
        others_i_over_sigma: the mean of these, NaN without any.
    """

    condition: Condition
    number: int
    strong: int
    i_over_sigma: float
    others: int
    others_i_over_sigma: float


def conditions_seen(
    reflections: ReducedList, number: int, to_standard: Floats
) -> tuple[SeenCondition, ...]:
    """Look at each condition that tells groups of a Laue class and a lattice apart.

    Args:
        reflections: the list.
        number: of the space group.
        to_standard: (3, 3), rows, its standard axes in units of those in which the list was given.
    """
    matrices = proper_matrices(gemmi.get_spacegroup_reference_setting(number).operations())
    turn = np.round(to_standard @ np.linalg.inv(reflections.axes), 6)
    hkl = np.round(reflections.hkl @ turn.T).astype(np.int64)
    found = averaged(representatives(hkl, matrices), reflections.intensity, reflections.sigma)
    ratio = found.values / found.sigma
    # All equivalents, as the condition of a zone is not that of another one in each of them.
    together = np.concatenate([indices_of(found.keys) @ matrix for matrix in matrices])
    row = np.tile(np.arange(len(ratio)), len(matrices))

    def mean(rows: Indices) -> float:
        return float(ratio[rows].mean()) if len(rows) else np.nan

    seen = []
    for condition in conditions_of(number):
        inside = _inside(together, condition.zeros)
        meets = together @ np.array(condition.sum) % condition.multiple == 0
        breaking = np.unique(row[inside & ~meets])
        meeting = np.setdiff1d(row[inside & meets], breaking)
        seen.append(
            SeenCondition(
                condition=condition,
                number=len(breaking),
                strong=int((ratio[breaking] > _STRONG).sum()),
                i_over_sigma=mean(breaking),
                others=len(meeting),
                others_i_over_sigma=mean(meeting),
            )
        )
    return tuple(seen)


@lru_cache(maxsize=230)
def conditions_of(number: int) -> tuple[Condition, ...]:
    """Return the conditions that some group of the Laue class and lattice of a group has.

    Those that follow from the centring are left out, and of equivalent zones all but one.
    """
    group = gemmi.get_spacegroup_reference_setting(number)
    own = group.operations()
    matrices = proper_matrices(own)
    alike = [
        operations
        for other in gemmi.spacegroup_table()
        if other.laue_str() == group.laue_str()
        and _centring(operations := other.operations()) == _centring(own)
        and np.array_equal(proper_matrices(operations), matrices)
    ]
    found = []
    for name, zeros, sums in _special(matrices):
        hkl = _grid(zeros)
        hkl = hkl[~centring_operations(own).systematic_absences(hkl)]
        seen = {np.zeros(len(hkl), dtype=bool).tobytes()}  # what follows from the centring
        for words, factors, multiple in sums:
            breaks = hkl @ np.array(factors) % multiple != 0
            broken = hkl[breaks]
            if breaks.tobytes() in seen:
                continue
            seen.add(breaks.tobytes())
            if any(operations.systematic_absences(broken).all() for operations in alike):
                required = bool(own.systematic_absences(broken).all())
                found.append(Condition(name, words, zeros, factors, multiple, required))
    return tuple(found)


def _special(matrices: Indices) -> Iterator[tuple[str, tuple[_Vector, ...], _Sums]]:
    """Yield zones that are mirrors of a Laue class, then its axes of rotation, equivalents once."""
    twofold = np.array([np.trace(matrix) == -1 for matrix in matrices])
    seen: list[tuple[int, ...]] = []
    for name, zeros, normal, sums in _ZONES:
        turned = matrices @ np.array(normal)
        images = {tuple(sign * vector) for sign in (1, -1) for vector in turned}
        if (twofold & (turned == normal).all(axis=1)).any() and not images & set(seen):
            seen.append(normal)
            yield name, zeros, sums
    seen = []
    for name, zeros, direction, sums in _AXES:
        turned = np.array(direction) @ matrices
        images = {tuple(sign * vector) for sign in (1, -1) for vector in turned}
        kept = (turned == direction).all(axis=1)
        if kept.sum() > 1 and not images & set(seen):
            seen.append(direction)
            yield name, zeros, sums


def _inside(hkl: Indices, zeros: tuple[_Vector, ...]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (hkl @ np.array(zeros).T == 0).all(axis=1)
    return found


def _grid(zeros: tuple[_Vector, ...]) -> NDArray[np.int32]:
    line = np.arange(-_LARGEST, _LARGEST + 1, dtype=np.int32)
    hkl = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    found: NDArray[np.int32] = hkl[_inside(hkl, zeros)]
    return found


def _centring(operations: gemmi.GroupOps) -> frozenset[tuple[int, ...]]:
    return frozenset(tuple(step) for step in operations.cen_ops)
