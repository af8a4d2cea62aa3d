import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.neighbours import closer_than, periodic_images, reduced_cell

SKEW = np.array([[4.0, 0.0, 0.0], [1.0, 3.5, 0.0], [-0.5, 1.2, 5.0]])


def test_periodic_images_hold_every_neighbour_within_the_radius():
    coords = np.random.default_rng(1).random((3, 3))
    images, owners = periodic_images(SKEW, coords, 6.0)
    shifts = np.array(list(itertools.product(range(-4, 5), repeat=3)))
    everything = (coords[None] + shifts[:, None]).reshape(-1, 3) @ SKEW
    for atom in coords @ SKEW:
        wanted = np.linalg.norm(everything - atom, axis=1)
        found = np.linalg.norm(images - atom, axis=1)
        np.testing.assert_allclose(np.sort(found[found < 6]), np.sort(wanted[wanted < 6]))
    home = np.linalg.solve(SKEW.T, images.T).T
    shift = home - coords[owners]
    np.testing.assert_allclose(shift, np.round(shift), atol=1e-9)


def test_reduced_cell_is_short_and_holds_the_same_crystal():
    skewed = np.array([[1, 0, 0], [5, 1, 0], [-3, 7, 1]]) @ SKEW
    coords = np.random.default_rng(2).random((4, 3))
    lattice, reduced = reduced_cell(skewed, coords)
    assert np.linalg.norm(lattice, axis=1).max() < 6
    np.testing.assert_allclose(abs(np.linalg.det(lattice)), abs(np.linalg.det(skewed)))
    shift = (reduced @ lattice - coords @ skewed) @ np.linalg.inv(skewed)
    np.testing.assert_allclose(shift, np.round(shift), atol=1e-8)
    assert ((reduced >= 0) & (reduced < 1)).all()


@given(st.sampled_from([0.2, 0.49, 0.51, 0.8]), st.tuples(*[st.integers(-3, 3)] * 3))
def test_closer_than_sees_through_cell_borders(distance, shift):
    step = np.array([distance, 0, 0]) @ np.linalg.inv(SKEW)
    first = np.array([0.999, 0.001, 0.5])
    coords = np.array([first, [0.3, 0.4, 0.1], first + step + shift])
    assert closer_than(SKEW, coords, 0.5) == ((0, 2) if distance < 0.5 else None)


def test_an_atom_too_close_to_its_own_image_is_found():
    assert closer_than(np.diag([0.4, 5, 5]), np.zeros((1, 3)), 0.5) == (0, 0)
