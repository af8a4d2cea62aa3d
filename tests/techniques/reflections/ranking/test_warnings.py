"""Warnings are said where they hold, and not elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.features import candidates_of
from spacegrouper.techniques.reflections.ranking.simulated_list import Measuring, simulated_list
from spacegrouper.techniques.reflections.ranking.warnings import warnings_of

EXACT = Measuring(electrons=0, twins=0, merged=0, stripped=0, conventional=1, counts=(1e6, 1e6))


def said(number, measuring):
    measured = simulated_list(
        random_crystal(number, scale=1.5), measuring, np.random.default_rng(2)
    )
    found = candidates_of(measured)
    row = next(row for row in found.rows if row.setting.number == number)
    return " / ".join(warnings_of(measured, found, row))


def test_a_good_list_has_none():
    assert said(62, EXACT) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"merged": 1}, "the list is merged"),
        ({"stripped": 1}, "removed as absent"),
    ],
)
def test_merged_and_stripped_lists(change, words):
    assert words in said(62, replace(EXACT, **change))


def test_a_twin_and_a_metric_of_more_symmetry():
    words = said(75, replace(EXACT, twins=1, twin_fraction=(0.45, 0.45)))
    assert "a twin, or pseudo-symmetry, is suspected" in words
    assert "its metric is pseudo-symmetric" in words
