"""Steps take every crystal once, from shards of any size."""

import numpy as np
import pytest
from parts import Part
from shards import SHARDS, shard_rows, shares


def part(crystals: int) -> Part:
    # A crystal's label is its own number, so that it can be followed.
    own = shares(crystals, 2 * SHARDS)
    shards = [np.pad(np.arange(crystals)[s.own], (0, shard_rows(s)))[: shard_rows(s)] for s in own]
    return Part(np.arange(crystals), own, shards)


# Fewer than there are shards, than a step takes, and more than some steps.
@pytest.mark.parametrize("crystals", [5, SHARDS + 3, 7 * SHARDS + 1])
@pytest.mark.parametrize("seed", [None, 3])
def test_every_crystal_is_taken_once_with_its_label(crystals: int, seed: int | None) -> None:
    taken: list[int] = []
    for places, labels, weights in part(crystals).steps(seed):
        assert places.shape == (SHARDS, 2)
        assert weights.sum() == pytest.approx(1)
        assert len(set(weights[weights > 0])) == 1
        shards = part(crystals).shards
        found = np.concatenate([shard[own] for shard, own in zip(shards, places, strict=True)])
        assert found[weights > 0].tolist() == labels[weights > 0].tolist()
        taken += labels[weights > 0].tolist()
    assert sorted(taken) == list(range(crystals))


def test_each_epoch_is_shuffled_anew() -> None:
    first, again, second = (
        [labels.tolist() for _, labels, _ in part(500).steps(0, epoch)] for epoch in (1, 1, 2)
    )
    assert first == again != second


@pytest.mark.parametrize("crystals", [5, SHARDS + 3, 7 * SHARDS + 1])
def test_answers_come_back_in_the_order_of_the_crystals(crystals: int) -> None:
    answers = [labels[:, None] for _, labels, _ in part(crystals).steps(None)]
    assert part(crystals).in_order(answers).tolist() == [[n] for n in range(crystals)]
