"""Widths of peaks that are drawn with known ones."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_powders import POWDER, fine_curve, known_crystals

from spacegrouper.techniques.powder.known.peaks import find_peaks, fine_points
from spacegrouper.techniques.powder.measured.peak_widths import measured_widths, width_warning
from spacegrouper.techniques.powder.settings import Augment, Diffractogram

ANGLES = np.linspace(*POWDER.two_theta, fine_points(POWDER))
# Of 50 nm, as the curves are drawn unless another size is given.
TRAINED = Diffractogram()


def drawn(places: list[float], width: float, noise: float = 0.0) -> np.ndarray:
    peaks = np.exp(-4 * np.log(2) * ((ANGLES[:, None] - places) / width) ** 2)
    heights = 1 + 0.1 * np.arange(len(places))
    background = 0.3 * np.exp(-ANGLES / 30)
    random = np.random.default_rng(0).standard_normal(ANGLES.size)
    return peaks @ heights + background + noise * random


def warning(curve: np.ndarray, width: float = 0.0) -> str:
    return width_warning(curve, POWDER, TRAINED, Augment(width=width))


@given(shift=st.floats(0, 0.02), width=st.floats(0.12, 1.2), noise=st.floats(0, 0.01))
def test_widths_are_those_that_were_drawn(shift: float, width: float, noise: float) -> None:
    places = [20.0 + shift, 31.7 + shift, 60.0 + shift]
    found, widths = measured_widths(find_peaks(drawn(places, width, noise), POWDER))
    np.testing.assert_allclose(np.sort(found), places, atol=0.1)
    # A smoothing of one point and the background that is subtracted change them a little.
    np.testing.assert_allclose(widths, width, rtol=0.1, atol=0.03)


def test_a_neighbour_widens_no_peak() -> None:
    # As K-alpha 2 stands beside K-alpha 1.
    curve = drawn([30.0], 0.2) + 0.5 * drawn([30.15], 0.2)
    _, (width,) = measured_widths(find_peaks(curve, POWDER))
    assert width == pytest.approx(0.2, abs=0.05)


def test_a_peak_that_is_cut_off_is_not_measured() -> None:
    curve = drawn([30.0, 40.0, 50.0], 0.8)
    curve[(ANGLES > 40) & (ANGLES < 42)] = np.nan
    found, _ = measured_widths(find_peaks(curve, POWDER))
    np.testing.assert_allclose(np.sort(found), [30, 50], atol=0.02)


def test_crystals_as_the_network_was_trained_on_are_not_warned_of() -> None:
    for seed, crystal in enumerate(known_crystals()):
        assert warning(fine_curve(crystal, seed=seed)) == ""


def test_fine_crystallites_are_warned_of() -> None:
    for seed, crystal in enumerate(known_crystals()):
        # Scherrer's equation: 0.45 degrees and more, where the others have 0.22.
        assert "fine crystallites" in warning(fine_curve(crystal, 0, seed, 18.0))
        assert "fine crystallites" in warning(fine_curve(crystal, 0, seed, 6.0))


def test_the_widest_peaks_of_training_count() -> None:
    curve = drawn([20.0, 31.7, 45.0], 0.6)
    text = warning(curve)
    found, limit = map(float, re.findall(r"(\d\.\d+)°", text))
    assert found == pytest.approx(0.6, abs=0.03)
    # 0.9 * 1.5406 / 500 / cos(31.7 / 2), of the Lorentzian, and 0.1 of the Gaussian.
    assert 0.165 < limit < 0.265
    assert "(at 1.5406 Å)" in text
    assert warning(curve, width=1.0) == ""
    assert warning(drawn([20.0, 31.7, 45.0], 1.2), width=1.0)


def test_curves_without_peaks_are_not_warned_of() -> None:
    assert warning(np.zeros(ANGLES.size)) == ""
    assert warning(np.full(ANGLES.size, np.nan)) == ""
