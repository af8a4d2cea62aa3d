from pathlib import Path

import h5py
import pytest

from spacegrouper.dataset.dataset_plan import plan_dataset
from spacegrouper.dataset.store import blocks_to_write, start_dataset, unfinished_path
from spacegrouper.dataset.workers import write_blocks
from spacegrouper.errors import UserError


def test_all_blocks_are_written_whatever_their_order(raw_shards, datasets, tmp_path: Path) -> None:
    plan = plan_dataset([raw_shards.write("0.h5", range(10))], datasets.settings)
    blocks = start_dataset(tmp_path / "out.zarr", plan)
    store = unfinished_path(tmp_path / "out.zarr")
    assert sorted(write_blocks(store, plan.sha256, blocks, datasets.settings, processes=2)) == [
        2,
        4,
        4,
    ]
    assert blocks_to_write(store, plan) == []
    assert list(write_blocks(store, plan.sha256, [], datasets.settings, processes=2)) == []


def test_a_mistake_found_by_a_worker_comes_back(raw_shards, datasets, tmp_path: Path) -> None:
    path = raw_shards.write("0.h5", range(4))
    plan = plan_dataset([path], datasets.settings)
    blocks = start_dataset(tmp_path / "out.zarr", plan)
    with h5py.File(path, "a") as file:
        file["entry/data/data"][0] = 0
    store = unfinished_path(tmp_path / "out.zarr")
    with pytest.raises(UserError, match=r"0\.h5: its SHA-256 changed"):
        list(write_blocks(store, plan.sha256, blocks, datasets.settings, processes=1))
