from dataclasses import replace

import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.merged_list import merged_list
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list


def test_equivalents_of_a_monoclinic_class_are_merged() -> None:
    measuring = replace(CAREFUL, jitter=((0, 0),) * 2)
    measured = simulated_list(random_crystal(4), measuring, np.random.default_rng(1))
    reflections = reduced_list(measured)
    # A two-fold axis along b of the reduced cell, whether the crystal has it there or not.
    matrices = np.array([np.eye(3, dtype=int), np.diag([-1, 1, -1])])
    lowest = np.array([[0, 2, 0], [1, 0, 1], [1, 1, 1], [97, 0, 0]])
    merged = merged_list(reflections, matrices, np.eye(3, dtype=int), lowest)

    own = {tuple(hkl) for hkl in merged.hkl[merged.listed].tolist()}
    assert all((-h, k, -l) not in own or (h, l) == (0, 0) for h, k, l in own)
    assert merged.z[merged.listed].sum() <= reflections.z.sum()
    on_axis = (merged.hkl[:, [0, 2]] == 0).all(axis=1)
    assert np.array_equal(merged.axial, on_axis)
    assert np.array_equal(merged.zonal, (merged.hkl[:, 1] == 0) & ~on_axis)
    far = np.abs(merged.hkl[:, 0]) == 97
    assert merged.expected[far].tolist() == [True]
    assert np.isnan(merged.z[far]).all()
    first = merged.listed & ~merged.axial & ~merged.zonal
    h, k, l = merged.hkl[first][0]
    mates = [[h, k, l], [-h, k, -l], [-h, -k, -l], [h, -k, l]]
    given = np.array([hkl in mates for hkl in reflections.hkl.tolist()])
    assert merged.z[first][0] == pytest.approx(reflections.z[given].mean())
