"""Against the sum as it is written, term by term."""

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.crystals.setting_scores import setting_scores

INDICES = [h for h in itertools.product(range(-5, 6), repeat=3) if h > (0, 0, 0)]


def direct(coords, weights, origin):
    """Sum weighted waves of all structure factors of one half of reciprocal space."""
    sums = np.zeros(2)
    for row, turn in enumerate([(1 + math.sqrt(5)) / 2, 1 + math.sqrt(2)]):
        for number, index in enumerate(INDICES, start=1):
            wave = weights @ np.exp(2j * math.pi * (coords - origin) @ index)
            sums[row] += (wave * np.exp(2j * math.pi * turn * number**2)).real
    return sums / math.sqrt(len(INDICES) * weights @ weights)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 3))
def test_scores_are_the_sums_over_structure_factors(seed, atoms, cells):
    random = np.random.default_rng(seed)
    coords = random.normal(size=(cells, atoms, 3))
    weights = random.uniform(1, 2, atoms)
    of_cells = np.sort(random.integers(0, cells, 6))
    origins = random.normal(size=(6, 3))
    expected = [
        direct(coords[cell], weights, origin)
        for cell, origin in zip(of_cells, origins, strict=True)
    ]
    found = setting_scores(coords, weights, of_cells, origins)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_scores_do_not_depend_on_wrapping_and_order():
    random = np.random.default_rng(1)
    coords, weights = random.random((1, 7, 3)), random.uniform(1, 2, 7)
    order, cell, origin = random.permutation(7), np.array([0]), random.random((1, 3))
    first = setting_scores(coords, weights, cell, origin)
    wrapped = coords[:, order] + random.integers(-3, 4, (1, 7, 3))
    second = setting_scores(wrapped, weights[order], cell, origin + np.array([1, -2, 0]))
    np.testing.assert_allclose(first, second, atol=1e-10)
