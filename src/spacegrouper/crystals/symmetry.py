"""What space groups have in common, and which of them diffraction can tell apart at all.

Kinematic diffraction shows two things of a space group. One is the symmetry of the intensities,
which have a centre of inversion whether or not the crystal has one (Friedel's law), and so belong
to one of the 11 Laue classes. The other is the reflections that centring, glide planes and screw
axes extinguish (International Tables for Crystallography A, 2016, chapter 1.6). Groups that agree
in both are one *extinction class*: by symmetry their patterns cannot be told apart, though they may
be by knowing structures. Enantiomorphic groups, such as P41 and P43, are always in one class.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import permutations, product
from typing import Any, Literal

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

Integers = NDArray[np.integer[Any]]

# The last space group of each crystal system (International Tables for Crystallography, vol. A).
_LAST_SPACE_GROUPS = (2, 15, 74, 142, 167, 194, 230)
_SPACE_GROUPS = range(1, 231)
_ORTHORHOMBIC = range(16, 75)
# Screw axes and glide planes extinguish by multiples of 6 at most; the classes are the same from
# index 4 on.
_LARGEST_INDEX = 6


def crystal_systems(space_groups: Integers) -> NDArray[np.str_]:
    """Return the crystal system of each space-group number; any shape, the same shape back.

    Raises:
        ValueError: a number is not 1 to 230; so do all functions of this module.
    """
    numbers = _checked(space_groups)
    return np.array(CRYSTAL_SYSTEMS)[np.searchsorted(_LAST_SPACE_GROUPS, numbers)]


def point_groups(space_groups: Integers) -> NDArray[np.str_]:
    """Return the point group of each space group, such as `-43m`, one of 32; the same shape."""
    return _look_up(space_groups, [_group(number).point_group_hm() for number in _SPACE_GROUPS])


def laue_classes(space_groups: Integers) -> NDArray[np.str_]:
    """Return the Laue class of each space group, such as `m-3m`, one of 11; the same shape."""
    return _look_up(space_groups, [_group(number).laue_str() for number in _SPACE_GROUPS])


def extinction_classes(
    space_groups: Integers,
    zones: Literal["all", "principal"] = "all",
    axes: Literal["standard", "any order"] = "standard",
) -> NDArray[np.int64]:
    """Return the extinction class of each space group, named by its smallest number.

    Two groups are in one class if the point groups of their intensities (rotations, and these times
    the inversion) are the same matrices, and the same reflections hkl are absent, centring
    included. Both are taken from the standard setting of each group (gemmi; rhombohedral groups
    in hexagonal axes, monoclinic ones with the unique axis b).

    There are 133 classes, 111 from the principal zones; in any order of axes 122 and 100. On a
    primitive hexagonal lattice the Laue class -3m has two orientations, as in P312 and P321, which
    the intensities tell apart (I(hkl) is I(khl) in the one, I(kh-l) in the other); with both
    taken for one there would be 131 and 109.

    Args:
        space_groups: numbers, any shape.
        zones: absences of "all" reflections, or of the "principal" zones 0kl, h0l and hk0 alone.
        axes: whether the axes of orthorhombic groups are named as in the "standard" settings,
            which takes the group to be known, or in "any order": of Pca21 and Pbcm the standard
            settings have different absences, but the same ones once axes are exchanged.

    Returns:
        Numbers, the same shape.
    """
    return _look_up(space_groups, _extinction_classes(zones, axes))


def extinction_class_members(
    space_group: int, axes: Literal["standard", "any order"] = "standard"
) -> tuple[int, ...]:
    """Return, ascending, all space groups of a space group's extinction class, itself included.

    The class is that of `extinction_classes` from all reflections. `axes`: as there.
    """
    classes = np.array(_extinction_classes("all", axes))
    same = np.flatnonzero(classes == classes[_checked(np.array(space_group)) - 1])
    return tuple(int(place) + 1 for place in same)


@lru_cache
def _extinction_classes(zones: str, axes: str) -> tuple[int, ...]:
    """Return the smallest number of the class of each space group from 1 to 230."""
    reach = range(-_LARGEST_INDEX, _LARGEST_INDEX + 1)
    reflections = np.array(list(product(reach, repeat=3)), dtype=np.int32)
    if zones == "principal":
        reflections = reflections[(reflections == 0).any(axis=1)]
    smallest: dict[tuple[Any, ...], int] = {}
    return tuple(
        smallest.setdefault(_signature(number, reflections, axes), number)
        for number in _SPACE_GROUPS
    )


def _signature(number: int, reflections: NDArray[np.int32], axes: str) -> tuple[Any, ...]:
    operations = _group(number).operations()
    point_group = frozenset(
        (sign * np.array(operation.rot)).tobytes()
        for operation in operations.sym_ops
        for sign in (1, -1)
    )
    orders: list[tuple[int, ...]] = [(0, 1, 2)]
    # The point group of intensities of orthorhombic groups, mmm, is the same in any order.
    if axes == "any order" and number in _ORTHORHOMBIC:
        orders = list(permutations(range(3)))
    absent = min(
        operations.systematic_absences(np.ascontiguousarray(reflections[:, order])).tobytes()
        for order in orders
    )
    return point_group, absent


def _group(number: int) -> gemmi.SpaceGroup:
    return gemmi.find_spacegroup_by_number(number)


def _look_up(space_groups: Integers, values: Any) -> NDArray[Any]:
    found: NDArray[Any] = np.array(values)[_checked(space_groups) - 1]
    return found


def _checked(space_groups: Integers) -> Integers:
    numbers = np.asarray(space_groups)
    if numbers.size and (numbers.min() < 1 or numbers.max() > 230):
        raise ValueError("space-group numbers are 1 to 230")
    return numbers


# From the finest to the coarsest; point groups, which diffraction does not see, are not made
# of extinction classes.
LEVELS: dict[str, Callable[[Integers], NDArray[Any]]] = {
    "space group": _checked,
    "extinction class": extinction_classes,
    "extinction class, axes in any order": partial(extinction_classes, axes="any order"),
    "extinction class from the principal zones": partial(extinction_classes, zones="principal"),
    "point group": point_groups,
    "Laue class": laue_classes,
    "crystal system": crystal_systems,
}
