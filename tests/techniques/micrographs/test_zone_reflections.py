"""Zones of a crystal come onto one scale."""

import itertools

import numpy as np
import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.zone_reflections import merged_zones

LINE = np.arange(-3, 4)


def zone(scale: float, *, across: int):  # type: ignore[no-untyped-def]
    """Return reflections of 0kl, h0l or hk0, their intensities on a scale, and sigma."""
    plane = np.stack(np.meshgrid(LINE, LINE, indexing="ij"), axis=-1).reshape(-1, 2)
    hkl = np.insert(plane[plane.any(axis=1)], across, 0, axis=1)
    values = np.array([true(*one) for one in hkl.tolist()])
    return hkl, scale * values, 0.01 * scale * values


def true(h: int, k: int, l: int) -> float:
    h, k, l = max((h, k, l), (-h, -k, -l))
    return float(np.random.default_rng([h + 9, k + 9, l + 9]).uniform(0.2, 1))


def test_zones_are_scaled_by_what_they_share_in_any_order() -> None:
    # hk0 without 0k0 shares nothing with 0kl; both share an axis with h0l.
    whole = zone(1.0, across=2)
    one = tuple(rows[whole[0][:, 0] != 0] for rows in whole)
    for order in itertools.permutations([one, zone(3.6, across=0), zone(1.9, across=1)]):
        hkl, values, sigma = merged_zones(list(order))
        expected = np.array([true(*row) for row in hkl.tolist()])
        ratio = values / expected
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
        np.testing.assert_allclose(sigma, 0.01 * values, rtol=1e-9)


def test_zones_that_share_nothing_come_to_one_mean() -> None:
    one, two = zone(1.0, across=2), zone(5.0, across=0)
    one = tuple(rows[one[0][:, 0] != 0] for rows in one)
    two = tuple(rows[two[0][:, 2] != 0] for rows in two)
    _, values, _ = merged_zones([one, two])
    assert values[: len(one[0])].mean() == pytest.approx(values[len(one[0]) :].mean(), rel=0.1)


def test_a_zone_without_intensities_is_refused() -> None:
    one = zone(1.0, across=2)
    nothing = (one[0], -one[1], one[2])
    with pytest.raises(UserError, match="no reflection above 3 sigma"):
        merged_zones([one, nothing])
