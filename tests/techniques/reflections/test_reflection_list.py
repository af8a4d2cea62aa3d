"""Whether a list is merged follows from what is in it."""

import gemmi
import numpy as np
import pytest

from spacegrouper.techniques.reflections.reflection_list import are_merged

EVERY = np.array(
    [(h, k, l) for h in range(-5, 6) for k in range(-5, 6) for l in range(-5, 6) if h or k or l],
    dtype=np.int32,
)
CELLS = {
    "P -1": (5, 6, 7, 80, 95, 105),
    "P 1 21/c 1": (5, 6, 7, 90, 95, 90),
    "P 21 21 21": (5, 6, 7, 90, 90, 90),
    "P -3": (5, 5, 7, 90, 90, 120),
    "I a -3 d": (5, 5, 5, 90, 90, 90),
}


@pytest.mark.parametrize("name", CELLS)
def test_an_asymmetric_unit_is_merged_and_all_reflections_are_not(name):
    cell = np.array(CELLS[name], dtype=float)
    unit = gemmi.ReciprocalAsu(gemmi.SpaceGroup(name))
    merged = EVERY[[unit.is_in(hkl) for hkl in EVERY.tolist()]]
    assert are_merged(merged, cell)
    assert are_merged(merged[::2], cell)
    assert not are_merged(EVERY, cell)
    assert not are_merged(np.concatenate([EVERY[::3], EVERY[1::3]]), cell)


def test_friedel_mates_alone_leave_a_list_merged():
    """As merged under 222, without the centre that Friedel's law adds."""
    cell = np.array(CELLS["P 21 21 21"], dtype=float)
    h, k, l = EVERY.T
    once = (h >= 0) & (k >= 0) & ((l >= 0) | ((h > 0) & (k > 0)))
    assert are_merged(EVERY[once], cell)
