import numpy as np
import pytest

from spacegrouper.prediction.guesses import Guess, decision_record, most_probable, undecided


@pytest.mark.parametrize(
    ("shares", "named", "between"),
    [
        ([0.1, 0.5, 0.4], [14, 15, 2], [14, 15]),  # 90 % exactly
        ([0.2, 0.5, 0.3], [14, 15, 2], [14, 15, 2]),
        ([0.01, 0.95, 0.04], [14, 15, 2], [14]),
        ([1 / 3, 1 / 3, 1 / 3], [2, 14, 15], [2, 14, 15]),  # the smaller label first
    ],
)
def test_the_fewest_classes_with_90_percent(shares, named, between) -> None:
    found = most_probable("spacegroup", np.array([2, 14, 15]), np.array(shares))
    assert [[guess.value for guess in guesses] for guesses in found] == [named, between]


def test_there_are_five_guesses_however_few_or_many_have_90_percent() -> None:
    # None of them is enantiomorphic.
    classes, shares = np.r_[1:76, 97:122], np.full(100, 0.01)
    guesses, between = most_probable("spacegroup", classes, shares)
    assert [guess.value for guess in guesses] == [1, 2, 3, 4, 5]
    assert len(between) == 90
    assert "10 P2/m and 80 others, 90.0 % together" in undecided(between, 0.5)
    assert len(most_probable("spacegroup", classes, np.eye(100)[7])[0]) == 5


def test_a_threshold_above_a_sure_answer_names_it_alone() -> None:
    between = (Guess(14, "14 P2₁/c", 0.95),)
    assert undecided(between, 0.99) == "14 P2₁/c has 95.0 %, below the threshold 99.0 %"
    assert undecided(between, 0.95) == undecided(between, None) == ""
    assert decision_record(between, None) is None


@pytest.mark.parametrize(
    ("shares", "named", "between"),
    [
        ([0.6, 0.05, 0.35], [152, 154, 153], [152, 154]),
        ([0.92, 0.05, 0.03], [152, 153, 154], [152, 154]),
        ([0.3, 0.35, 0.35], [153, 154, 152], [154, 152, 153]),
        ([0.1, 0.55, 0.35], [153, 154, 152], [153, 154, 152]),
    ],
)
def test_enantiomorphic_groups_are_one_answer(shares, named, between) -> None:
    found = most_probable("spacegroup", np.array([152, 153, 154]), np.array(shares))
    assert [[guess.value for guess in guesses] for guesses in found] == [named, between]


def test_an_answer_is_decided_by_what_enantiomorphic_groups_have_together() -> None:
    classes, shares = np.array([62, 152, 154]), np.array([0.05, 0.6, 0.35])
    _, between = most_probable("spacegroup", classes, shares)
    assert undecided(between, 0.9) == ""
    record = decision_record(between, 0.9)
    assert record is not None
    assert record["decided"]
    assert [one["class"] for one in record["between"]] == [152, 154]
    assert undecided(between, 0.96) == (
        "152 P3₁21 or 154 P3₂21 has 95.0 %, below the threshold 96.0 %"
    )
    # Of a list of reflections, one stands for both.
    assert undecided([Guess(152, "152 P3₁21", 0.95)], 0.96) == undecided(between, 0.96)


def test_a_sum_may_come_before_the_most_probable_group() -> None:
    classes, shares = np.array([62, 152, 154]), np.array([0.4, 0.35, 0.25])
    guesses, between = most_probable("spacegroup", classes, shares)
    assert guesses[0].value == 62
    assert undecided(between, 0.7) == (
        "152 P3₁21 or 154 P3₂21 has 60.0 %, below the threshold 70.0 %; "
        "it lies between 152 P3₁21 or 154 P3₂21 and 62 Pnma, 100.0 % together"
    )
