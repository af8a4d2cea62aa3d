import gemmi
import numpy as np
import pytest

from spacegrouper.crystals.lattice_rotations import (
    axis_of,
    by_length,
    monoclinic_axes,
    orders_of,
)


@pytest.mark.parametrize("number", [3, 16, 89, 150, 177, 207])
def test_orders_and_axes_are_those_of_repeated_rotation(number: int) -> None:
    operations = gemmi.find_spacegroup_by_number(number).operations().sym_ops
    rotations = np.array([operation.rot for operation in operations]) // gemmi.Op.DEN
    for turn, order in zip(rotations, orders_of(rotations), strict=True):
        powers = [np.linalg.matrix_power(turn, power) for power in range(1, order + 1)]
        same = [np.array_equal(power, np.eye(3)) for power in powers]
        assert same == [False] * (order - 1) + [True]
        axis = axis_of(turn)
        assert np.array_equal(turn @ axis, axis)
        assert np.gcd.reduce(axis) == 1


def test_vectors_are_ordered_by_their_length_in_the_lattice() -> None:
    lattice = np.diag([5.0, 3.0, 4.0])
    assert by_length(np.eye(3, dtype=int), lattice).argmax(axis=1).tolist() == [1, 2, 0]


def test_monoclinic_axes_are_those_of_the_tables() -> None:
    lattice = np.array([[3.0, 0, 0], [0, 4, 0], [1, 0, 5]])  # beta below 90 degrees
    a, b, c = monoclinic_axes(np.diag([-1, 1, -1]), lattice)
    assert b.tolist() == [0, 1, 0]
    assert abs(a).tolist() == [1, 0, 0]
    assert (a @ lattice) @ (c @ lattice) <= 0
