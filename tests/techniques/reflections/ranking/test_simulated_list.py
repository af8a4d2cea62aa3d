"""Simulated lists hold what their settings say."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from random_crystals import random_crystal

from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings.standardise import Standardise
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import (
    Measuring,
    simulated_list,
    unimodular,
)

PLAIN = Measuring(
    **{"electrons": 0, "twins": 0, "merged": 0, "stripped": 0, "conventional": 1},
    **{"absorption": (0, 0), "extinction": (0, 0), "leak": ((1e-12, 1e-12),) * 2},
    **{"counts": (1e9, 1e9), "instability": (0.001, 0.001), "misjudged": (1, 1)},
    scatter=((0, 0), (0, 0)),
    jitter=((0, 0), (0, 0)),
)


def measured(number, measuring, seed=0):
    return simulated_list(random_crystal(number), measuring, np.random.default_rng(seed))


def test_it_depends_on_the_generator_alone():
    one, same = measured(14, Measuring(), 3), measured(14, Measuring(), 3)
    assert np.array_equal(one.intensity, same.intensity)
    assert np.array_equal(one.hkl, same.hkl)
    assert not np.array_equal(one.cell, measured(14, Measuring(), 4).cell)


@pytest.mark.parametrize("seed", range(5))
def test_axes_are_of_the_same_lattice(seed):
    axes = unimodular(np.random.default_rng(seed))
    assert np.linalg.det(axes) == pytest.approx(1)
    assert np.array_equal(axes, axes.round())


def test_edges_of_the_cell_and_volume_stay_but_for_the_jitter():
    volume = gemmi.UnitCell(*measured(62, PLAIN).cell).volume
    assert volume == pytest.approx(np.linalg.det(random_crystal(62).lattice), rel=1e-6)
    other = gemmi.UnitCell(*measured(62, replace(PLAIN, jitter=((1e-3, 1e-3),) * 2)).cell).volume
    assert 1e-6 < abs(other / volume - 1) < 0.02


def test_merged_lists_have_no_equivalents_and_stripped_ones_nothing_absent():
    full = measured(62, PLAIN)
    assert not full.merged
    assert measured(62, replace(PLAIN, merged=1)).merged
    weak = full.intensity < 1e-6 * full.intensity.max()
    assert weak.sum() > 20
    stripped = measured(62, replace(PLAIN, stripped=1))
    assert (stripped.intensity < 1e-6 * full.intensity.max()).sum() < weak.sum() / 4


@pytest.mark.parametrize("number", [38, 41, 57, 62])
def test_what_is_absent_does_not_depend_on_the_axes_of_the_crystal(number):
    """Standardised orthorhombic crystals have their axes in order of length."""
    crystal = standardise(random_crystal(number, seed=2, scale=4), Standardise())
    stripped = simulated_list(crystal, replace(PLAIN, stripped=1), np.random.default_rng(0))
    weak = stripped.intensity < 1e-9 * stripped.intensity.max()
    assert weak.mean() < 0.01
    volume = gemmi.UnitCell(*stripped.cell).volume
    primitive = np.linalg.det(reduced_list(stripped).lattice)
    assert volume / primitive == pytest.approx(2 if number < 42 else 1, rel=1e-6)


def test_a_perfect_twin_of_a_pyramid_looks_like_the_holohedry():
    """4/m twinned to half is 4/mmm: each intensity is the mean of both."""
    twin = measured(75, replace(PLAIN, twins=1, twin_fraction=(0.5, 0.5)))
    values = {tuple(h): i for h, i in zip(twin.hkl.tolist(), twin.intensity, strict=True)}
    lone = measured(75, PLAIN)

    def sizes(found):
        return len(np.unique(np.round(np.log(np.maximum(found.intensity, 1e-9)), 1)))

    assert len(values) > 100
    assert sizes(twin) < sizes(lone)


def differences_of_mates(measuring):
    """Return differences of Friedel mates, in units of the sigma of the list."""
    found = next(one for seed in range(20) if has_mates(one := measured(14, measuring, seed)))
    place = {tuple(hkl): row for row, hkl in enumerate(found.hkl.tolist())}
    pairs = np.array(
        [[row, place[tuple(-hkl)]] for hkl, row in zip(found.hkl, place.values(), strict=True)]
    )
    one, other = found.intensity[pairs].T
    return (one - other) / np.hypot(*found.sigma[pairs].T)


def has_mates(given):
    known = set(map(tuple, given.hkl.tolist()))
    return all(tuple(mate) in known for mate in (-given.hkl).tolist())


@pytest.mark.parametrize("times", [0.5, 1, 3])
def test_a_misjudged_sigma_is_so_many_times_too_small(times):
    spread = differences_of_mates(replace(PLAIN, misjudged=(times, times))).std()
    assert spread == pytest.approx(times, rel=0.1)


def test_friedel_mates_share_as_much_of_the_scatter_as_is_said():
    scattered = replace(PLAIN, scatter=((0.2, 0.2), (0.2, 0.2)))
    shared = differences_of_mates(replace(scattered, shared_scatter=(1, 1)))
    assert shared.std() == pytest.approx(1, rel=0.1)
    single = differences_of_mates(replace(scattered, shared_scatter=(0, 0)))
    assert single.std() > 50
