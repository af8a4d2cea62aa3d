"""Known strains and moves must be measured, whatever the cells they are written in."""

import numpy as np
import pytest
from written_anew import written_in

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.differences import difference

RUTILE = Crystal(
    "rutile",
    np.diag([4.594, 4.594, 2.959]),
    ("Ti", "Ti", "O", "O", "O", "O"),
    np.array(
        [
            [0, 0, 0],
            [0.5, 0.5, 0.5],
            [0.305, 0.305, 0],
            [0.695, 0.695, 0],
            [0.195, 0.805, 0.5],
            [0.805, 0.195, 0.5],
        ]
    ),
)
SALT = Crystal(
    "salt",
    5.64 * np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    ("Na", "Cl"),
    np.array([[0.1] * 3, [0.6] * 3]),
)


def written_anew(crystal, seed):
    random = np.random.default_rng(seed)
    matrix = np.array([[1, 0, 0], [2, 1, 0], [-1, 1, 1]])[random.permutation(3)]
    return written_in(crystal, matrix, random, seed)


def deformed(crystal, strain, atom, step):
    """Strained along x, and one atom moved by a step in Angstrom."""
    coords = crystal.frac_coords.copy()
    coords[atom] += step @ np.linalg.inv(crystal.lattice)
    return Crystal(
        crystal.id, crystal.lattice @ np.diag([1 + strain, 1, 1]), crystal.species, coords
    )


@pytest.mark.parametrize("crystal", [RUTILE, SALT])
@pytest.mark.parametrize("seed", range(5))
def test_a_crystal_written_anew_does_not_differ(crystal, seed):
    found = difference(crystal, written_anew(crystal, seed))
    assert found is not None
    assert found.strain < 1e-9
    assert found.move < 1e-9
    assert found.within_tolerances


@pytest.mark.parametrize("crystal", [RUTILE, SALT])
@pytest.mark.parametrize("atom", [0, -1])
@pytest.mark.parametrize(("strain", "length"), [(0, 0.06), (0.005, 0), (-0.02, 0.3), (0, 0.012)])
def test_strain_and_moves_are_measured(crystal, atom, strain, length):
    step = length * np.array([2, -3, 6]) / 7
    later = written_anew(deformed(crystal, strain, atom, step), seed=atom % 7)
    found = difference(crystal, later)
    assert found is not None
    assert found.strain == pytest.approx(abs(strain), abs=1e-9)
    assert found.move == pytest.approx(length, rel=abs(strain) + 1e-6, abs=1e-9)
    assert not found.within_tolerances


def test_mirror_images_do_not_differ_and_supercells_neither():
    places = np.array([[0, 0, 0], [0.2, 0.3, 0.1], [0.5, 0.1, 0.7], [0.8, 0.6, 0.4]])
    lattice = np.array([[5.1, 0, 0], [1.3, 6.2, 0], [-0.7, 1.1, 7.3]])
    hand = Crystal("hand", lattice, ("Ti", "O", "O", "Ba"), places)
    other = Crystal("hand", lattice, hand.species, -places)
    twice = Crystal(
        "twice",
        lattice * [[2], [1], [1]],
        hand.species * 2,
        np.vstack([places, places + np.array([1, 0, 0])]) / [2, 1, 1],
    )
    for second in (other, twice):
        found = difference(hand, second)
        assert found is not None
        assert found.within_tolerances


def test_other_contents_and_other_arrangements_cannot_be_matched():
    caesium_chloride = Crystal(
        "x", 3.5 * np.eye(3), SALT.species, np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    )
    potassium_chloride = Crystal("x", SALT.lattice, ("K", "Cl"), SALT.frac_coords)
    zincblende = Crystal("x", SALT.lattice, SALT.species, np.array([[0, 0, 0], [0.25] * 3]))
    for other in (caesium_chloride, potassium_chloride, zincblende):
        assert difference(SALT, other) is None


def test_an_atom_moved_out_of_the_translation_of_a_supercell_is_found():
    lattice = np.diag([4.0, 4.2, 9.0])
    coords = np.array([[0, 0, 0], [0, 0, 0.5], [0.3, 0.4, 0.1], [0.3, 0.4, 0.6]])
    doubled = Crystal("x", lattice, ("Ti", "Ti", "O", "O"), coords)
    moved = deformed(doubled, 0, 3, np.array([0.06, 0, 0]))
    found = difference(doubled, moved)
    assert found is not None
    assert found.move == pytest.approx(0.06)
