"""Statistics of a dataset that is larger than memory: measured block by block, then added up."""

from collections.abc import Callable
from typing import TypeVar

import dask.bag

from spacegrouper.dataset.dataset import Dataset

# Partial results in memory at a time, for each of which there are the results it is the sum of.
_PARTS_ADDED_AT_A_TIME = 8

Statistics = TypeVar("Statistics")


def measure_in_blocks(
    dataset: Dataset,
    measure: Callable[[tuple[int, int]], Statistics],
    add: Callable[[Statistics, Statistics], Statistics],
    workers: int,
) -> Statistics:
    """Measure the rows of every block, first to last (excluded), and add up, over some threads.

    A block is what the dataset stores as one object, so that no two threads read the same.
    Raises UserError for one that cannot be read.
    """
    blocks = dataset.blocks()

    total: Statistics = (
        dask.bag.from_sequence(blocks, npartitions=len(blocks))
        .map(measure)
        .fold(add, split_every=_PARTS_ADDED_AT_A_TIME)
        .compute(scheduler="threads", num_workers=workers)
    )
    return total
