import gemmi
import numpy as np
import pytest

from spacegrouper.crystals.group_operations import (
    centring_operations,
    matrices_of,
    proper_matrices,
)

ROTATIONS = {
    "-1": 1, "2/m": 2, "mmm": 4, "4/m": 4, "4/mmm": 8, "-3": 3, "-3m": 6, "6/m": 6, "6/mmm": 12,
    "m-3": 12, "m-3m": 24,
}  # fmt: skip
HKL = np.array(np.meshgrid(*[np.arange(-4, 5)] * 3), dtype=np.int32).reshape(3, -1).T
# International Tables A (2016), table 1.6.3.1: reflections of the integral conditions.
CENTRED = {
    "P": lambda h, k, l: h == h,
    "A": lambda h, k, l: (k + l) % 2 == 0,
    "C": lambda h, k, l: (h + k) % 2 == 0,
    "I": lambda h, k, l: (h + k + l) % 2 == 0,
    "F": lambda h, k, l: ((h + k) % 2 == 0) & ((k + l) % 2 == 0),
    "R": lambda h, k, l: (-h + k + l) % 3 == 0,
}


@pytest.mark.parametrize("number", range(1, 231))
def test_a_group_has_the_rotations_of_its_laue_class_and_the_points_of_its_lattice(number):
    group = gemmi.get_spacegroup_reference_setting(number)
    operations = group.operations()
    proper = proper_matrices(operations)
    assert len(proper) == ROTATIONS[group.laue_str()]
    np.testing.assert_allclose(np.linalg.det(proper), 1)
    own = {matrix.tobytes() for matrix in matrices_of(operations)}
    assert own <= {matrix.tobytes() for turn in proper for matrix in (turn, -turn)}
    absent = np.array(centring_operations(operations).systematic_absences(HKL), dtype=bool)
    np.testing.assert_array_equal(~absent, CENTRED[group.centring_type()](*HKL.T))
