"""A small ranker: its file, its answer, and what a prior does."""

import json
from dataclasses import replace

import gemmi
import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.crystals.symmetry import laue_classes
from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.ranking.features import candidates_of
from spacegrouper.techniques.reflections.ranking.priors import PRIORS
from spacegrouper.techniques.reflections.ranking.ranker import read_ranker
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list
from spacegrouper.techniques.reflections.ranking.training import Growing, examples, fitted

GROUPS = (2, 4, 14, 15, 19, 62, 148, 167, 205)


@pytest.fixture(scope="module")
def ranker():
    crystals = [random_crystal(number, seed) for number in GROUPS for seed in range(3)]

    def candidates(crystal, generator):
        measured = simulated_list(crystal, CAREFUL, generator)
        return [candidates_of(measured)] if measured else []

    given = list(examples(crystals, candidates, 1))
    counted = np.bincount([2, 14, 14, 14, 62], minlength=231)
    return fitted(given, counted, Growing(max_iter=25, min_samples_leaf=5), {}, 0.25, 0)


@pytest.fixture(scope="module")
def measured():
    return simulated_list(random_crystal(14, 9), CAREFUL, np.random.default_rng(0))


def test_the_file_gives_the_same_answers(ranker, measured, tmp_path):
    path = tmp_path / "ranker.npz"
    ranker.write(path)
    again = read_ranker(path)
    assert again.made_with == json.loads(json.dumps(ranker.made_with))
    one, other = ranker.answer(measured, "inorganic"), again.answer(measured, "inorganic")
    assert [group.number for group in one.groups] == [group.number for group in other.groups]
    assert [group.probability for group in one.groups] == [
        group.probability for group in other.groups
    ]


def test_the_answer_names_the_group_with_its_standard_cell(ranker, measured):
    answer = ranker.answer(measured)
    first = answer.groups[0]
    assert (first.number, first.symbol, first.laue_class) == (14, "P 1 21/c 1", "2/m")
    assert len(answer.groups) == 5
    assert sum(answer.laue_classes.values()) == pytest.approx(1)
    assert sum(answer.extinction_classes.values()) == pytest.approx(1)
    # Any P21/c cell of this lattice will do; beta and the volume say that it is one.
    assert first.cell[[3, 5]] == pytest.approx([90, 90], abs=0.5)
    assert gemmi.UnitCell(*first.cell).volume == pytest.approx(
        gemmi.UnitCell(*measured.cell).volume, rel=1e-6
    )
    hkl = (measured.hkl @ first.to_standard.T).round().astype(np.int32)
    absent = gemmi.SpaceGroup(first.symbol).operations().systematic_absences(hkl)
    ratio = measured.intensity / measured.sigma
    assert absent.sum() > 10
    assert ratio[absent].mean() < 3 < ratio[~absent].mean()
    assert first.candidate.zonal.i_over_sigma < 3
    two = next(operator for operator in answer.operators if operator.kept)
    assert two.correlation > 0.9
    assert two.matrix @ two.matrix == pytest.approx(np.eye(3), abs=1e-9)


def test_a_list_beyond_the_training_set_is_answered_with_a_warning(ranker, measured):
    low, high = ranker.made_with["list_ranges"]["volume"]
    assert low < high
    larger = replace(measured, cell=measured.cell * np.array([3, 3, 3, 1, 1, 1]))
    assert "volume of the primitive cell" in ranker.answer(larger).warnings[0]
    assert not any("unlike the lists" in one for one in ranker.answer(measured).warnings)


def test_a_prior_moves_nothing_between_laue_classes(ranker, measured):
    found = candidates_of(measured)
    groups = np.array([row.setting.number for row in found.rows])
    laue = np.array([row.laue for row in found.rows])
    sums = []
    for prior in PRIORS:
        shares = ranker.shares(found.features, groups, laue, prior)
        sums.append([shares[laue_classes(groups) == name].sum() for name in ("-1", "2/m", "mmm")])
    assert all(of_prior == pytest.approx(sums[0]) for of_prior in sums)
    assert ranker.answer(measured, "molecular").prior == "molecular"
    with pytest.raises(UserError, match="no prior 'organic'; give one of inorganic, molecular"):
        ranker.answer(measured, "organic")


def test_what_is_no_ranker_is_refused_in_one_line(ranker, tmp_path):
    for name, content in (("empty.npz", b""), ("text.npz", b"ranker"), ("zip.npz", b"PK\x03\x04 ")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"{name}: no ranker of space groups"):
            read_ranker(path)
    with pytest.raises(UserError, match="no such file"):
        read_ranker(tmp_path / "none.npz")
    old = tmp_path / "old.npz"
    type(ranker)(
        ranker.trees, ranker.temperature, ranker.counted, {**ranker.made_with, "features": ["a"]}
    ).write(old)
    with pytest.raises(UserError, match="made by another version"):
        read_ranker(old)


def test_the_ranker_of_the_package_names_a_plain_case():
    measured = simulated_list(random_crystal(19, 3, 1.3), CAREFUL, np.random.default_rng(0))
    answer = read_ranker().answer(measured, "molecular")
    assert answer.groups[0].number == 19
    assert answer.groups[0].probability > 0.5
