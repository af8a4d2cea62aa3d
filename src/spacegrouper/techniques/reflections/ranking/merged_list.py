"""A list with the equivalents of a Laue class as one, beside the reflections that it might have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    averaged,
    indices_of,
    representatives,
)
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList


@dataclass(frozen=True, eq=False)
class MergedList:
    """The reflections of a list and those that it might have, equivalents of a Laue class once.

    Args:
        hkl: (n, 3), in conventional axes.
        z: (n,), NaN where it is not listed.
        sigma_z: (n,).
        listed: (n,).
        expected: (n,), to the list's resolution.
        axial: (n,), on an axis of rotation.
        zonal: (n,), in a mirror of the Laue class, on no axis.
    """

    hkl: Indices
    z: Floats
    sigma_z: Floats
    listed: NDArray[np.bool_]
    expected: NDArray[np.bool_]
    axial: NDArray[np.bool_]
    zonal: NDArray[np.bool_]


def merged_list(
    reflections: ReducedList, matrices: Indices, axes: Indices, lowest: Indices
) -> MergedList:
    """Merge the equivalents of a list.

    Args:
        reflections: the list.
        matrices: (m, 3, 3), the rotations of the Laue class.
        axes: (3, 3), its conventional axes.
        lowest: (n, 3), reflections that are expected.
    """
    own = representatives(reflections.hkl, matrices)
    found = averaged(own, reflections.z, reflections.sigma_z)
    possible = np.unique(representatives(lowest, matrices))
    together = np.union1d(found.keys, possible)
    z, sigma = np.full((2, len(together)), np.nan)
    place = np.searchsorted(together, found.keys)
    z[place], sigma[place] = found.values, found.sigma
    hkl = indices_of(together)
    axial, mirrored = np.zeros((2, len(hkl)), dtype=bool)
    for matrix in matrices:
        if (matrix == np.eye(3)).all():
            continue
        turned = hkl @ matrix
        axial |= (turned == hkl).all(axis=1)
        mirrored |= (turned == -hkl).all(axis=1)
    return MergedList(
        hkl=hkl @ axes.T,
        z=z,
        sigma_z=sigma,
        listed=~np.isnan(z),
        expected=np.isin(together, possible),
        axial=axial,
        zonal=mirrored & ~axial,
    )
