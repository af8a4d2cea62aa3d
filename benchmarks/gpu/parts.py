"""A part of the crystals, shard by shard, and the order in which steps take them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.training.batches import Share, without_gaps


@dataclass(frozen=True)
class Part:
    """The training, validation or test set, in the GPU's memory.

    Args:
        labels: of its crystals, of which the first shard has the first ones.
        shares: what each shard has of them.
        shards: of patterns.
    """

    labels: NDArray[np.int64]
    shares: Sequence[Share]
    shards: Sequence[Any]

    def steps(self, seed: int | None, epoch: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield, for each step, the places in the shards, the labels and the weights.

        Weights, of which the sum is 1, are 0 where there is no crystal. `seed`: of the shuffling;
        none: all crystals in their order.
        """
        orders = [self._order(share, seed, epoch) for share in self.shares]
        weights = [share.weights(order) for share, order in zip(self.shares, orders, strict=True)]
        places = [np.maximum(without_gaps(order), 0) for order in orders]
        labels = [
            # Of a shard without crystals, any.
            np.append(self.labels[share.own], 0)[place]
            for share, place in zip(self.shares, places, strict=True)
        ]
        for step in range(self.shares[0].steps):
            yield (
                np.array([place[step] for place in places], dtype=np.int32),
                np.concatenate([label[step] for label in labels]).astype(np.int32),
                np.concatenate([weight[step] for weight in weights]) / len(self.shares),
            )

    @staticmethod
    def _order(share: Share, seed: int | None, epoch: int) -> NDArray[np.int64]:
        if seed is None:
            return share.stored_order()
        in_one_chunk = np.zeros(share.own.stop - share.own.start, dtype=np.int64)
        return share.shuffled_order(in_one_chunk, share.steps, seed, epoch)

    def in_order(self, found: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return what was found of the crystals of each step, in the order of the crystals.

        `found`: for each step of `steps(None)`, (crystals of the step, ...).
        """
        places = np.concatenate(
            [share.stored_order() + share.own.start for share in self.shares], 1
        )
        filled = np.concatenate([share.stored_order() >= 0 for share in self.shares], 1).ravel()
        values = np.concatenate(found)
        ordered = np.empty((len(self.labels), *values.shape[1:]), dtype=values.dtype)
        ordered[places.ravel()[filled]] = values[filled]
        return ordered
