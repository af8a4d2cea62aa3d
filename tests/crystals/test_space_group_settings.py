import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_crystals import random_crystal

from spacegrouper.crystals.space_group_settings import Setting, settings_by_number

OF_THE_TABLES = {number: settings_by_number(number)[0][-1] for number in range(1, 231)}


@given(st.integers(1, 230), st.integers(0, 2))
def test_a_cell_that_is_one_per_cent_longer_keeps_the_symmetry_of_free_edges_alone(number, axis):
    lattice = random_crystal(number).lattice
    setting = OF_THE_TABLES[number]
    assert setting.preserves(lattice)
    longer = lattice.copy()
    longer[axis] *= 1.01
    # c of a tetragonal or hexagonal cell is free; of a cubic one no edge is.
    assert setting.preserves(longer) == (number < 75 or (number < 195 and axis == 2))


@given(st.integers(1, 74), st.tuples(*[st.integers(0, 23)] * 3))
def test_a_setting_has_the_axes_of_its_symbol_about_any_origin(number, step):
    setting = OF_THE_TABLES[number]
    about = gemmi.Op("x,y,z")
    about.tran = list(step)
    moved = frozenset(
        (about * operation * about.inverse()).wrap() for operation in setting.operations
    )
    assert Setting("moved", number, "", moved).has_axes_of(setting)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("P 1 21/c 1", "P 1 21/n 1", False),
        ("P 1 21/c 1", "P 1 1 21/b", False),
        ("P n m a", "P b n m", False),
        ("P n n n:1", "P n n n:2", True),
        ("C 2 2 21", "P 21 21 21", False),
    ],
)
def test_other_axes_are_told_from_another_origin(one, other, same):
    first, second = (
        Setting(group.hm, group.number, "", frozenset(each.wrap() for each in group.operations()))
        for name in (one, other)
        for group in gemmi.spacegroup_table()
        if group.xhm() == name
    )
    assert first.has_axes_of(second) == same
    assert second.has_axes_of(first) == same


@given(st.integers(1, 230))
def test_matrices_are_a_group_that_begins_with_the_identity(number):
    matrices = OF_THE_TABLES[number].matrices()
    np.testing.assert_array_equal(matrices[0], np.eye(4))
    known = {_key(matrix) for matrix in matrices}
    assert (
        len(known)
        == len(matrices)
        == len(gemmi.get_spacegroup_reference_setting(number).operations())
    )
    assert {_key(matrices[-1] @ matrix) for matrix in matrices} == known


def _key(matrix):
    twelfths = np.rint(24 * matrix).astype(int)
    twelfths[:3, 3] %= 24
    return tuple(twelfths.ravel().tolist())
