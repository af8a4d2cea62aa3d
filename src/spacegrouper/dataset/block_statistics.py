"""Statistics of a dataset that is larger than memory: measured block by block, then added up."""

from collections.abc import Callable
from typing import Any, TypeVar

import dask.bag
import zarr

from spacegrouper.errors import UserError

# Partial results in memory at a time, for each of which there are the results it is the sum of.
_PARTS_ADDED_AT_A_TIME = 8

Statistics = TypeVar("Statistics")


def measure_in_blocks(
    dataset: zarr.Group,
    measure: Callable[[tuple[int, int]], Statistics],
    add: Callable[[Statistics, Statistics], Statistics],
    workers: int,
) -> Statistics:
    """Measure the rows of every block, first to last (excluded), and add up, over some threads.

    A block is what the dataset stores as one object, so that no two threads read the same.
    Raises UserError for one that cannot be read.
    """
    raw: Any = dataset["raw"]
    step = (raw.shards or raw.chunks)[0]
    blocks = [(start, min(start + step, raw.shape[0])) for start in range(0, raw.shape[0], step)]

    def measure_or_explain(block: tuple[int, int]) -> Statistics:
        try:
            return measure(block)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"{dataset.store_path}: rows {block[0]} to {block[1] - 1} cannot be read "
                f"({reason}); make the dataset again with scripts/shape.py"
            ) from error

    total: Statistics = (
        dask.bag.from_sequence(blocks, npartitions=len(blocks))
        .map(measure_or_explain)
        .fold(add, split_every=_PARTS_ADDED_AT_A_TIME)
        .compute(scheduler="threads", num_workers=workers)
    )
    return total
