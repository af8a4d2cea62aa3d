"""Diffractograms against the formulas they are made by, images against matplotlib's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import voigt_profile

from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.curve_images import augment_images, draw_images
from spacegrouper.techniques.powder.descriptors.powder import IMAGE_POINTS
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

POWDER = Powder(two_theta=(10, 90), step=0.01)
POINTS = 8001  # 0.01 degrees apart
ANGLES = np.linspace(10, 90, POINTS)
SHARP = Diffractogram(lorentzian=0, caglioti=(0, 0, 0.01), crystallite_size=None)


def sticks(*reflections: tuple[float, float]) -> NDArray[np.uint16]:
    """Return the sticks of one crystal, (1, angles), of (2 theta, height of 1)."""
    found = np.zeros((1, POWDER.angles), dtype=np.uint16)
    for angle, height in reflections:
        found[0, round((angle - 10) / 0.01)] = round(65535 * height)
    return found


def of(profile: Diffractogram, given_: NDArray[np.uint16], **augment: float) -> Any:
    """Return the diffractogram (points,) of one crystal."""
    change = Augment(**augment) if augment else None
    random = generators(0, ["a"], "diffractogram", 1 if augment else None)
    return diffractograms(given_, POWDER, profile, POINTS, change, random)[0].astype(np.float64)


def width(values: Any) -> float:
    """Return the full width at half maximum of a single peak, degrees."""
    inside = np.flatnonzero(values >= 0.5 * values.max())
    left, right = inside[0], inside[-1]
    half = values.max() / 2
    before = (half - values[left - 1]) / (values[left] - values[left - 1])
    after = (values[right] - half) / (values[right] - values[right + 1])
    return float(right - left + 1 - before + after) * 0.01


def place(values: Any, near: float, within: float = 2) -> float:
    """Return the centre of gravity of what is near an angle, degrees."""
    here = abs(ANGLES - near) < within
    return float((ANGLES * values)[here].sum() / values[here].sum())


@pytest.mark.parametrize("lorentzian", [0.0, 0.3, 1.0])
def test_a_peak_is_a_pseudo_voigt(lorentzian: float) -> None:
    profile = SHARP.model_copy(update={"lorentzian": lorentzian, "caglioti": (0, 0, 0.09)})
    values = of(profile, sticks((40, 1)))
    offset = (ANGLES - 40) / 0.15  # half widths
    cauchy = 1 / (np.pi * 0.15) / (1 + offset**2)
    normal = np.sqrt(np.log(2) / np.pi) / 0.15 * np.exp(-np.log(2) * offset**2)
    expected = lorentzian * cauchy + (1 - lorentzian) * normal
    near = abs(ANGLES - 40) < 8  # the tails end at 30 full widths
    np.testing.assert_allclose(values[near], (expected / expected.max())[near], atol=1e-5)
    assert values.max() == 1


def test_widths_follow_caglioti() -> None:
    u, v, w = 0.08, -0.03, 0.02
    profile = SHARP.model_copy(update={"caglioti": (u, v, w)})
    for angle in (20.0, 60.0, 85.0):
        tan = np.tan(np.radians(angle / 2))
        expected = np.sqrt(u * tan**2 + v * tan + w)
        assert width(of(profile, sticks((angle, 1)))) == pytest.approx(expected, rel=3e-3)


def test_widths_follow_scherrer_and_stokes_and_wilson() -> None:
    for angle in (20.0, 80.0):
        theta = np.radians(angle / 2)
        small = Diffractogram(lorentzian=1, caglioti=(0, 0, 0), crystallite_size=20)
        size = np.degrees(0.9 * 0.15406 / (20 * np.cos(theta)))
        assert width(of(small, sticks((angle, 1)))) == pytest.approx(size, rel=1e-3)
        strained = small.model_copy(update={"microstrain": 0.002})
        both = size + np.degrees(4 * 0.002 * np.tan(theta))
        assert width(of(strained, sticks((angle, 1)))) == pytest.approx(both, rel=1e-3)


def test_instrument_and_sample_broaden_as_a_voigt_profile() -> None:
    # The approximation of Thompson, Cox and Hastings, against the convolution itself.
    for size in (15.0, 40.0, 120.0):
        profile = Diffractogram(lorentzian=0.5, caglioti=(0, 0, 0.04), crystallite_size=size)
        lorentzian = np.degrees(0.9 * 0.15406 / (size * np.cos(np.radians(25))))
        exact = voigt_profile(ANGLES - 50, 0.2 / np.sqrt(8 * np.log(2)), lorentzian / 2)
        assert width(of(profile, sticks((50, 1)))) == pytest.approx(width(exact), rel=0.01)


def test_areas_are_kept_where_peaks_broaden_and_points_are_few() -> None:
    profile = Diffractogram(lorentzian=0, caglioti=(0.2, 0, 0.001), crystallite_size=None)
    given_ = sticks((20, 0.5), (80, 1))
    for points in (8001, 801, 161):  # the last 0.5 degrees apart, the narrowest peak 0.07 wide
        random = generators(0, ["a"], "diffractogram")
        (values,) = diffractograms(given_, POWDER, profile, points, None, random)
        middle = points // 2
        assert values[:middle].sum() / values[middle:].sum() == pytest.approx(0.5, rel=0.01)


def test_k_alpha_2_is_where_its_wavelength_puts_it() -> None:
    profile = SHARP.model_copy(update={"k_alpha_2": 0.5})
    values = of(profile, sticks((70, 1)))
    second = 2 * np.degrees(np.arcsin(np.sin(np.radians(35)) * 1.5444 / 1.5406))
    assert second == pytest.approx(70.1981, abs=1e-3)
    expected = 70 + (second - 70) / 3
    assert place(values, 70.1) == pytest.approx(expected, abs=1e-3)
    # Near 180 degrees it does not exist, which must not disturb the rest.
    far = Powder(two_theta=(100, 179.9), step=0.1)
    last = np.zeros((1, far.angles), dtype=np.uint16)
    last[0, [10, -1]] = 65535
    (values,) = diffractograms(last, far, profile, 800, None, generators(0, ["a"], "diffractogram"))
    assert np.isfinite(values).all()
    assert values.max() == 1


def test_the_background_is_a_share_of_the_highest_peak() -> None:
    values = of(SHARP.model_copy(update={"background": 0.25}), sticks((40, 1)))
    assert values.max() == 1
    assert values[0] == pytest.approx(0.25 / 1.25)


def test_noise_is_that_of_counts_and_of_seed_and_id_alone() -> None:
    profile = SHARP.model_copy(update={"background": 1.0, "counts": 400.0})
    flat = sticks((89.9, 1))

    def noisy(crystal_id: str, seed: int) -> Any:
        return diffractograms(
            flat, POWDER, profile, POINTS, None, generators(seed, [crystal_id], "diffractogram")
        )[0]

    values = noisy("a", 0)
    np.testing.assert_array_equal(values, noisy("a", 0))
    assert (values != noisy("b", 0)).any()
    assert (values != noisy("a", 1)).any()
    level = values[:7000].astype(np.float64)
    # Counts of 400 on average, whatever they are divided by: their spread is 20.
    assert level.std() / level.mean() == pytest.approx(1 / 20, rel=0.05)


def test_augmentations_move_peaks_as_their_physics_says() -> None:
    given_ = sticks((30, 1), (80, 1))
    rest = of(SHARP, given_)
    assert place(rest, 30) == pytest.approx(30, abs=1e-3)

    def shifts(**augment: float) -> tuple[float, float]:
        values = of(SHARP, given_, **augment)
        return place(values, 30) - 30, place(values, 80) - 80

    low, high = shifts(zero_shift=0.5)
    assert low == pytest.approx(high, abs=1e-4)
    assert 0.01 < abs(low) <= 0.5
    low, high = shifts(sample_displacement=0.5)
    ratio = np.cos(np.radians(40)) / np.cos(np.radians(15))
    assert high / low == pytest.approx(ratio, rel=1e-2)
    assert abs(low) <= 0.5
    low, high = shifts(step=0.01)
    assert high / low == pytest.approx(70 / 20, rel=1e-2)  # the range begins at 10
    assert abs(high) <= 0.7
    low, high = shifts(strain=0.01)
    # Bragg's law: the change of spacing that moves one peak moves the other.
    spacing = np.sin(np.radians(15)) / np.sin(np.radians((30 + low) / 2))
    expected = 2 * np.degrees(np.arcsin(np.sin(np.radians(40)) / spacing)) - 80
    assert high == pytest.approx(expected, abs=2e-3)
    assert 1e-4 < abs(spacing - 1) <= 0.01


def test_peak_areas_spread_as_their_logarithm_should() -> None:
    places = np.arange(12, 88, 0.5)
    given_ = sticks(*[(angle, 0.5) for angle in places])
    values = of(SHARP, given_, peak_area=0.4)
    heights = np.array([values[abs(ANGLES - angle) < 0.25].max() for angle in places])
    assert np.log(heights).std() == pytest.approx(0.4, rel=0.15)


def test_changes_are_those_of_seed_epoch_and_id_and_not_of_the_batch() -> None:
    given_ = np.concatenate([sticks((30, 1), (50, 0.5)), sticks((40, 1)), sticks((70, 1))])
    profile = SHARP.model_copy(update={"counts": 1000.0})
    augment = Augment(peak_area=0.3, zero_shift=0.2, rotation=5, contrast=0.3)

    def made(rows: list[int], epoch: int) -> Any:
        random = generators(7, [f"crystal {row}" for row in rows], "diffractogram", epoch)
        values = diffractograms(given_[rows], POWDER, profile, IMAGE_POINTS, augment, random)
        return augment_images(draw_images(values, 64), augment, random)

    together = made([0, 1, 2], 3)
    np.testing.assert_array_equal(together, made([0, 1, 2], 3))
    np.testing.assert_array_equal(together[[2, 0]], made([2, 0], 3))
    assert (together != made([0, 1, 2], 4)).any(axis=(1, 2)).all()


def test_without_reflections_a_diffractogram_is_zero() -> None:
    assert not of(SHARP, sticks()).any()
    assert not of(SHARP, sticks(), peak_area=1, strain=0.1).any()


@given(
    st.integers(2, 300),
    st.lists(st.tuples(st.floats(10, 90), st.floats(0.001, 1)), max_size=8),
    st.integers(0, 1000),
)
def test_values_are_finite_and_between_0_and_1(
    points: int, reflections: list[tuple[float, float]], seed: int
) -> None:
    augment = Augment(
        peak_area=0.5, step=0.05, zero_shift=5, sample_displacement=1, strain=0.3, rotation=30
    )
    profile = Diffractogram(caglioti=(1, -2, 0.1), k_alpha_2=0.5, microstrain=0.01, counts=10)
    random = generators(seed, ["a"], "diffractogram", 0)
    values = diffractograms(sticks(*reflections), POWDER, profile, points, augment, random)
    assert values.shape == (1, points)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert values.min() >= 0
    assert values.max() in (0, 1)
