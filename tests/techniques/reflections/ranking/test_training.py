"""The temperature of a ranker makes its probabilities honest."""

import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.training import Example, honest_temperature


def drawn(lists: int, spread: float, true: float):
    """Return odds of lists, and examples drawn by them at a temperature."""
    generator = np.random.default_rng(1)
    odds, given = [], []
    for _ in range(lists):
        # Two candidates of each group, as of two Laue classes.
        groups = np.tile(np.arange(1, 9), 2)
        odds.append(spread * generator.standard_normal(len(groups)))
        shares = np.exp(odds[-1] / true)
        number = int(generator.choice(groups, p=shares / shares.sum()))
        given.append(Example("AB", number, groups, groups, np.empty((len(groups), 0))))
    return odds, given


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_by_which_truth_was_drawn_is_found(true: float) -> None:
    odds, given = drawn(1500, 3, true)
    assert honest_temperature(odds, given) == pytest.approx(true, rel=0.1)


@pytest.mark.parametrize(("lists", "spread"), [(5, 3.0), (1500, 0.1)])
def test_too_few_sure_answers_leave_the_odds_as_they_are(lists: int, spread: float, caplog) -> None:
    assert honest_temperature(*drawn(lists, spread, 1.5)) == 1
    assert f"of {lists} lists, fewer than 30 have an answer" in caplog.text
