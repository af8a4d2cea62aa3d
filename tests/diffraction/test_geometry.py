import numpy as np
import pytest

from spacegrouper.config.sections import Simulate, View
from spacegrouper.diffraction.geometry import make_detector, rotation_matrix


@pytest.mark.parametrize("pixels", [4, 5])
def test_pixels_lie_on_the_ewald_sphere(pixels: int) -> None:
    settings = Simulate(pixels=pixels, pixel_size=1e-3)
    detector = make_detector(settings)
    # The scattered wave k0 + s is as long as the incoming one, k0 = 1 / wavelength along z.
    scattered = detector.s + np.array([0, 0, 1 / 0.035])
    np.testing.assert_allclose(np.linalg.norm(scattered, axis=1), 1 / 0.035, rtol=1e-12)
    assert np.any(np.all(detector.s == 0, axis=1)) == (pixels % 2 == 1)


def test_columns_run_along_x_and_rows_along_y() -> None:
    detector = make_detector(Simulate(pixels=3))
    s = detector.s.reshape(3, 3, 3)
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
    rotation = rotation_matrix(View(axis=axis, angle=90))
    np.testing.assert_allclose(np.eye(3) @ rotation.T, turned, atol=1e-15)
