"""The temperature of a ranker makes its probabilities honest."""

import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.training import Example, honest_temperature


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_by_which_truth_was_drawn_is_found(true: float) -> None:
    generator = np.random.default_rng(1)
    odds, given = [], []
    for _ in range(1500):
        # Two candidates of each group, as of two Laue classes.
        groups = np.tile(np.arange(1, 9), 2)
        odds.append(3 * generator.standard_normal(len(groups)))
        shares = np.exp(odds[-1] / true)
        number = int(generator.choice(groups, p=shares / shares.sum()))
        given.append(Example("AB", number, groups, groups, np.empty((len(groups), 0))))

    assert honest_temperature(odds, given) == pytest.approx(true, rel=0.1)
