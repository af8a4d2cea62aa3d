"""Peaks of curves that are drawn with known ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_powders import POWDER

from spacegrouper.techniques.powder.known.peaks import find_peaks, fine_points
from spacegrouper.techniques.powder.settings import Powder

ANGLES = np.linspace(*POWDER.two_theta, fine_points(POWDER))


def drawn(places: list[float], width: float, background: float, noise: float) -> np.ndarray:
    sigma = width / 2.3548
    curve = background * np.exp(-ANGLES / 30)
    for height, place in enumerate(places, start=1):
        curve += height * np.exp(-0.5 * ((ANGLES - place) / sigma) ** 2)
    return np.maximum(curve + noise * np.random.default_rng(0).standard_normal(ANGLES.size), 0)


@given(
    shift=st.floats(0, 0.02),
    width=st.floats(0.12, 0.4),
    background=st.floats(0, 5),
    noise=st.floats(0, 0.005),
)
def test_peaks_are_where_they_were_drawn(
    shift: float, width: float, background: float, noise: float
) -> None:
    places = [20.0 + shift, 31.7 + shift, 33.0 + shift, 60.0 + shift]
    found = find_peaks(drawn(places, width, background, noise), POWDER)
    nearest = np.abs(found.places[:, None] - places).argmin(axis=0)
    assert np.abs(found.places[nearest] - places).max() < 0.01
    np.testing.assert_allclose(found.heights[nearest], [0.25, 0.5, 0.75, 1], atol=0.03)
    assert found.width == pytest.approx(width, abs=0.05)
    assert found.curve.max() == 1
    assert found.curve.min() == 0


def test_noise_is_told_from_what_was_measured_alone() -> None:
    curve = drawn([25.0, 31.0, 44.0], 0.2, 1, 0.01)
    whole = find_peaks(curve, POWDER)
    curve[:750] = np.nan
    curve[2250:] = np.nan
    part = find_peaks(curve, POWDER)
    assert part.places.size <= whole.places.size
    assert np.flatnonzero(part.measured).tolist() == list(range(750, 2250))
    assert not part.curve[:750].any()


def test_a_gap_hides_no_peaks_beside_it_and_has_none() -> None:
    curve = drawn([25.0, 31.0, 44.0, 60.0], 0.2, 1, 0.01)
    whole = find_peaks(curve, POWDER)
    gap = (ANGLES > 28) & (ANGLES < 35)
    curve[gap] = np.nan
    part = find_peaks(curve, POWDER)
    assert not part.curve[gap].any()
    np.testing.assert_array_equal(part.measured, ~gap)
    high = [peaks.places[peaks.heights > 0.1] for peaks in (whole, part)]
    np.testing.assert_allclose(high[1], high[0][[0, 2, 3]], atol=1e-3)


def test_the_spacing_is_that_of_the_range() -> None:
    powder = Powder(two_theta=(10.003, 60.011))
    points = fine_points(powder)
    angles = np.linspace(*powder.two_theta, points)
    found = find_peaks(np.exp(-(((angles - 59) / 0.1) ** 2)), powder)
    np.testing.assert_allclose(found.places, [59], atol=2e-3)


def test_a_curve_without_peaks_has_none() -> None:
    found = find_peaks(np.zeros(ANGLES.size), POWDER)
    assert found.places.size == 0
    assert not found.curve.any()
    assert found.width > 0


def test_noise_alone_makes_few_peaks() -> None:
    places = [25.0, 40.0]
    quiet = find_peaks(drawn(places, 0.2, 1, 0), POWDER)
    noisy = find_peaks(drawn(places, 0.2, 1, 0.01), POWDER)
    assert quiet.places.size == 2
    assert noisy.places.size < 10
