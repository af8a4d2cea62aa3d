"""Statistics of a dataset that is larger than memory: measured block by block, then added up."""

from collections.abc import Callable
from functools import reduce
from typing import TypeVar

import dask.bag

from spacegrouper.dataset.dataset import Dataset

# Partial results in memory at a time, for each of which there are the results it is the sum of.
_PARTS_ADDED_AT_A_TIME = 8

Statistics = TypeVar("Statistics")


def measure_in_blocks(
    dataset: Dataset,
    measure: Callable[[slice], Statistics],
    add: Callable[[Statistics, Statistics], Statistics],
    workers: int,
    advance: Callable[[int], None],
) -> Statistics:
    """Measure the rows of every block, chunk by chunk, and add up, over some threads.

    A block is what the dataset stores as one object, so that no two threads read the same.
    `advance` is told of rows done. Raises UserError for rows that cannot be read.
    """
    blocks = dataset.blocks()

    def measure_chunk(rows: slice) -> Statistics:
        found = measure(rows)
        advance(rows.stop - rows.start)
        return found

    def measure_block(block: tuple[int, int]) -> Statistics:
        start, stop = block
        chunks = range(start, stop, dataset.chunk_rows)
        rows = (slice(first, min(first + dataset.chunk_rows, stop)) for first in chunks)
        return reduce(add, map(measure_chunk, rows))

    total: Statistics = (
        dask.bag.from_sequence(blocks, npartitions=len(blocks))
        .map(measure_block)
        .fold(add, split_every=_PARTS_ADDED_AT_A_TIME)
        .compute(scheduler="threads", num_workers=workers)
    )
    return total
