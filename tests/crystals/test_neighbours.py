import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.neighbours import closer_than, nearest_distances, reduced_cell

SKEW = np.array([[4.0, 0.0, 0.0], [1.0, 3.5, 0.0], [-0.5, 1.2, 5.0]])


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([1, 2, 3]))
def test_nearest_distances_are_those_among_all_images(seed, atoms, kinds):
    random = np.random.default_rng(seed)
    coords, kind = random.random((atoms, 3)), random.integers(0, kinds, atoms)
    shifts = np.array(list(itertools.product(range(-4, 5), repeat=3)))
    positions = coords @ SKEW
    distances = np.linalg.norm(
        positions[:, None, None] - positions[:, None] - shifts @ SKEW, axis=3
    )
    distances[np.arange(atoms), np.arange(atoms), (shifts == 0).all(axis=1)] = np.inf
    found = nearest_distances(SKEW, kind, coords, 9, 6.0)
    assert found.shape == (atoms, kind.max() + 1, 9)
    for atom, each in itertools.product(range(atoms), range(kind.max() + 1)):
        expected = np.sort(distances[atom, kind == each].ravel())[:9]
        expected = np.concatenate([expected, [np.inf] * (9 - len(expected))])
        np.testing.assert_allclose(found[atom, each], np.minimum(expected, 6.0))


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


def test_a_cell_as_thin_as_a_mistake_makes_it_takes_no_memory():
    assert closer_than(np.diag([1e-7, 1e-7, 1e-7]), np.zeros((1, 3)), 0.5) == (0, 0)


@given(st.integers(0, 10**6), st.sampled_from([0.7, 1.5, 3.0]))
def test_the_first_pair_that_is_too_close_is_found_in_cells_of_any_thickness(seed, distance):
    random = np.random.default_rng(seed)
    lattice = np.diag(random.uniform(1, 8, 3)) @ (np.eye(3) + random.normal(0, 0.1, (3, 3)))
    coords = random.random((random.integers(1, 6), 3))
    lengths = np.linalg.norm(reduced_cell(lattice, coords)[0], axis=1)
    shifts = np.array(list(itertools.product(range(-5, 6), repeat=3)))
    places = coords @ lattice
    apart = np.linalg.norm(places[:, None, None] - places[:, None] - shifts @ lattice, axis=3)
    apart[np.arange(len(coords)), np.arange(len(coords)), (shifts == 0).all(axis=1)] = np.inf
    pairs = np.argwhere(np.triu(apart.min(axis=2) < distance))
    if lengths.min() < distance:
        expected = (0, 0)
    else:
        expected = tuple(pairs[0].tolist()) if len(pairs) else None
    assert closer_than(lattice, coords, distance) == expected
