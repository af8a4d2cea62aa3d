"""The true group is a candidate with the true absences, in whatever axes the list is."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.cells import metrics_of
from spacegrouper.techniques.reflections.ranking.features import FEATURES, candidates_of
from spacegrouper.techniques.reflections.ranking.group_settings import told_apart
from spacegrouper.techniques.reflections.ranking.simulated_list import (
    simulated_list,
    unimodular,
)

EXACT = replace(CAREFUL, jitter=((1e-4, 1e-4),) * 2, counts=(1e6, 1e6))
GROUPS = [1, 5, 9, 14, 15, 29, 43, 60, 68, 88, 114, 142, 146, 151, 159, 167, 176, 205, 220, 230]


@pytest.mark.parametrize("number", GROUPS)
def test_what_a_candidate_forbids_is_what_gemmi_forbids(number):
    crystal = random_crystal(number, scale=1.5)
    measured = simulated_list(crystal, EXACT, np.random.default_rng(number))
    found = candidates_of(measured)
    row = next(row for row in found.rows if row.setting.number == told_apart(number))
    assert row.laue == 0
    # Reflections that are not there, in the axes of the setting and of the list.
    indices = measured.hkl @ row.axes.T
    absent = row.setting.operations.systematic_absences(indices.round().astype(np.int32))
    strong = measured.intensity > 10 * measured.sigma
    assert not (absent & strong).any()
    standard = np.linalg.inv(row.setting.to_standard).T @ row.axes
    group = gemmi.get_spacegroup_reference_setting(row.setting.number).operations()
    again = group.systematic_absences((measured.hkl @ standard.T).round().astype(np.int32))
    assert np.array_equal(absent, again)


@pytest.mark.parametrize("number", [14, 62, 148, 166, 225])
@pytest.mark.parametrize("merged", [0, 1])
def test_other_axes_change_nothing(number, merged):
    measuring = replace(EXACT, merged=merged, twins=1, counts=(1e4, 1e4))
    measured = simulated_list(
        random_crystal(number, scale=1.5), measuring, np.random.default_rng(5)
    )
    turn = unimodular(np.random.default_rng(6))
    lattice = turn @ np.linalg.cholesky(metrics_of(measured.cell[None])[0])
    edges = np.linalg.norm(lattice, axis=1)
    unit = lattice / edges[:, None]
    angles = np.degrees(np.arccos([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]]))
    turned = replace(
        measured,
        hkl=(measured.hkl @ turn.T).round().astype(np.int32),
        cell=np.concatenate([edges, angles]),
    )
    one, other = candidates_of(measured), candidates_of(turned)
    groups = [[row.setting.number for row in found.rows] for found in (one, other)]
    assert groups[0] == groups[1]
    assert np.allclose(one.features, other.features, rtol=1e-7, atol=1e-7, equal_nan=True)


def test_centre_and_screw_axis_show_in_their_features():
    column = {name: place for place, name in enumerate(FEATURES)}
    measured = simulated_list(random_crystal(19), EXACT, np.random.default_rng(0))
    found = candidates_of(measured)
    features = {
        row.setting.number: found.features[i] for i, row in reversed(list(enumerate(found.rows)))
    }
    assert features[19][column["absence_1"]] > features[16][column["absence_1"]] + 10
    assert features[19][column["i_absent_axial"]] < 2
    assert features[16][column["missed_axial"]] > 10
    assert found.twin_test.measured.e_squared < 0.85
