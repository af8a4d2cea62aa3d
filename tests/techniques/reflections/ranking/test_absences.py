import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.absences import (
    PATTERN_FEATURES,
    WHOLE_LISTS,
    conditions,
    pattern_features,
)
from spacegrouper.techniques.reflections.ranking.merged_list import MergedList
from spacegrouper.techniques.reflections.ranking.wilson import log_likelihoods

# 0k0 with k = 1 to 4, of which the odd ones are absent and the last was not measured; h00.
Z = np.array([0.0, 2.0, 0.01, np.nan, 1.0])
SIGMA = np.where(np.isnan(Z), np.nan, 0.02)
LISTED = ~np.isnan(Z)
MERGED = MergedList(
    hkl=np.array([[0, 1, 0], [0, 2, 0], [0, 3, 0], [0, 4, 0], [1, 0, 0]]),
    z=Z,
    sigma_z=SIGMA,
    listed=LISTED,
    expected=np.ones(5, dtype=bool),
    axial=np.array([True, True, True, True, False]),
    zonal=np.array([False, False, False, False, True]),
)
SPECIAL = np.arange(5)
SCREW = np.array([True, False, True, False, False])


def test_conditions_count_what_is_forbidden_and_what_is_allowed() -> None:
    axial, zonal, allowed_axial, allowed_zonal = conditions(SCREW, MERGED, SPECIAL)
    assert (axial.number, axial.expected) == (2, 2)
    assert axial.i_over_sigma == pytest.approx(0.25)
    assert (zonal.number, zonal.expected) == (0, 0)
    assert np.isnan(zonal.i_over_sigma)
    assert (allowed_axial.number, allowed_axial.expected) == (1, 2)
    assert allowed_axial.i_over_sigma == 50  # of 100, what is counted at most
    assert allowed_zonal.number == 1


def test_a_true_screw_axis_is_preferred_to_none_and_to_a_false_one() -> None:
    likelihoods = np.full((5, 2 + len(WHOLE_LISTS.values)), np.nan)
    likelihoods[LISTED] = log_likelihoods(Z[LISTED], SIGMA[LISTED], np.array(WHOLE_LISTS.values))
    masks = np.array([SCREW, np.zeros(5, dtype=bool), [False, True, False, True, False]])
    features, chosen = pattern_features(masks, MERGED, SPECIAL, likelihoods, WHOLE_LISTS)
    assert chosen.argmax() == 0
    assert chosen[1] == 0
    assert chosen[2] < 0
    column = {name: features[:, place] for place, name in enumerate(PATTERN_FEATURES)}
    assert column["absent"].tolist() == [2, 0, 1]
    assert column["missing"].tolist() == [0, 0, 1]
    assert column["missed_axial"][0] == 0
    assert column["missed_axial"][1] == pytest.approx(column["missed_axial"][2])
