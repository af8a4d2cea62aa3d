"""Which further zone tells two space groups apart, and whether any does."""

from functools import lru_cache

import gemmi
import numpy as np

from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask
from spacegrouper.techniques.micrographs.zone import reflections_across, zone_axes
from spacegrouper.techniques.reflections.ranking.ranker import RankedGroup

_LARGEST_INDEX = 2  # of a further zone axis
_ORDERS = 4  # of the two shortest reflections of a zone
_WHOLE = 0.01


def deciding_zone(
    one: RankedGroup, other: RankedGroup, seen: list[tuple[int, ...]]
) -> tuple[tuple[int, int, int], str] | None:
    """Return the simplest zone that two groups differ in, and in what; None if none is.

    Args:
        one, other: as a ranker has them.
        seen: zones that were measured, in the given axes, which are left out.
    """
    measured = {tuple(sign * index for index in axis) for axis in seen for sign in (1, -1)}
    axes = [axis for axis in zone_axes() if max(map(abs, axis)) <= _LARGEST_INDEX]
    for axis in sorted(axes, key=lambda axis: (sum(map(abs, axis)), [-index for index in axis])):
        if axis in measured:
            continue
        if (_absent(one, axis) != _absent(other, axis)).any():
            return axis, "absent reflections"
        if _order(one, axis) != _order(other, axis):
            return axis, "the symmetry of its intensities"
    return None


def _absent(group: RankedGroup, axis: tuple[int, int, int]) -> Mask:
    """Return which reflections of a zone a group forbids, by centring, glide planes or screws."""
    exact = _of_zone(axis) @ group.to_standard.T
    hkl = np.rint(exact)
    between = (np.abs(exact - hkl) > _WHOLE).any(axis=1)
    operations = gemmi.get_spacegroup_reference_setting(group.number).operations()
    indices = np.ascontiguousarray(hkl, dtype=np.int32)
    found: Mask = between | np.asarray(operations.systematic_absences(indices), dtype=bool)
    return found


def _order(group: RankedGroup, axis: tuple[int, int, int]) -> int:
    """Return how many rotations of the Laue class leave the zone where it is."""
    operations = gemmi.get_spacegroup_reference_setting(group.number).operations()
    matrices = np.array([one.rot for one in operations.sym_ops]) / gemmi.Op.DEN
    # Coordinates in the standard axes are those in the given ones by the inverse of its axes.
    along: Floats = np.linalg.inv(group.to_standard.T) @ np.array(axis)
    turned = matrices @ along
    same = (
        np.minimum(np.abs(turned - along).max(axis=1), np.abs(turned + along).max(axis=1)) < _WHOLE
    )
    proper = matrices[same] * np.rint(np.linalg.det(matrices[same]))[:, None, None]
    return len({np.rint(one).astype(int).tobytes() for one in proper})


@lru_cache
def _of_zone(axis: tuple[int, int, int]) -> Indices:
    line = np.arange(-_ORDERS, _ORDERS + 1)
    nodes = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    found: Indices = nodes[nodes.any(axis=1)] @ reflections_across(np.array(axis))
    return found
