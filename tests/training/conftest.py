"""A small dataset that a small network can learn: each space group has its own lattice of spots."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns

SHAPE = Shape(central_window=(14, 18), minimum_distance=2)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dataset") / "tiny.zarr"
    rng = np.random.default_rng(0)
    spacegroup = np.arange(36, dtype=np.int16) % 3 + 195
    raw = np.zeros((36, 3, 32, 32), dtype=np.uint8)
    for row, group in enumerate(spacegroup):
        spacing = int(group) - 191
        spots = np.arange(int(rng.integers(spacing)), 32, spacing)
        raw[row][np.ix_(range(3), spots, spots)] = rng.integers(60, 255)
    group = zarr.create_group(path, zarr_format=3)
    group.attrs["simulate_settings"] = Simulate(pixels=32).model_dump(mode="json")
    group.attrs["shape_settings"] = SHAPE.model_dump(mode="json")
    patterns = {"raw": raw, "shaped": shape_patterns(raw, SHAPE)}
    for name, values in patterns.items():
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=(4, *values.shape[1:]),
            shards=(12, *values.shape[1:]),
        )
        array[:] = values
    labels: dict[str, Any] = {
        "material_id": np.array([f"mp-{row}" for row in range(36)], dtype=object),
        "spacegroup": spacegroup,
        "crystal_system": np.full(36, "cubic", dtype=object),
        "prototype": np.array(
            [f"A_{group}_{row % 4}" for row, group in enumerate(spacegroup)], object
        ),
        "status": np.ones(36, dtype=np.uint8),
    }
    for name, values in labels.items():
        dtype = "string" if values.dtype == object else values.dtype
        group.create_array(name, shape=values.shape, dtype=dtype)[:] = values
    return path
