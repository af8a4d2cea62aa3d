"""What a measurement changes, one setting at a time."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.diffractograms import diffractograms, shown_curves
from spacegrouper.techniques.powder.instrument import sample_changes
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

POWDER = Powder(two_theta=(10, 90), step=0.01)
POINTS = 8001  # 0.01 degrees apart
ANGLES = np.linspace(10, 90, POINTS)
SHARP = Diffractogram(lorentzian=0, caglioti=(0, 0, 0.01), crystallite_size=None)
# sin theta as 1 : 2 : 3, and one that is of no order of theirs.
SPACING = 4.0
ORDERS = [2 * np.degrees(np.arcsin(n * 1.5406 / 2 / SPACING)) for n in (1, 2, 3)]
OTHER = 30.0
CRYSTALS = 40


def drawn(profile: Diffractogram = SHARP, **augment: float) -> NDArray[np.float64]:
    """Return the diffractograms of one crystal in so many epochs, (crystals, points)."""
    sticks = np.zeros((CRYSTALS, POWDER.angles), dtype=np.uint16)
    for angle in (*ORDERS, OTHER):
        sticks[:, round((angle - 10) / 0.01)] = 65535
    random = generators(0, [str(number) for number in range(CRYSTALS)], "diffractogram", 1)
    change = Augment(**augment)
    return diffractograms(sticks, POWDER, profile, POINTS, change, random).astype(np.float64)


def areas(curves: Any) -> NDArray[np.float64]:
    """Return the areas of the three orders and of the other peak, (crystals, 4)."""
    near = [abs(ANGLES - angle) < 1 for angle in (*ORDERS, OTHER)]
    return np.stack([curves[:, here].sum(axis=1) for here in near], axis=1)


def test_nothing_changes_by_default() -> None:
    assert not Augment(strain=0.01, peak_area=0.1, rotation=1).draws_instruments
    curves = drawn()
    assert (curves == curves[0]).all()


def test_orders_of_one_lattice_plane_grow_together() -> None:
    theta = np.radians(sorted([*ORDERS, OTHER])) / 2
    change = Augment(texture=0.5)
    random = generators(0, [str(number) for number in range(2000)], "texture", 1)
    changed = [sample_changes(theta, np.ones(4), POWDER, change, each)[1] for each in random]
    first, other, second, third = np.log(changed).T
    assert np.corrcoef(first, second)[0, 1] > 0.2
    assert np.corrcoef(first, third)[0, 1] > 0.2
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_thermal_motion_weakens_as_the_formula_says() -> None:
    plain, moved = areas(drawn())[0], areas(drawn(debye_waller=3))
    weaker = np.log((moved / plain)[:, 2] / (moved / plain)[:, 0])
    s_squared = (np.array([3, 1]) / 2 / SPACING) ** 2  # (sin theta / lambda)^2
    b = -weaker / 2 / (s_squared[0] - s_squared[1])
    assert -0.01 < b.min() < 0.5
    assert 2.5 < b.max() < 3.01


def test_strange_peaks_are_added_elsewhere() -> None:
    curves, plain = drawn(impurity=0.2), drawn()
    strange = ((curves - plain) > 0.005).any(axis=1)
    assert 0.7 < strange.mean() <= 1
    assert (curves - plain).max() < 0.201 / 0.99


def test_widths_spread_by_the_factor_either_way() -> None:
    (near,) = np.nonzero(abs(ANGLES - OTHER) < 1)
    widths = np.count_nonzero(drawn(width=np.log(2))[:, near] > 0.5, axis=1) * 0.01
    assert 0.05 <= widths.min() < 0.07
    assert 0.16 < widths.max() <= 0.21


def test_the_share_of_k_alpha_2_falls_to_nothing() -> None:
    curves = drawn(SHARP.model_copy(update={"k_alpha_2": 0.5}), k_alpha_2=1)
    second = 2 * np.degrees(np.arcsin(3 * 1.5444 / 2 / SPACING))
    share = curves[:, abs(ANGLES - second) < 0.01].max(axis=1) / curves.max(axis=1)
    assert share.min() < 0.05
    assert 0.35 < share.max() < 0.6


def test_the_background_is_smooth_and_no_higher_than_said() -> None:
    between = drawn(background=0.5)[:, abs(ANGLES - 50) < 3]
    assert between.min() >= 0
    assert 0.05 < between.max() < 0.5
    assert abs(np.diff(between, axis=1)).max() < 1e-3


def test_fewer_counts_make_more_noise() -> None:
    flat = SHARP.model_copy(update={"background": 0.25, "counts": 10_000.0})
    few = drawn(flat, fewer_counts=100)[:, abs(ANGLES - 50) < 3]
    relative = few.std(axis=1) / few.mean(axis=1)
    assert relative.min() == pytest.approx(1 / np.sqrt(2500), rel=0.3)
    assert relative.max() == pytest.approx(1 / np.sqrt(25), rel=0.3)


def test_half_of_the_instruments_do_not_reach_an_end() -> None:
    cut = drawn(SHARP.model_copy(update={"background": 0.1}), cut=0.1) == 0
    assert 0.25 < cut[:, 0].mean() < 0.75
    assert 0.25 < cut[:, -1].mean() < 0.75
    assert not cut[:, 801:-801].any()


def test_a_network_sees_peaks_without_what_is_broad() -> None:
    curves = (drawn() + 0.3 + 0.2 * np.cos(np.radians(ANGLES)))[:1].astype(np.float32)
    curves /= curves.max()
    profile = SHARP.model_copy(update={"baseline": 4.0, "scale": "square_root"})
    (shown,) = shown_curves(curves, POWDER, profile)
    assert shown.max() == 1
    np.testing.assert_allclose(shown**2, drawn()[0], atol=0.02)
    (as_it_is,) = shown_curves(curves, POWDER, SHARP)
    np.testing.assert_array_equal(as_it_is, curves[0])
