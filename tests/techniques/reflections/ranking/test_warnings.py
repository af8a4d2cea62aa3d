"""Warnings are said where they hold, and not elsewhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
from measured_lists import CAREFUL, measured_list
from random_crystals import random_crystal

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.equivalents import keys_of
from spacegrouper.techniques.reflections.ranking.absences import Condition
from spacegrouper.techniques.reflections.ranking.features import LIST_FEATURES, candidates_of
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list
from spacegrouper.techniques.reflections.ranking.warnings import (
    check_agreement,
    unlike_training,
    warnings_of,
)
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

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


def test_a_twin_whose_lattice_is_that_of_its_crystal_system():
    words = said(75, replace(EXACT, twins=1, twin_fraction=(0.45, 0.45)))
    assert "a twin, or pseudo-symmetry, is suspected" in words
    assert "pseudo-symmetric" not in words


@pytest.mark.parametrize("number", [148, 205])
def test_a_laue_class_below_that_of_its_lattice_is_no_pseudo_symmetry(number):
    assert said(number, EXACT) == ""


@pytest.mark.parametrize(("beta", "more"), [(90.1, True), (101, False)])
def test_a_metric_of_more_symmetry_than_the_crystal_system_has(beta, more):
    measured = replace(measured_list(14), cell=np.array([7.0, 9.0, 11.0, 90.0, beta, 90.0]))
    found = candidates_of(measured)
    row = next(row for row in found.rows if row.setting.number == 14)
    assert ("pseudo-symmetric" in " / ".join(warnings_of(measured, found, row))) is more


def test_screw_axes_are_not_in_question_where_the_centring_leaves_none():
    def few_on_axes(number):
        measured = measured_list(number)
        found = candidates_of(measured)
        row = next(row for row in found.rows if row.setting.number == number)
        none = Condition(0, np.nan, 10)
        return warnings_of(measured, found, replace(row, axial=none, allowed_axial=none))

    assert "screw axes are hardly tested" in " / ".join(few_on_axes(4))
    assert few_on_axes(15) == ()


def test_a_merged_list_without_rotations_has_one_laue_class():
    words = said(2, replace(EXACT, merged=1))
    assert "each reflection is there once" in words
    assert "Laue class" not in words


def drawn(share, repeated, seed=0):
    """Return a list of which a share of the amplitudes is that of the reflection."""
    measured = measured_list(14)
    random = np.random.default_rng(seed)
    hkl = measured.hkl if not repeated else np.repeat(measured.hkl, 2, axis=0)
    keys = np.unique(keys_of(hkl), return_inverse=True)[1]
    own, common = random.exponential(1, len(hkl)), random.exponential(1, keys.max() + 1)[keys]
    intensity = 100 * ((1 - share) * np.sqrt(own) + share * np.sqrt(common)) ** 2
    return replace(measured, hkl=hkl, intensity=intensity, sigma=0.02 * intensity + 1)


@pytest.mark.parametrize("repeated", [False, True])
def test_intensities_that_have_nothing_to_do_with_their_indices_are_refused(repeated):
    words = r"Friedel mates of \d+ reflections correlate with 0\.0\d, but by their sigma with 1\.00"
    with pytest.raises(UserError, match=words):
        check_agreement(reduced_list(drawn(0, repeated)))
    (sentence,) = check_agreement(reduced_list(drawn(0.37, repeated)))
    assert "any group is doubtful" in sentence
    assert check_agreement(reduced_list(drawn(0.8, repeated))) == ()


@pytest.mark.parametrize(("times", "noise"), [(10, 2), (50, 3), (100, 3)])
def test_weak_reflections_may_be_measured_often(times, noise):
    measured = measured_list(14)
    random = np.random.default_rng(0)
    of_reflection = np.unique(keys_of(measured.hkl), return_inverse=True)[1]
    true = 100 * random.exponential(1, of_reflection.max() + 1)[of_reflection]
    intensity = np.repeat(true, times) + random.normal(0, 100 * noise, times * len(true))
    weak = replace(
        measured,
        hkl=np.repeat(measured.hkl, times, axis=0),
        intensity=intensity,
        sigma=np.full(len(intensity), 100.0 * noise),
    )
    assert check_agreement(reduced_list(weak)) == ()


def test_friedel_mates_must_agree_even_where_repeated_measurements_do():
    measured = drawn(0, False)
    twice = {
        name: np.repeat(getattr(measured, name), 4, axis=0)
        for name in ("hkl", "intensity", "sigma")
    }
    with pytest.raises(
        UserError, match=r"^the Friedel mates of \d+ reflections correlate with 0\.0"
    ):
        check_agreement(reduced_list(replace(measured, **twice)))


def test_measured_lists_agree(shared_reflections):
    folders = sorted(each.parent for each in shared_reflections.glob("*/meta.json"))
    assert len(folders) > 40
    for folder in folders:
        data = np.load(folder / "refl.npz")
        cell = np.array(json.loads((folder / "meta.json").read_text())["cell"])
        kept = data["sigma"] > 0
        hkl, intensity, sigma = (
            data[name][kept].astype(kind)
            for name, kind in (("hkl", np.int32), ("I", float), ("sigma", float))
        )
        measured = ReflectionList(hkl, intensity, sigma, cell, None, "unknown")
        assert check_agreement(reduced_list(measured)) == (), folder.name


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
