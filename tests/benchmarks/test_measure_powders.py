"""How groups and their kinds are counted."""

import numpy as np
from measure_powders import GROUPS, share, summed

from spacegrouper.crystals.symmetry import crystal_systems


def test_a_kind_is_named_by_the_sum_of_its_groups() -> None:
    found = np.zeros((1, 230))
    found[0, [0, 200, 220]] = 0.4, 0.3, 0.3
    systems = crystal_systems(GROUPS)
    assert summed(found, systems, nearest=False).tolist() == ["cubic"]
    assert summed(found, systems, nearest=True).tolist() == ["triclinic"]


def test_shares_have_their_intervals() -> None:
    # Wilson's, of 5 of 10.
    assert share(np.arange(10) < 5) == "50.0 (23.7-76.3)"
