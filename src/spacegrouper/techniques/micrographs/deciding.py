"""Which further zone tells two space groups apart, and whether any does."""

from functools import lru_cache

import gemmi
import numpy as np

from spacegrouper.techniques.micrographs.grid_points import grid_points
from spacegrouper.techniques.micrographs.micrograph import Indices, Mask
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
        if _plane_symmetry(one, axis) != _plane_symmetry(other, axis):
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


def _plane_symmetry(group: RankedGroup, axis: tuple[int, int, int]) -> frozenset[bytes]:
    """Return how the Laue class turns the reflections of a zone into each other.

    As whole matrices (2, 2) in units of the two that span the zone: a mirror across the beam and
    the identity are one and the same there, and so are half a turn and a centre of inversion.
    """
    operations = gemmi.get_spacegroup_reference_setting(group.number).operations()
    standard = np.array([one.rot for one in operations.sym_ops]) / gemmi.Op.DEN
    # Indices in the standard axes are those in the given ones by the transpose of its axes.
    to_standard = group.to_standard.T
    turns = to_standard @ standard @ np.linalg.inv(to_standard)
    basis = reflections_across(np.array(axis)).astype(np.float64)
    found = set()
    for turn in turns:
        turned = basis @ turn
        plane = turned @ np.linalg.pinv(basis)
        if np.abs(plane @ basis - turned).max() < _WHOLE:
            whole = np.rint(plane).astype(np.int64)
            found |= {whole.tobytes(), (-whole).tobytes()}
    return frozenset(found)


@lru_cache
def _of_zone(axis: tuple[int, int, int]) -> Indices:
    nodes = grid_points(_ORDERS)
    found: Indices = nodes[nodes.any(axis=1)] @ reflections_across(np.array(axis))
    return found
