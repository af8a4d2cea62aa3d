import numpy as np
import pytest
from drawn_micrographs import CENTRE, VECTORS, any_intensity, drawn

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.centre import centre_of
from spacegrouper.techniques.micrographs.ground import ground_of
from spacegrouper.techniques.micrographs.micrograph import Floats
from spacegrouper.techniques.micrographs.plane_lattice import PlaneLattice, plane_lattice, reduced
from spacegrouper.techniques.micrographs.spots import integrated, spots_of


def found(counts: Floats) -> PlaneLattice:
    centre = centre_of(counts)
    return plane_lattice(spots_of(ground_of(counts, centre)), centre)


@pytest.mark.parametrize("stop", [0, 12])
def test_the_beam_is_found_off_the_middle_and_behind_a_stop(stop: int) -> None:
    counts = drawn(stop=stop)
    np.testing.assert_allclose(centre_of(counts), CENTRE, atol=1.0)
    np.testing.assert_allclose(found(counts).origin, CENTRE, atol=0.3)


def test_a_stop_is_hidden_and_a_pattern_without_one_is_not() -> None:
    hidden = ground_of(drawn(stop=12), CENTRE).hidden
    assert hidden[121, 134]
    assert hidden[220, 134]
    assert not hidden[30, 134]
    assert hidden.mean() < 0.1
    assert not ground_of(drawn(), CENTRE).has_stop


def test_the_lattice_is_that_of_the_spots() -> None:
    lattice = found(drawn(stop=12))
    np.testing.assert_allclose(
        np.abs(lattice.vectors @ np.linalg.inv(VECTORS)).round(3), np.eye(2), atol=0.01
    )
    assert lattice.residual < 0.5
    assert lattice.on.mean() > 0.9


def test_weak_spots_between_strong_ones_belong_to_the_lattice() -> None:
    lattice = found(drawn(lambda h, k: any_intensity(h, k) * (0.03 if h % 2 else 1)))
    assert np.linalg.norm(lattice.vectors, axis=1).min() == pytest.approx(24.05, rel=0.01)


def test_intensities_are_those_of_the_spots() -> None:
    nodes = [(1, 0), (0, 1), (1, 1), (-1, 1), (2, 1), (-2, 0)]
    places = CENTRE + np.array(nodes) @ VECTORS
    sums, sigma, whole = integrated(ground_of(drawn(), CENTRE), places, 5.0)
    falling = np.exp(-((np.linalg.norm(places - CENTRE, axis=1) / 90) ** 2))
    heights = 3000 * np.array([any_intensity(*node) for node in nodes]) * falling
    assert whole.all()
    np.testing.assert_allclose(sums, heights * 2 * np.pi * 1.5**2, rtol=0.1)
    assert (sums > 10 * sigma).all()


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
