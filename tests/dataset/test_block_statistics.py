import operator
from pathlib import Path

import numpy as np
import pytest
from small_dataset import write_small_dataset

from spacegrouper.dataset.block_statistics import measure_in_blocks


@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_is_measured_once_and_a_chunk_at_a_time(tmp_path: Path, workers: int) -> None:
    raw = np.ones((10, 3, 8, 8), dtype=np.uint8)
    dataset = write_small_dataset(tmp_path / "d.zarr", raw, [1] * 10, chunk_rows=4)
    seen, told = [], []

    def measure(rows: slice) -> int:
        seen.append((rows.start, rows.stop))
        return int(dataset.read(rows)["raw"].sum())

    assert measure_in_blocks(dataset, measure, operator.add, workers, told.append) == raw.sum()
    assert sorted(seen) == [(0, 4), (4, 8), (8, 10)]
    assert sum(told) == 10
