"""The learning rate follows the clock, and is 0 when the time is over."""

import pytest
from time_budget import TimeBudget

from spacegrouper.settings import Train

TRAIN = Train(learning_rate=0.4, epochs=100, warmup_epochs=10, schedule="cosine")


def rate(now: float) -> float:
    return TimeBudget(1000, 1200, clock=lambda: now).learning_rate(TRAIN)


def test_it_warms_up_and_falls_with_the_time() -> None:
    assert 0 < rate(1000) < 0.001
    assert rate(1010) == pytest.approx(0.2, rel=0.01)  # half of the tenth that it warms up for
    assert rate(1020) == pytest.approx(0.4)
    assert rate(1110) == pytest.approx(0.2)  # half-way between 1020 and 1200
    assert rate(1200) == pytest.approx(0)


def test_late_steps_train_no_more() -> None:
    assert rate(1300) == rate(1200)
    assert TimeBudget(1000, 1200, clock=lambda: 1300).spent == 1
    assert TimeBudget(1000, 1200, clock=lambda: 1050).spent == 0.25


def test_a_step_that_would_end_too_late_is_not_begun() -> None:
    budget = TimeBudget(1000, 1200, clock=lambda: 1190)
    assert budget.has_room(10)
    assert not budget.has_room(11)
