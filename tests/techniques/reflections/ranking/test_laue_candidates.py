"""Subgroups of lattices' rotations, their axes, and which of them a list has."""

import gemmi
import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.group_settings import settings_in_axes
from spacegrouper.techniques.reflections.ranking.laue_candidates import (
    laue_candidates,
    rotations_of,
)
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list

# A group of each Laue class, of a cubic lattice, whose subgroups they are.
SUBGROUPS = {"P 1": 1, "P 2": 2, "P 2 2 2": 5, "P 4 2 2": 10, "P 6 2 2": 16, "P 4 3 2": 30}


@pytest.mark.parametrize("name", SUBGROUPS)
def test_all_subgroups_of_a_lattice_have_axes_with_space_groups(name):
    number = gemmi.SpaceGroup(name).number
    measured = simulated_list(random_crystal(number), CAREFUL, np.random.default_rng(2))
    reduced = reduced_list(measured)
    rotations = rotations_of(reduced)
    found = laue_candidates(reduced, rotations, 100)
    assert len(found) == SUBGROUPS[name]
    for candidate in found:
        assert np.linalg.det(candidate.axes) > 0
        turns = rotations.matrices[candidate.members]
        assert settings_in_axes(turns, candidate.axes), len(turns)


@pytest.mark.parametrize("number", [2, 13, 48, 84, 126, 147, 162, 164, 175, 192, 201, 222, 203])
def test_the_laue_class_is_the_likeliest(number):
    measured = simulated_list(random_crystal(number), CAREFUL, np.random.default_rng(3))
    reduced = reduced_list(measured)
    rotations = rotations_of(reduced)
    best = laue_candidates(reduced, rotations, 1)[0]
    order = len(gemmi.find_spacegroup_by_number(number).operations().sym_ops)
    assert 2 * best.members.sum() == order
