"""Against sorted lists of the coordinates."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.atom_order import SAME_PLACE, atom_order

# On a grid, so that many are equal, and next to it, closer than what counts as equal.
PLACES = st.builds(lambda step, off: step / 4 + off, st.integers(0, 3), st.floats(0, 1e-6))
ATOMS = st.lists(st.tuples(st.integers(1, 3), PLACES, PLACES, PLACES), min_size=1, max_size=30)


@given(ATOMS)
def test_atoms_are_ordered_by_number_and_place(atoms):
    numbers, coords = np.array([atom[0] for atom in atoms]), np.array([atom[1:] for atom in atoms])
    keys = [(number, *(round(place * 4) for place in places)) for number, *places in atoms]
    expected = sorted(range(len(atoms)), key=keys.__getitem__)
    assert atom_order(numbers, coords).tolist() == expected


def test_places_further_apart_than_the_tolerance_are_told_apart():
    numbers = np.array([8, 8])
    coords = np.array([[0.3 + 1.1 * SAME_PLACE, 0.1, 0], [0.3, 0.2, 0]])
    assert atom_order(numbers, coords).tolist() == [1, 0]
    coords[0, 0] = 0.3 + 0.9 * SAME_PLACE
    assert atom_order(numbers, coords).tolist() == [0, 1]
