from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.training.batches import Share, shuffle_run, take_samples, without_gaps

SIZES = st.tuples(st.integers(1, 60), st.integers(1, 4), st.integers(1, 6))
CHUNK = 4


def shares(samples: int, ranks: int, batch_size: int) -> list[Share]:
    return [Share(samples, ranks, batch_size, rank) for rank in range(ranks)]


def epoch_steps(
    samples: int,
    ranks: int,
    batch_size: int,
    shuffled_together: int = 20,
    seed: int = 0,
    epoch: int = 1,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the samples, by their place among all, and weights of each step, ranks together."""
    chunks = np.arange(samples) // CHUNK
    orders, weights = [], []
    for share in shares(samples, ranks, batch_size):
        window = share.window(shuffled_together)
        order = share.shuffled_order(chunks[share.own], window, seed, epoch)
        orders.append(np.where(order < 0, -1, order + share.own.start))
        weights.append(share.weights(order))
    return list(zip(np.hstack(orders), np.hstack(weights), strict=True))


@given(SIZES, st.integers(1, 80))
def test_every_sample_comes_once(sizes, shuffled_together: int) -> None:
    taken = np.concatenate([positions for positions, _ in epoch_steps(*sizes, shuffled_together)])

    assert sorted(taken[taken >= 0]) == list(range(sizes[0]))


@given(SIZES)
def test_in_stored_order_each_run_ascends(sizes) -> None:
    for share in shares(*sizes):
        order = share.stored_order()
        assert order.shape == (share.steps, share.batch_size)
        # Column by column, without the empty places at the end: the rank's samples, ascending.
        assert order.T[order.T >= 0].tolist() == list(range(share.own.stop - share.own.start))


@given(SIZES)
def test_weighted_sums_average_to_the_mean_of_the_step(sizes) -> None:
    ranks = sizes[1]
    for positions, weights in epoch_steps(*sizes):
        values = np.where(positions < 0, 1e9, positions**2)
        weighted = (weights * values).reshape(ranks, -1).sum(axis=1)
        np.testing.assert_allclose(weighted.mean(), values[positions >= 0].mean(), rtol=1e-5)


@given(st.integers(1, 60))
def test_ranks_own_whole_runs_so_steps_depend_on_the_samples_in_a_step_alone(samples: int) -> None:
    # With one chunk for all, an order does not depend on where the ranks' borders cut a chunk.
    one, two = (Share(samples, ranks, 6 // ranks, 0) for ranks in (1, 2))
    chunks = np.zeros(samples, dtype=np.int64)
    expected = one.shuffled_order(chunks, 3, 0, 1)
    own = chunks[two.own]

    np.testing.assert_array_equal(two.shuffled_order(own, 3, 0, 1), expected[:, :3])


@given(st.integers(1, 60), st.integers(1, 80))
def test_two_ranks_take_the_steps_of_one_with_twice_the_batch(samples, shuffled_together) -> None:
    one = epoch_steps(samples, 1, 6, shuffled_together)
    two = epoch_steps(samples, 2, 3, shuffled_together)

    for (positions, _), (expected, _) in zip(two, one, strict=True):
        np.testing.assert_array_equal(positions, expected)


@given(SIZES)
def test_ranks_own_neighbouring_parts_of_all_samples(sizes) -> None:
    parts = [share.own for share in shares(*sizes)]

    assert parts[0].start == 0
    assert parts[-1].stop == sizes[0]
    assert all(one.stop == other.start for one, other in pairwise(parts))


def test_the_order_follows_from_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        steps = epoch_steps(40, 2, 2, seed=seed, epoch=epoch)
        return np.concatenate([positions for positions, _ in steps]).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


@given(SIZES, st.integers(1, 100))
def test_windows_of_all_runs_hold_what_may_be_shuffled_together(sizes, shuffled_together) -> None:
    samples, ranks, batch_size = sizes
    share = Share(samples, ranks, batch_size, 0)
    window = share.window(shuffled_together)

    assert 1 <= window <= share.steps
    assert window * ranks * batch_size <= max(shuffled_together, ranks * batch_size)
    if shuffled_together >= share.steps * ranks * batch_size:
        assert window == share.steps


@given(
    st.lists(st.integers(1, CHUNK), min_size=1, max_size=12),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
)
def test_a_border_of_windows_cuts_one_chunk_at_most(sizes, window: int, seed: int) -> None:
    chunks = np.repeat(np.arange(len(sizes)), sizes)
    order = shuffle_run(chunks, window, np.random.default_rng(seed))

    assert sorted(order) == list(range(len(chunks)))
    for border in range(window, len(order), window):
        before, after = chunks[order[:border]], chunks[order[border:]]
        assert len(np.intersect1d(before, after)) <= 1


def test_every_sample_is_as_likely_at_every_step() -> None:
    epochs, chunks = 4000, np.arange(12) // CHUNK
    counts = np.zeros((12, 12))
    for epoch in range(epochs):
        order = shuffle_run(chunks, 6, np.random.default_rng(epoch))
        counts[order, np.arange(12)] += 1

    # Five standard deviations of a binomial distribution.
    assert np.abs(counts - epochs / 12).max() < 5 * np.sqrt(epochs / 12 * 11 / 12)


def test_neighbours_in_a_window_come_from_several_chunks() -> None:
    chunks = np.arange(64) // CHUNK
    order = shuffle_run(chunks, 32, np.random.default_rng(0))

    # Unshuffled windows would have 3 of 4 neighbours from the same chunk.
    assert np.mean(chunks[order[1:]] == chunks[order[:-1]]) == pytest.approx(3 / 31, abs=0.1)


def test_gaps_hold_a_sample_of_the_same_place_before_or_any() -> None:
    order = np.array([[3, 0, 7], [4, 1, 6], [-1, 2, -1]])
    assert without_gaps(order).tolist() == [[3, 0, 7], [4, 1, 6], [4, 2, 6]]
    assert without_gaps(np.array([[0, -1, 1]])).tolist() == [[0, 1, 1]]
    assert without_gaps(np.array([[-1, -1]])).tolist() == [[-1, -1]]


def test_empty_places_are_zero() -> None:
    labels = np.array([5, 6, 7])

    assert take_samples(labels, np.array([[2, -1], [0, 1]])).tolist() == [[7, 0], [5, 6]]
    assert take_samples(labels[:0], np.array([-1])).tolist() == [0]
