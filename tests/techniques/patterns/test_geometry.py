import numpy as np
import pytest

from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.geometry import (
    detector_places,
    make_detector,
    reach,
    rotation_matrices,
    scattering_components,
)


@pytest.mark.parametrize("pixels", [4, 5])
def test_pixels_lie_on_the_ewald_sphere(pixels: int) -> None:
    settings = Simulate(pixels=pixels, pixel_size=1e-3)
    detector = make_detector(settings)
    # The scattered wave k0 + s is as long as the incoming one, k0 = 1 / wavelength along z.
    scattered = detector.s + np.array([[0], [0], [1 / 0.035]])
    np.testing.assert_allclose(np.linalg.norm(scattered, axis=0), 1 / 0.035, rtol=1e-12)
    assert np.any(np.all(detector.s == 0, axis=0)) == (pixels % 2 == 1)


@pytest.mark.parametrize("ewald_sphere", ["curved", "flat"])
def test_the_middle_of_an_edge_is_the_centre_of_a_pixel_of_a_larger_detector(
    ewald_sphere: str,
) -> None:
    settings = Simulate(pixels=8, pixel_size=5e-3, ewald_sphere=ewald_sphere)
    larger = make_detector(settings.model_copy(update={"pixels": 9})).s.reshape(3, 9, 9)
    assert reach(settings) == pytest.approx(larger[0, 4, 8], rel=1e-12)


def test_columns_run_along_x_and_rows_along_y() -> None:
    detector = make_detector(Simulate(pixels=3))
    s = detector.s.reshape(3, 3, 3).transpose(1, 2, 0)
    assert s[1, 2, 0] > 0
    assert s[1, 2, 1] == 0
    assert s[2, 1, 1] > 0
    assert s[2, 1, 0] == 0


@pytest.mark.parametrize(
    ("axis", "turned"), [("x", [[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
                         ("y", [[0, 0, -1], [0, 1, 0], [1, 0, 0]]),
                         ("z", [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])]
)  # fmt: skip
def test_a_quarter_turn_is_right_handed(axis: str, turned: list[list[int]]) -> None:
    rotation = rotation_matrices(View(axis=axis, angle=90))[0]
    np.testing.assert_allclose(np.eye(3) @ rotation.T, turned, atol=1e-15)


def test_a_view_of_several_angles_has_a_turn_for_each() -> None:
    there, back = rotation_matrices(View(axis="x", angle=(-45, 45)))
    np.testing.assert_allclose(there @ back, np.eye(3), atol=1e-15)


def test_a_flat_sphere_keeps_the_places_of_the_pixels() -> None:
    curved, flat = (make_detector(Simulate(pixels=8, ewald_sphere=e)) for e in ("curved", "flat"))
    np.testing.assert_array_equal(flat.s[:2], curved.s[:2])
    assert not flat.s[2].any()


def test_stop_and_aperture_leave_a_ring_open() -> None:
    open_pixels = make_detector(Simulate(pixels=5, beam_stop=1, aperture=2.5)).open
    np.testing.assert_array_equal(
        open_pixels.reshape(5, 5).astype(int),
        [[0, 1, 1, 1, 0], [1, 1, 0, 1, 1], [1, 0, 0, 0, 1], [1, 1, 0, 1, 1], [0, 1, 1, 1, 0]],
    )
    assert make_detector(Simulate(pixels=5)).open.all()


@pytest.mark.parametrize("ewald_sphere", ["curved", "flat"])
def test_places_between_pixels_scatter_as_pixels_do(ewald_sphere: str) -> None:
    settings = Simulate(pixels=8, pixel_size=2e-3, ewald_sphere=ewald_sphere)
    rows, columns = (axis.ravel().astype(float) for axis in np.indices((8, 8)))
    components = scattering_components(rows, columns, settings)
    np.testing.assert_allclose(components.T, make_detector(settings).s[:2], rtol=1e-12)
    places = np.random.default_rng(0).uniform(-1, 9, (50, 2))
    there = scattering_components(*places.T, settings)
    np.testing.assert_allclose(detector_places(there, settings), places, atol=1e-9)


def test_nothing_is_scattered_farther_than_backwards() -> None:
    limit = 1 / 0.035
    far = detector_places(np.array([[limit * 1.01, 0.0], [0.0, -limit * 2]]), Simulate())
    assert not np.isfinite(far).all(axis=1).any()
