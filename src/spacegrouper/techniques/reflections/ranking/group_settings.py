"""The settings of all space groups, by the rotations and the centring of their cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import gemmi
import numpy as np

from spacegrouper.crystals.group_operations import matrices_of
from spacegrouper.techniques.reflections.equivalents import Floats, Indices

_STEPS = 24  # to a translation of 1

Key = tuple[frozenset[bytes], frozenset[tuple[int, ...]]]


@dataclass(frozen=True, eq=False)
class GroupSetting:
    """A space group in certain axes, and what intensities may show of it.

    Args:
        number: of the space group; of two enantiomorphic ones the smaller.
        symbol: Hermann-Mauguin, with the choice of origin or axes.
        operations: of gemmi.
        matrices: (m, 3, 3), its point group, of columns of coordinates.
        to_standard: (3, 3), columns of coordinates of these axes to those of the standard ones.
        centric: whether it has a centre of inversion.
        chiral: whether it has rotations and screw axes alone.
        polar: whether some direction is left alone by all operations.
        symmorphic: whether its symbol has neither screw axes nor glide planes.
    """

    number: int
    symbol: str
    operations: gemmi.GroupOps
    matrices: Indices
    to_standard: Floats
    centric: bool
    chiral: bool
    polar: bool
    symmorphic: bool


@lru_cache(maxsize=1)
def enantiomorphs() -> dict[int, int]:
    """Return the smaller number of each group that is one of an enantiomorphic pair, by the larger.

    Their intensities are the same (International Tables A, 2016, section 3.5).
    """
    larger = (78, 95, 96, 145, 153, 154, 170, 172, 179, 181, 213)
    smaller = (76, 91, 92, 144, 151, 152, 169, 171, 178, 180, 212)
    return dict(zip(larger, smaller, strict=True))


def told_apart(number: int) -> int:
    """Return the number by which a space group goes here: enantiomorphic ones are one."""
    return enantiomorphs().get(number, number)


def settings_in_axes(rotations: Indices, axes: Indices) -> tuple[GroupSetting, ...]:
    """Return all settings that a group of rotations may have in these axes.

    Args:
        rotations: (m, 3, 3), of columns of coordinates of a primitive cell.
        axes: (3, 3), rows, conventional axes in units of that cell's.
    """
    exact = np.linalg.inv(axes)
    turned = np.round(exact.T @ rotations @ axes.T).astype(np.int64)
    steps = np.indices((round(np.linalg.det(axes)),) * 3).reshape(3, -1).T
    points = np.round(steps @ exact * _STEPS).astype(np.int64) % _STEPS
    key = (_with_inverse(turned), frozenset(map(tuple, points.tolist())))
    return _by_axes().get(key, ())


def _with_inverse(matrices: Indices) -> frozenset[bytes]:
    return frozenset(
        np.ascontiguousarray(sign * matrix, dtype=np.int64).tobytes()
        for matrix in matrices
        for sign in (1, -1)
    )


@lru_cache(maxsize=1)
def _by_axes() -> dict[Key, tuple[GroupSetting, ...]]:
    found: dict[Key, list[GroupSetting]] = {}
    known = set()
    for group, turn in _groups():
        operations = group.operations()
        operations.change_basis_forward(turn)
        once = frozenset(operation.wrap() for operation in operations)
        if once in known or told_apart(group.number) != group.number:
            continue
        known.add(once)
        matrices = matrices_of(operations)
        centring = frozenset(tuple(step) for step in np.array(operations.cen_ops).tolist())
        found.setdefault((_with_inverse(matrices), centring), []).append(
            GroupSetting(
                number=group.number,
                symbol=group.xhm() if turn == gemmi.Op() else f"{group.xhm()} ({turn.triplet()})",
                operations=operations,
                matrices=matrices,
                to_standard=np.array((group.basisop.inverse() * turn.inverse()).rot) / gemmi.Op.DEN,
                centric=group.is_centrosymmetric(),
                chiral=group.is_sohncke(),
                polar=bool(matrices.sum(axis=0).any()),
                symmorphic=group.is_symmorphic(),
            )
        )
    return {key: tuple(settings) for key, settings in found.items()}


def _groups() -> Iterator[tuple[gemmi.SpaceGroup, gemmi.Op]]:
    """Yield all groups of gemmi's table, and Pa-3 with a and b exchanged, which is not in it."""
    for group in gemmi.spacegroup_table():
        yield group, gemmi.Op()
        if group.number == 205:
            yield group, gemmi.Op("-y,x,z")
