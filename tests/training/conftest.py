"""A small dataset that a small network can learn: each space group has its own lattice of spots."""

from pathlib import Path

import numpy as np
import pytest
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.techniques.patterns.settings import Shape


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    rng = np.random.default_rng(0)
    spacegroup = np.arange(36) % 3 + 195
    raw = np.zeros((36, 3, 32, 32), dtype=np.uint8)
    for row, group in enumerate(spacegroup):
        spacing = int(group) - 191
        spots = np.arange(int(rng.integers(spacing)), 32, spacing)
        raw[row][np.ix_(range(3), spots, spots)] = rng.integers(60, 255)
    shape = Shape(central_window=(14, 18), minimum_distance=2)
    return write_small_dataset(
        tmp_path_factory.mktemp("dataset") / "tiny.zarr",
        raw,
        spacegroup,
        patterns_settings(32) | {"shape": shape.model_dump(mode="json")},
        chunk_rows=4,
        block_rows=12,
        material_id=[f"mp-{row}" for row in range(36)],
        crystal_system=["cubic"] * 36,
        prototype=[f"A_{group}_{row % 4}" for row, group in enumerate(spacegroup)],
    )


@pytest.fixture(scope="session")
def store(dataset: Dataset) -> Path:
    return dataset.path
