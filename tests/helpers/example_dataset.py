"""A dataset of patterns with a few spots in them, which shaping joins."""

from pathlib import Path

import numpy as np
import zarr

from spacegrouper.techniques.patterns.shaping import shape_patterns
from spacegrouper.techniques.patterns.settings import Shape

SIZE = 48
SHAPE = Shape(central_window=(22, 25))
IDS = ("a", "c", "b", "d", "e", "f")
# Of 225 there are two crystals; the group of `e` is unknown, and `f` is not finished.
GROUPS = (229, 225, 225, 2, 0, 62)


def write_example_dataset(path: Path) -> zarr.Group:
    """Write six crystals, 48 x 48 pixels in three views, and return the open dataset."""
    rng = np.random.default_rng(0)
    raw = np.zeros((len(GROUPS), 3, SIZE, SIZE), dtype=np.uint8)
    raw[:, :, 23:25, 23:25] = 255
    for pattern in raw.reshape(-1, SIZE, SIZE):
        pattern[tuple(rng.integers(4, SIZE - 4, (2, 8)))] = rng.integers(80, 200, 8)
    group = zarr.create_group(path, zarr_format=3)
    for name, patterns in (("raw", raw), ("shaped", shape_patterns(raw, SHAPE))):
        group.create_array(name, data=patterns, chunks=(2, 3, SIZE, SIZE))
    group.create_array("spacegroup", data=np.array(GROUPS, dtype=np.int16))
    group.create_array("status", data=np.array([1, 1, 1, 1, 1, 2], dtype=np.uint8))
    names = group.create_array("material_id", shape=(len(IDS),), dtype="string")
    names[:] = np.array(IDS, dtype=object)
    group.attrs["simulate_settings"] = {"engine": "kinematic"}
    group.attrs["shape_settings"] = SHAPE.model_dump(mode="json")
    return group
