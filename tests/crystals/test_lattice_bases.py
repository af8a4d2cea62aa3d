"""Against all bases there are, tried one by one."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice

from spacegrouper.crystals.lattice_bases import (
    bases_with_lengths,
    cosines,
    lengths_and_cosines,
)

VECTORS = [vector for vector in itertools.product((0, 1, -1), repeat=3) if any(vector)]


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([(4, 4, 4), (4, 4, 6), (4, 5, 6)]), st.sampled_from([60, 75, 90]))
def test_all_bases_of_these_lengths_are_found(lengths, angle):
    lattice = Lattice.from_parameters(*lengths, angle, 90, 90).matrix
    wanted = np.linalg.norm(lattice, axis=1)
    expected = [
        basis
        for basis in itertools.product(VECTORS, repeat=3)
        if (np.abs(np.linalg.norm(basis @ lattice, axis=1) / wanted - 1) < 1e-5).all()
        and round(abs(np.linalg.det(basis))) == 1
    ]
    np.testing.assert_array_equal(bases_with_lengths(lattice, wanted, 1e-5), expected)


def test_no_basis_has_lengths_that_no_vector_has():
    found = bases_with_lengths(np.eye(3), np.array([1, 1, 5.0]), 1e-5)
    assert found.shape == (0, 3, 3)


def test_lengths_and_cosines_are_those_of_pymatgen():
    lattices = np.random.default_rng(0).normal(size=(20, 3, 3))
    lengths, angles = lengths_and_cosines(lattices)
    expected = [Lattice(lattice) for lattice in lattices]
    np.testing.assert_allclose(lengths, [lattice.lengths for lattice in expected])
    degrees = [lattice.angles for lattice in expected]
    np.testing.assert_allclose(angles, np.cos(np.radians(degrees)), atol=1e-9)
    np.testing.assert_array_equal(cosines(lattices), angles)
