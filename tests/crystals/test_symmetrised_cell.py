"""Against the average over the operations as it is written, on real and made-up crystals."""

import gemmi
import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.symmetrised_cell import symmetrised


@pytest.fixture(scope="module")
def crystals():
    return prototype_crystals(PrototypesSource(space_groups=20, crystals_per_space_group=2), seed=0)


def average(places, ideal, axes, rotations, translations):
    """The mean of the images of all atoms by all operations, each seen from the nearest place."""
    images = (places @ rotations.transpose(0, 2, 1) + translations[:, None]).reshape(-1, 3)
    apart = images[:, None] - ideal
    apart -= np.round(apart)
    nearest = np.linalg.norm(apart @ axes, axis=2).argmin(axis=1)
    return ideal + [apart[nearest == place, place].mean(axis=0) for place in range(len(ideal))]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 39), st.integers(0, 10**6))
def test_atoms_are_at_the_mean_of_their_images(crystals, index, seed):
    crystal = crystals[index]
    numbers = np.array([gemmi.Element(name).atomic_number for name in crystal.species])
    off = np.random.default_rng(seed).normal(0, 0.005, crystal.frac_coords.shape)
    coords = crystal.frac_coords + off @ np.linalg.inv(crystal.lattice)
    found = spglib.get_symmetry_dataset((crystal.lattice, coords, numbers), symprec=0.1)
    operations = spglib.get_symmetry_from_database(found.hall_number)
    rotations, translations = operations["rotations"].astype(int), operations["translations"]
    cell = (crystal.lattice, numbers, coords)
    axes, elements, averages = symmetrised(cell, found, rotations, translations)
    np.testing.assert_array_equal(elements, found.std_types)
    turned = rotations.transpose(0, 2, 1) @ (axes @ axes.T) @ rotations
    np.testing.assert_allclose(turned, np.tile(axes @ axes.T, (len(turned), 1, 1)), atol=1e-9)
    places = coords @ found.transformation_matrix.T + found.origin_shift
    for number in np.unique(numbers):
        expected = average(
            places[numbers == number],
            found.std_positions[elements == number],
            axes,
            rotations,
            translations,
        )
        np.testing.assert_allclose(averages[elements == number], expected, atol=1e-12)
