"""A dataset of noise: all that a training needs to run, and nothing to learn."""

from pathlib import Path

import numpy as np
import zarr

from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.settings import Shape


def write_noise_dataset(path: Path) -> Path:
    """Write 24 crystals of two space groups, 16 x 16 pixels; return the path."""
    patterns = np.random.default_rng(0).integers(0, 256, (24, 3, 16, 16), dtype=np.uint8)
    group = zarr.create_group(path, zarr_format=3)
    group.attrs["simulate_settings"] = Simulate(pixels=16).model_dump(mode="json")
    group.attrs["shape_settings"] = Shape(central_window=(7, 9)).model_dump(mode="json")
    group.create_array("raw", data=patterns)
    group.create_array("shaped", data=patterns[::-1].copy())
    group.create_array("spacegroup", data=np.arange(24, dtype=np.int16) % 2 + 1)
    group.create_array("status", data=np.ones(24, dtype=np.uint8))
    for name in ("material_id", "prototype"):
        texts = np.array([f"{name}-{row}" for row in range(24)], dtype=object)
        group.create_array(name, shape=(24,), dtype="string")[:] = texts
    return path
