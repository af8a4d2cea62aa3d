import pytest

from spacegrouper.settings import Train
from spacegrouper.training.learning_rate import learning_rate


def rates(ranks: int = 1, **settings: object) -> list[float]:
    train = Train(learning_rate=0.4, epochs=5, **settings)
    return [learning_rate(train, ranks, step, 4) for step in range(20)]


def test_constant_unless_asked_otherwise() -> None:
    assert rates(ranks=8) == [0.4] * 20


def test_warmup_rises_step_by_step_to_the_full_rate() -> None:
    assert rates(warmup_epochs=2)[:9] == pytest.approx([0.05 * n for n in range(1, 9)] + [0.4])


def test_linear_scaling_multiplies_by_the_ranks() -> None:
    assert rates(ranks=3, learning_rate_scaling="linear") == pytest.approx([1.2] * 20)


def test_the_cosine_falls_from_the_warmup_to_the_last_epoch() -> None:
    found = rates(schedule="cosine", warmup_epochs=1)

    assert found[4] == pytest.approx(0.4)
    assert found[12] == pytest.approx(0.2)  # half-way between steps 4 and 20
    assert found[4:] == sorted(found[4:], reverse=True)
    assert 0 < found[19] < 0.01
