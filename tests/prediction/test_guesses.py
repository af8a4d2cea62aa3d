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
    classes, shares = np.arange(1, 101), np.full(100, 0.01)
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
