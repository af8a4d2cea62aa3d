"""The lattice of spots: found whatever it is, also with spots that are absent, weak or astray."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.techniques.patterns.spot_lattice import lattice_of_spots, spots_of

REACH = 1.4  # 1/Angstrom


def nodes(q: float, p: float, offset: float) -> NDArray[np.float64]:
    """All nodes (n, 2) within reach of a lattice of rows 1 / q apart, along v."""
    m, n = np.meshgrid(np.arange(-100, 101), np.arange(-100, 101), indexing="ij")
    places = np.stack([m / q, (n + m * offset) / p], axis=-1).reshape(-1, 2)
    return places[np.linalg.norm(places, axis=1) <= REACH]


def assert_same_lattice(
    found: NDArray[np.float64], q: float, p: float, offset: float, tolerance: float = 0.01
) -> None:
    expected = np.array([[1 / q, offset / p], [0, 1 / p]])
    assert found.any()
    # Steps of one lattice in those of the other are whole numbers, and areas are equal.
    steps = found @ np.linalg.inv(expected)
    np.testing.assert_allclose(steps, np.rint(steps), atol=tolerance)
    assert abs(np.linalg.det(steps)) == pytest.approx(1, rel=tolerance)


def found_of(places: NDArray[np.float64]) -> NDArray[np.float64]:
    u, v = np.ascontiguousarray(places.T)
    found: NDArray[np.float64] = lattice_of_spots(u, v)
    return found


lattices = st.tuples(st.floats(3, 30), st.floats(3, 30), st.floats(-0.5, 0.5))


@given(lattices, st.integers(0, 2**32), st.floats(0, 0.6))
def test_a_lattice_is_found_from_a_part_of_its_nodes(
    lattice: tuple[float, float, float], seed: int, absent: float
) -> None:
    random = np.random.default_rng(seed)
    places = nodes(*lattice)
    kept = places[random.random(len(places)) >= absent]
    kept = kept + random.normal(0, 3e-4, kept.shape)
    chosen = kept[random.permutation(len(kept))[:300]]
    assume(len(chosen) > 60)
    assert_same_lattice(found_of(chosen), *lattice)


def test_weak_spots_between_strong_ones_make_the_lattice_finer() -> None:
    superlattice = nodes(9.0, 8.0, 0.0)
    index = np.rint(superlattice * [9.0, 8.0]).astype(int)
    strong = (index % 2 == 0).all(axis=1)
    some = np.random.default_rng(0).random(len(strong)) < 0.5
    assert_same_lattice(found_of(superlattice[strong | some]), 9.0, 8.0, 0.0)
    # Half of them are absent by a glide plane: what is left is a lattice of shorter periods.
    assert_same_lattice(found_of(superlattice[index[:, 0] % 2 == 0]), 4.5, 8.0, 0.0)


def test_a_turn_about_the_beam_is_fitted() -> None:
    turn = np.radians(1.0)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    places = nodes(5.0, 6.0, 0.0)
    places = places[np.argsort(np.linalg.norm(places, axis=1))]
    found = found_of(places @ rotation.T)
    np.testing.assert_allclose(found, np.diag([1 / 5, 1 / 6]) @ rotation.T, atol=1e-6)


def test_spots_astray_do_not_matter() -> None:
    random = np.random.default_rng(0)
    places = np.concatenate([nodes(7.0, 11.0, 0.3), random.uniform(-1, 1, (25, 2))])
    assert_same_lattice(found_of(places), 7.0, 11.0, 0.3, 0.03)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_spots_are_no_lattice(count: int) -> None:
    assert not found_of(nodes(5.0, 6.0, 0.0)[:count]).any()


def test_spots_at_random_and_in_one_row_are_no_lattice() -> None:
    random = np.random.default_rng(1)
    assert not found_of(random.uniform(-1, 1, (200, 2))).any()
    row = np.stack([np.zeros(9), np.arange(-4, 5) / 5], axis=1)
    assert not found_of(row).any()


def test_spots_are_placed_to_a_part_of_a_pixel() -> None:
    rows, columns = np.mgrid[:64, :64]
    places = np.array([[10.3, 20.6], [40.0, 31.5], [50.8, 8.1]])
    heights = np.array([60000, 30000, 45000])
    # The logarithm of a Gaussian is a paraboloid, as spots are on a logarithmic scale.
    pattern = np.zeros((64, 64))
    for (row, column), height in zip(places, heights, strict=True):
        spot = height - 900 * ((rows - row) ** 2 + (columns - column) ** 2)
        pattern = np.maximum(pattern, spot)
    found = spots_of(pattern.astype(np.uint16), 2000.0)
    order = [0, 2, 1]  # the brightest first
    np.testing.assert_allclose(found.rows, places[order, 0], atol=0.01)
    np.testing.assert_allclose(found.columns, places[order, 1], atol=0.01)


def test_faint_pixels_and_equal_neighbours_are_no_spots_of_their_own() -> None:
    pattern = np.zeros((20, 20), np.uint8)
    pattern[5, 5:7] = 200
    pattern[12, 12] = 20
    found = spots_of(pattern, 20.0)
    assert (found.rows.tolist(), found.columns.tolist()) == ([5.0], [5.0])
    assert spots_of(np.zeros((20, 20), np.uint8), 20.0).rows.size == 0
