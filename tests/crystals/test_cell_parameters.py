"""Against pymatgen's Lattice, to the last bit."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from pymatgen.core import Lattice

from spacegrouper.crystals.cell_parameters import angles_of, lattice_of, lengths_of

VECTORS = st.lists(st.floats(-30, 30), min_size=9, max_size=9)


@given(VECTORS)
def test_lengths_and_angles_are_those_of_pymatgen(numbers):
    vectors = np.reshape(numbers, (3, 3))
    assume(abs(np.cross(vectors[0], vectors[1]) @ vectors[2]) > 1e-3)
    lattice = Lattice(vectors)
    assert tuple(lengths_of(vectors)) == lattice.lengths
    assert tuple(angles_of(vectors)) == lattice.angles


@given(st.tuples(*[st.floats(1, 100)] * 3), st.tuples(*[st.floats(70, 110)] * 3))
def test_the_lattice_of_lengths_and_angles_is_that_of_pymatgen(lengths, angles):
    lattice = lattice_of(np.array(lengths), np.array(angles))
    np.testing.assert_array_equal(lattice, Lattice.from_parameters(*lengths, *angles).matrix)
    np.testing.assert_allclose(lengths_of(lattice), lengths)
    np.testing.assert_allclose(angles_of(lattice), angles)
    np.testing.assert_array_equal(lattice[[0, 2, 2], [1, 0, 1]], 0)
