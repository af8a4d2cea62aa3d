"""Which crystal is learnt from when, and by which rank.

The samples are cut into as many runs as a step takes samples over all ranks; a step takes one
sample from each run, and every epoch shuffles each run for itself. A rank owns `batch_size`
neighbouring runs: it needs to read only those, once, and the samples of a step depend on the
number of samples a step takes, not on how many ranks share them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """A rank's samples in one step.

    `positions`: (batch_size,) among the rank's own samples, -1 for a place left empty.
    `weights`: (batch_size,) float32; 0 for an empty place, otherwise such that the mean over ranks
    of each rank's weighted sum is the mean over all samples of the step.
    """

    positions: NDArray[np.int64]
    weights: NDArray[np.float32]


def own_samples(samples: int, ranks: int, batch_size: int, rank: int) -> slice:
    """Return which of all samples a rank learns from, in every epoch."""
    starts = _run_starts(samples, ranks * batch_size)
    return slice(int(starts[rank * batch_size]), int(starts[(rank + 1) * batch_size]))


def epoch_batches(
    samples: int, ranks: int, batch_size: int, rank: int, seed: int, epoch: int
) -> Iterator[Batch]:
    """Yield a rank's batches of an epoch; every sample comes once, all ranks take equal steps."""
    runs = ranks * batch_size
    starts = _run_starts(samples, runs)
    steps = -(-samples // runs)
    own = range(rank * batch_size, (rank + 1) * batch_size)
    order = np.full((steps, batch_size), -1, dtype=np.int64)
    for column, run in enumerate(own):
        length = starts[run + 1] - starts[run]
        shuffled = np.random.default_rng([seed, epoch, run]).permutation(length)
        order[:length, column] = shuffled + starts[run] - starts[own.start]
    for step, positions in enumerate(order):
        # Runs differ in length by at most one, so only the last step has empty places.
        taken = min(runs, samples - step * runs)
        weights = np.where(positions >= 0, ranks / taken, 0).astype(np.float32)
        yield Batch(positions, weights)


def take_samples(values: NDArray[Any], positions: NDArray[np.int64]) -> NDArray[Any]:
    """Return values[positions], patterns or labels, with 0 where a position is -1."""
    taken = np.zeros((len(positions), *values.shape[1:]), dtype=values.dtype)
    filled = positions >= 0
    taken[filled] = values[positions[filled]]
    return taken


def _run_starts(samples: int, runs: int) -> NDArray[np.int64]:
    return np.arange(runs + 1, dtype=np.int64) * samples // runs
