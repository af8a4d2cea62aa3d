"""Which crystal is trained on when, and by which rank.

The samples are cut into as many runs of neighbours as a step takes samples over all ranks, and a
step takes one sample of each run. A rank owns `batch_size` neighbouring runs: it needs to read only
those, and the samples of a step depend on the number of samples a step takes, not on how many ranks
share them.

Every epoch shuffles each run for itself: its chunks, the units of reading, are put in random order,
the samples are cut, in that order, into windows, and each window is shuffled. So the samples of a
chunk are trained on within one window, or two if a border of windows cuts the chunk, and a rank
that holds two windows of its runs reads no chunk twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """What rank `rank` of `ranks`, which take `batch_size` samples each in a step, trains on."""

    samples: int
    ranks: int
    batch_size: int
    rank: int

    @property
    def steps(self) -> int:
        """The steps of an epoch, which all ranks take: the length of the longest run."""
        return -(-self.samples // self._runs)

    @property
    def own(self) -> slice:
        """Which of all samples are the rank's, in every epoch: those of its runs."""
        starts = self._own_starts()
        return slice(int(starts[0]), int(starts[-1]))

    def window(self, shuffled_together: int) -> int:
        """Return the steps of a window, when so many samples, at most, of all runs share one.

        The windows of an epoch are about equally long; `steps` if one is enough.
        """
        longest = max(1, shuffled_together // self._runs)
        windows = -(-self.steps // longest)
        return -(-self.steps // windows)

    def stored_order(self) -> NDArray[np.int64]:
        """Return the samples of each step, every run in its own order; see `shuffled_order`."""
        return self._deal(np.arange(length) for length in np.diff(self._own_starts()))

    def shuffled_order(
        self, chunks: NDArray[np.integer[Any]], window: int, seed: int, epoch: int
    ) -> NDArray[np.int64]:
        """Return the samples of each step of an epoch; each comes once.

        `chunks`: (own samples,) the chunk that each lies in. Returns (steps, batch_size) positions
        among the rank's own samples, -1 for a place left empty.
        """
        starts = self._own_starts() - self.own.start
        first_run = self.rank * self.batch_size
        return self._deal(
            shuffle_run(
                chunks[starts[column] : starts[column + 1]],
                window,
                np.random.default_rng([seed, epoch, first_run + column]),
            )
            for column in range(self.batch_size)
        )

    def weights(self, order: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the weights of the places in all steps, (steps, batch_size).

        They are 0 for an empty place, otherwise such that the mean over ranks of each rank's
        weighted sum is the mean over all samples of the step.
        """
        # Runs differ in length by at most one, so only the last step has empty places.
        taken = np.minimum(self._runs, self.samples - np.arange(self.steps) * self._runs)
        weights = np.where(order >= 0, self.ranks / taken[:, None], 0)
        return weights.astype(np.float32)

    @property
    def _runs(self) -> int:
        return self.ranks * self.batch_size

    def _own_starts(self) -> NDArray[np.int64]:
        """Return where the rank's runs start, and where the last one ends, among all samples."""
        own = np.arange(self.batch_size + 1, dtype=np.int64) + self.rank * self.batch_size
        return own * self.samples // self._runs

    def _deal(self, orders: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Return the samples of each step, given the order of each run from its first sample."""
        order = np.full((self.steps, self.batch_size), -1, dtype=np.int64)
        starts = self._own_starts() - self.own.start
        for column, of_run in enumerate(orders):
            order[: len(of_run), column] = starts[column] + of_run
        return order


def shuffle_run(
    chunks: NDArray[np.integer[Any]], window: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return a random order of a run, given the chunk of each sample: see the top of this file."""
    distinct, chunk = np.unique(chunks, return_inverse=True)
    place_of_chunk = generator.permutation(len(distinct))
    # Mixed first: otherwise a window's border would always cut off the last samples of a chunk.
    order = generator.permutation(len(chunks))
    order = order[np.argsort(place_of_chunk[chunk[order]], kind="stable")]
    for start in range(0, len(order), window):
        generator.shuffle(order[start : start + window])
    return order


def without_gaps(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the samples of all steps, (steps, batch_size), with one in each empty place too.

    It is the one of the same place a step before, or any of the rank's where there is none, and
    weighs nothing. An empty image would be none of the crystals', but would count as one in the
    statistics of batch normalisation. Only a rank without any samples keeps its -1.
    """
    before = np.vstack([np.full(order.shape[1:], order.max(initial=-1)), order[:-1]])
    return np.where(order >= 0, order, before)


def take_samples(values: NDArray[Any], positions: NDArray[np.int64]) -> NDArray[Any]:
    """Return values[positions], with 0 where a position is -1."""
    taken = np.zeros((*positions.shape, *values.shape[1:]), dtype=values.dtype)
    filled = positions >= 0
    taken[filled] = values[positions[filled]]
    return taken
