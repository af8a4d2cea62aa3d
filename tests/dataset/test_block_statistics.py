import operator

import numpy as np
import pytest
import zarr

from spacegrouper.dataset.block_statistics import measure_in_blocks


@pytest.mark.parametrize("shards", [(4, 1), None])
@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_is_measured_once_and_a_block_at_a_time(shards, workers) -> None:
    group = zarr.group(zarr.storage.MemoryStore())
    values = np.arange(10, dtype=np.uint8)[:, None]
    group.create_array("raw", shape=(10, 1), dtype=np.uint8, chunks=(2, 1), shards=shards)
    group["raw"][:] = values
    seen = []

    def measure(block: tuple[int, int]) -> int:
        seen.append(block)
        return int(group["raw"][slice(*block)].sum())

    assert measure_in_blocks(group, measure, operator.add, workers) == values.sum()
    step = 4 if shards else 2
    assert sorted(seen) == [(start, min(start + step, 10)) for start in range(0, 10, step)]
