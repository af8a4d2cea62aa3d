"""Warnings are said where they hold, and not elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.features import LIST_FEATURES, candidates_of
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list
from spacegrouper.techniques.reflections.ranking.warnings import unlike_training, warnings_of

EXACT = replace(CAREFUL, conventional=1, counts=(1e6, 1e6))


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


def test_what_no_list_of_the_training_set_had_is_named():
    of_list = np.zeros(len(LIST_FEATURES))
    of_list[LIST_FEATURES.index("volume")] = np.log(5e6)
    of_list[LIST_FEATURES.index("e_squared")] = 0.9
    of_list[LIST_FEATURES.index("l_mean")] = np.nan
    ranges = {name: [-1.0, 14.0] for name in LIST_FEATURES}
    assert unlike_training(of_list, None) == ()
    assert unlike_training(np.zeros(len(LIST_FEATURES)), ranges) == ()
    (sentence,) = unlike_training(of_list, ranges | {"e_squared": [0.95, 1.2]})
    assert sentence.endswith(
        "mean |E^2 - 1| 0.900, below 0.950; volume of the primitive cell 5,000,000 A^3, above "
        "1,202,604 A^3"
    )
