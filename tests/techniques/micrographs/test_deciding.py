"""A zone that is named as deciding does tell two groups apart."""

import gemmi
import numpy as np
import pytest

from spacegrouper.techniques.micrographs.deciding import deciding_zone
from spacegrouper.techniques.reflections.ranking.absences import Condition
from spacegrouper.techniques.reflections.ranking.features import Candidate
from spacegrouper.techniques.reflections.ranking.group_settings import settings_in_axes
from spacegrouper.techniques.reflections.ranking.ranker import RankedGroup

NONE = Condition(0, float("nan"), 0)


def group(number: int) -> RankedGroup:
    """Return a space group in its standard axes."""
    symbol = gemmi.get_spacegroup_reference_setting(number).hm
    operations = gemmi.SpaceGroup(symbol).operations()
    proper = np.array([one.rot for one in operations.sym_ops]) // gemmi.Op.DEN
    setting = settings_in_axes(proper[:1], np.eye(3, dtype=np.int64))[0]
    candidate = Candidate(setting, 0, np.eye(3), NONE, NONE, NONE, NONE)
    return RankedGroup(
        number, symbol, None, 0.5, 1, "", "", np.eye(3), np.array([5.0] * 3 + [90.0] * 3), candidate
    )


@pytest.mark.parametrize(
    ("one", "other", "axis"),
    [
        (10, 47, (0, 1, 0)),  # P2/m and Pmmm: 2 and 2mm along b, 2mm along a and c
        (83, 47, (0, 0, 1)),  # P4/m and Pmmm
        (162, 164, (1, 0, 0)),  # P-31m and P-3m1: a mirror across a or none
        (175, 191, (0, 0, 1)),  # P6/m and P6/mmm
    ],
)
def test_symmetry_decides_where_the_plane_groups_differ(
    one: int, other: int, axis: tuple[int, int, int]
) -> None:
    assert deciding_zone(group(one), group(other), []) == (axis, "the symmetry of its intensities")
    assert deciding_zone(group(other), group(one), []) == (axis, "the symmetry of its intensities")


def test_absences_decide_and_zones_that_were_seen_do_not() -> None:
    # Pnma: k + l odd in 0kl, h odd in hk0.
    assert deciding_zone(group(47), group(62), []) == ((1, 0, 0), "absent reflections")
    found = deciding_zone(group(47), group(62), [(-1, 0, 0)])
    assert found == ((0, 1, 0), "absent reflections")


@pytest.mark.parametrize(("one", "other"), [(47, 25), (216, 225), (1, 2)])
def test_nothing_decides_between_groups_of_one_extinction_class(one: int, other: int) -> None:
    assert deciding_zone(group(one), group(other), []) is None
