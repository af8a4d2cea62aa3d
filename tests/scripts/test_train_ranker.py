"""The program that trains the ranker of space groups."""

import numpy as np
import pytest
from programs import call, spawn
from random_crystals import random_crystal

from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.simulated_zones import Imaging, simulated_zones
from spacegrouper.techniques.reflections.ranking.ranker import read_ranker
from spacegrouper.techniques.reflections.ranking.reduction import possible_centrings
from spacegrouper.techniques.reflections.ranking.simulated_list import Measuring, simulated_list


def train(folder, *more, run=call):
    crystals = [random_crystal(number, seed) for number in (2, 14, 19) for seed in range(4)]
    write_crystals(folder / "crystals.jsonl", crystals)
    arguments = ("--structures", "crystals.jsonl", "--output", "ranker.npz", "--iterations", 5)
    return run("train_ranker", *arguments, *more, folder=folder)


def test_a_ranker_of_some_crystals_answers(tmp_path):
    done = train(tmp_path, "--crystals", 3, "--held-out", 0.5)
    assert done.returncode == 0, done.stderr
    assert "lists of 9 crystals" in done.stderr
    ranker = read_ranker(tmp_path / "ranker.npz")
    assert np.flatnonzero(ranker.counted).tolist() == [2, 14, 19]
    assert ranker.counted.sum() == 12
    assert 0 <= ranker.made_with["scores"]["top_1"] <= 1
    measured = simulated_list(random_crystal(14, 9), Measuring(), np.random.default_rng(0))
    assert len(ranker.answer(measured).groups) == 5


def test_a_ranker_of_micrographs_is_of_zones(tmp_path):
    done = train(tmp_path, "--crystals", 3, "--held-out", 0.5, "--kind", "zones")
    assert done.returncode == 0, done.stderr
    ranker = read_ranker(tmp_path / "ranker.npz", "zones")
    zones = simulated_zones(random_crystal(14, 9), Imaging(), np.random.default_rng(0))
    answer = ranker.answer(
        zones.measured, centrings=possible_centrings(zones.measured, zones.spots)
    )
    assert len(answer.groups) == 5
    with pytest.raises(UserError, match=r"a ranker of micrographs; of lists .* --kind lists"):
        read_ranker(tmp_path / "ranker.npz")


def test_it_ends_in_one_line_where_there_is_nothing_to_train_on(tmp_path):
    done = train(tmp_path, "--most-atoms", 1, run=spawn)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: crystals.jsonl: no crystal")
    assert not (tmp_path / "ranker.npz").exists()
