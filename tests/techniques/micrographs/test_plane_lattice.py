import numpy as np
import pytest
from drawn_micrographs import CENTRE, VECTORS, any_intensity, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.centre import centre_of
from spacegrouper.techniques.micrographs.ground import ground_of
from spacegrouper.techniques.micrographs.micrograph import Floats
from spacegrouper.techniques.micrographs.plane_lattice import PlaneLattice, plane_lattice, reduced
from spacegrouper.techniques.micrographs.spots import spots_of


def found(counts: Floats) -> PlaneLattice:
    centre = centre_of(counts)
    return plane_lattice(spots_of(ground_of(counts, centre)), centre)


def test_the_lattice_is_that_of_the_spots() -> None:
    lattice = found(drawn(stop=12))
    np.testing.assert_allclose(lattice.origin, CENTRE, atol=0.3)
    np.testing.assert_allclose(
        np.abs(lattice.vectors @ np.linalg.inv(VECTORS)).round(3), np.eye(2), atol=0.01
    )
    assert lattice.residual < 0.5
    assert lattice.on.mean() > 0.9


@settings(max_examples=15)
@given(st.floats(12, 40), st.floats(1, 1.8), st.floats(60, 90), st.integers(0, 2**32 - 1))
def test_places_near_nodes_give_the_lattice_of_the_nodes(
    shortest: float, ratio: float, angle: float, seed: int
) -> None:
    turn, random = np.radians(angle), np.random.default_rng(seed)
    vectors = shortest * np.array([[1, 0], [ratio * np.cos(turn), ratio * np.sin(turn)]])
    nodes = np.stack(np.meshgrid(np.arange(-6, 7), np.arange(-6, 7)), axis=-1).reshape(-1, 2)
    # A third of the spots are too weak to be seen, and some stand anywhere.
    places = CENTRE + random.permutation(nodes)[:110] @ vectors + random.normal(0, 0.3, (110, 2))
    strays = CENTRE + random.uniform(-6, 6, (10, 2)) @ vectors
    lattice = plane_lattice(np.concatenate([places, strays]), CENTRE)
    sums = lattice.vectors @ np.linalg.inv(vectors)
    np.testing.assert_allclose(sums, np.rint(sums), atol=0.02)
    assert abs(np.linalg.det(np.rint(sums))) == 1
    np.testing.assert_allclose(lattice.origin, CENTRE, atol=0.3)
    assert lattice.on[:110].mean() > 0.95


def test_weak_spots_between_strong_ones_belong_to_the_lattice() -> None:
    lattice = found(drawn(lambda h, k: any_intensity(h, k) * (0.03 if h % 2 else 1)))
    assert np.linalg.norm(lattice.vectors, axis=1).min() == pytest.approx(24.05, rel=0.01)


@pytest.mark.parametrize("part", [2, 3])
def test_few_weak_spots_between_make_the_lattice_finer(part: int) -> None:
    nodes = np.stack(np.meshgrid(np.arange(-4, 5), np.arange(-4, 5)), axis=-1).reshape(-1, 2)
    weak = nodes[::8] + np.array([1 / part, 0])
    lattice = plane_lattice(CENTRE + np.concatenate([nodes, weak]) @ VECTORS, CENTRE)
    assert abs(np.linalg.det(lattice.vectors)) == pytest.approx(
        abs(np.linalg.det(VECTORS)) / part, rel=0.01
    )
    assert lattice.on.all()


def test_noise_is_no_pattern() -> None:
    noise = np.random.default_rng(1).poisson(30, (256, 256)).astype(float)
    with pytest.raises(UserError, match=r"spots stand out|no diffraction pattern|on one lattice"):
        found(noise)


def test_spots_at_random_are_on_no_lattice() -> None:
    generator = np.random.default_rng(2)
    counts = generator.poisson(20, (256, 256)).astype(float)
    for row, column in generator.integers(8, 248, (60, 2)):
        counts[row - 1 : row + 2, column - 1 : column + 2] += 500
    with pytest.raises(UserError, match="on one lattice"):
        found(counts)


@pytest.mark.parametrize("angle", [90.0, 60.0, 120.0, 75.0])
def test_a_reduced_lattice_is_the_same_in_all_axes(angle: float) -> None:
    radians = np.radians(angle)
    vectors = np.array([[10.0, 0.0], [10 * np.cos(radians), 10 * np.sin(radians)]])
    other = np.array([[3, 1], [5, 2]]) @ vectors
    np.testing.assert_allclose(
        np.linalg.norm(reduced(other), axis=1), np.linalg.norm(reduced(vectors), axis=1)
    )
    assert abs(np.linalg.det(reduced(other))) == pytest.approx(abs(np.linalg.det(vectors)))
