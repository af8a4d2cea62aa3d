from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.training.batches import epoch_batches, own_samples, take_samples

SIZES = st.tuples(st.integers(1, 60), st.integers(1, 4), st.integers(1, 6))


def epoch_steps(
    samples: int, ranks: int, batch_size: int, seed: int = 0, epoch: int = 1
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the samples, by their place among all, and weights of each step, ranks together."""
    by_rank = []
    for rank in range(ranks):
        start = own_samples(samples, ranks, batch_size, rank).start
        batches = epoch_batches(samples, ranks, batch_size, rank, seed, epoch)
        by_rank.append(
            [(np.where(b.positions < 0, -1, b.positions + start), b.weights) for b in batches]
        )
    return [
        (np.concatenate([p for p, _ in step]), np.concatenate([w for _, w in step]))
        for step in zip(*by_rank, strict=True)
    ]


@given(SIZES)
def test_every_sample_comes_once(sizes) -> None:
    taken = np.concatenate([positions for positions, _ in epoch_steps(*sizes)])

    assert sorted(taken[taken >= 0]) == list(range(sizes[0]))


@given(SIZES)
def test_weighted_sums_average_to_the_mean_of_the_step(sizes) -> None:
    ranks = sizes[1]
    for positions, weights in epoch_steps(*sizes):
        values = np.where(positions < 0, 1e9, positions**2)
        weighted = (weights * values).reshape(ranks, -1).sum(axis=1)
        np.testing.assert_allclose(weighted.mean(), values[positions >= 0].mean(), rtol=1e-5)


@given(st.integers(1, 60))
def test_two_ranks_take_the_steps_of_one_with_twice_the_batch(samples: int) -> None:
    one, two = epoch_steps(samples, 1, 6), epoch_steps(samples, 2, 3)

    for (positions, _), (expected, _) in zip(two, one, strict=True):
        np.testing.assert_array_equal(positions, expected)


@given(SIZES)
def test_ranks_own_neighbouring_parts_of_all_samples(sizes) -> None:
    samples, ranks, batch_size = sizes
    parts = [own_samples(samples, ranks, batch_size, rank) for rank in range(ranks)]

    assert parts[0].start == 0
    assert parts[-1].stop == samples
    assert all(one.stop == other.start for one, other in pairwise(parts))


def test_the_order_follows_from_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        steps = epoch_steps(40, 2, 2, seed, epoch)
        return np.concatenate([positions for positions, _ in steps]).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_empty_places_are_black() -> None:
    patterns = np.arange(1, 7, dtype=np.uint8).reshape(3, 2)

    taken = take_samples(patterns, np.array([2, -1, 0]))

    assert taken.tolist() == [[5, 6], [0, 0], [1, 2]]
    assert take_samples(patterns[:0], np.array([-1])).tolist() == [[0, 0]]
