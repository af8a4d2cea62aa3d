"""Atoms in an order that depends on their elements and places alone."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# In units of the cell vectors, of coordinates that count as equal. An uneven number, because files
# hold multiples of a millionth, none of which may lie on the border.
SAME_PLACE = 1.37e-5


def atom_order(numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the atoms, (n,), by rising number, then first, second and third coordinate.

    Coordinates that are nearly equal count as equal; atoms equal in all keep their order.

    Args:
        numbers: (n,), atomic numbers.
        frac_coords: (n, 3), in [0, 1).
    """
    keys = _keys(numbers, frac_coords, np.argsort(frac_coords, axis=0, kind="stable"))
    return np.argsort(keys, kind="stable")


@njit(cache=True, nogil=True)
def _keys(numbers: Any, coords: Any, by_place: Any) -> Any:
    """Return one whole number for each atom, by which they are to be ordered.

    `by_place`: (n, 3), the order of the atoms along each axis.
    """
    keys = numbers.copy()
    for axis in range(3):
        # Atoms of rising coordinates are numbered; those closer than the tolerance get one number.
        rank = 0
        for place in range(len(keys)):
            atom = by_place[place, axis]
            if place and coords[atom, axis] - coords[by_place[place - 1, axis], axis] > SAME_PLACE:
                rank += 1
            keys[atom] = keys[atom] * len(keys) + rank
    return keys
