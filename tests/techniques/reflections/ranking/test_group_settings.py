"""Settings hold against gemmi's reference settings, and none that a list may be in is missing."""

import gemmi
import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.group_settings import (
    enantiomorphs,
    settings_in_axes,
    told_apart,
)

GRID = np.indices((7, 7, 7)).reshape(3, -1).T - 3


def rotations_of(operations):
    return np.array([operation.rot for operation in operations.sym_ops]) // gemmi.Op.DEN


def proper(matrices):
    return np.unique(matrices * np.linalg.det(matrices).round().astype(int)[:, None, None], axis=0)


def settings_of(number):
    """Return the settings in the axes of the reference setting of a group."""
    group = gemmi.get_spacegroup_reference_setting(number)
    primitive = np.array(group.centred_to_primitive().rot).T / gemmi.Op.DEN
    axes = np.linalg.inv(primitive).round().astype(int)
    to_primitive = np.linalg.inv(primitive.T)
    turns = to_primitive @ proper(rotations_of(group.operations())) @ primitive.T
    return settings_in_axes(turns.round().astype(int), axes)


@pytest.mark.parametrize("number", [3, 14, 15, 33, 64, 75, 148, 150, 162, 205, 227])
def test_the_transformation_to_the_standard_axes_takes_absences_along(number):
    found = [setting for setting in settings_of(number) if setting.number == number]
    assert found
    standard = gemmi.get_spacegroup_reference_setting(number).operations()
    for setting in found:
        indices = GRID @ np.linalg.inv(setting.to_standard)
        whole = np.abs(indices - indices.round()).max(axis=1) < 1e-6
        absent = setting.operations.systematic_absences(GRID[whole].astype(np.int32))
        there = standard.systematic_absences(indices[whole].round().astype(np.int32))
        assert np.array_equal(absent, there)
        assert absent.any() or number in (3, 75, 150, 162)


def test_each_group_is_in_the_axes_of_its_reference_setting():
    for number in range(1, 231):
        assert told_apart(number) in {setting.number for setting in settings_of(number)}, number


def test_both_orientations_of_pa3_are_there():
    assert len([setting for setting in settings_of(205) if setting.number == 205]) == 2


def test_enantiomorphic_groups_are_those_that_gemmi_has():
    pairs = {
        number: other
        for number in range(1, 231)
        for other in range(1, number)
        if gemmi.find_spacegroup_by_number(number).is_enantiomorphic()
        and mirrored(number) == frozenset(gemmi.find_spacegroup_by_number(other).operations())
    }
    assert pairs == enantiomorphs()


def mirrored(number):
    turn = gemmi.Op("-x,-y,-z")
    operations = gemmi.find_spacegroup_by_number(number).operations()
    return frozenset((turn * operation * turn).wrap() for operation in operations)
