import numpy as np

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.tolerances import space_groups_within


def test_a_distortion_counts_below_its_size() -> None:
    """Caesium chloride whose chlorine is 0.02 Angstrom from the middle of the cell, along c."""
    coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5 + 0.02 / 4]])
    crystal = Crystal("a", 4.0 * np.eye(3), ("Cs", "Cl"), coords)
    assert space_groups_within(crystal) == {0.001: 99, 0.01: 99, 0.1: 221}


def test_an_angle_counts_too() -> None:
    """At 90.1 degrees an axis of 4 Angstrom is 0.007 Angstrom from where it would be."""
    angle = np.radians(90.1)
    lattice = 4.0 * np.array([[1, 0, 0], [0, 1, 0], [np.cos(angle), 0, np.sin(angle)]])
    crystal = Crystal("a", lattice, ("Cs", "Cl"), np.array([[0, 0, 0], [0.5] * 3]))
    found = space_groups_within(crystal)
    assert found[0.001] != 221
    assert found[0.1] == 221
