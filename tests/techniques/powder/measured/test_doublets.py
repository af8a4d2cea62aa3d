"""Scans with and without K-alpha 2, as a diffractometer counts them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.techniques.powder.measured.doublets import without_second_line

MOLYBDENUM, SILVER = (0.70930, 0.71359), (0.559421, 0.563813)
ANGLES = np.arange(5, 50, 0.01)
Floats = NDArray[np.float64]


def counted(lines: tuple[float, float], second: float, width: float, seed: int = 0) -> Floats:
    """Count a powder of 40 reflections; `second`: how strong K-alpha 2 is."""
    random = np.random.default_rng(seed)
    spacings, areas = random.uniform(0.85, 5, 40), random.exponential(1, 40)
    curve = np.zeros_like(ANGLES)
    for wavelength, share in zip(lines, (1, second), strict=True):
        places = np.degrees(2 * np.arcsin(wavelength / 2 / spacings))
        offsets = (ANGLES[:, None] - places) / width
        curve += share * (np.exp(-4 * np.log(2) * offsets**2) @ areas)
    return random.poisson(5000 * curve / curve.max() + 50).astype(float)


@pytest.mark.parametrize("lines", [MOLYBDENUM, SILVER])
@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_left_is_the_first_line(
    lines: tuple[float, float], width: float, seed: int
) -> None:
    both = counted(lines, 0.5, width, seed)
    found, note = without_second_line(ANGLES, both, lines[0])

    assert note.endswith("was subtracted")
    first = counted(lines, 0, width, seed)
    assert np.corrcoef(found, first)[0, 1] > 0.99
    assert np.corrcoef(found, first)[0, 1] > np.corrcoef(both, first)[0, 1]


@pytest.mark.parametrize("lines", [MOLYBDENUM, SILVER])
@pytest.mark.parametrize("width", [0.05, 0.1])
def test_a_scan_of_one_line_is_left_alone(lines: tuple[float, float], width: float) -> None:
    single = counted(lines, 0, width)
    found, note = without_second_line(ANGLES, single, lines[0])

    assert note == ""
    np.testing.assert_array_equal(found, single)


@pytest.mark.parametrize("wavelength", [1.5406, 0.41, 0.7])
def test_other_wavelengths_have_no_such_line(wavelength: float) -> None:
    both = counted(MOLYBDENUM, 0.5, 0.1)

    assert without_second_line(ANGLES, both, wavelength)[1] == ""


def test_the_mean_of_both_lines_is_taken_for_the_first() -> None:
    assert without_second_line(ANGLES, counted(MOLYBDENUM, 0.5, 0.1), 0.71073)[1]
