"""A dataset of patterns with a few spots in them, which shaping joins."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from small_dataset import write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.techniques.patterns.settings import Shape

SIZE = 48
SHAPE = Shape().written_out(SIZE)
IDS = ("a", "c", "b", "d", "e", "f")
# Of 225 there are two crystals; the group of `e` is unknown, and `f` is not finished.
GROUPS = (229, 225, 225, 2, 0, 62)


def write_example_dataset(path: Path, groups: Sequence[int] = GROUPS) -> Dataset:
    """Write six crystals, 48 x 48 pixels in three views, and return the open dataset."""
    rng = np.random.default_rng(0)
    raw = np.zeros((len(GROUPS), 3, SIZE, SIZE), dtype=np.uint8)
    raw[:, :, 23:25, 23:25] = 255
    for pattern in raw.reshape(-1, SIZE, SIZE):
        pattern[tuple(rng.integers(4, SIZE - 4, (2, 8)))] = rng.integers(80, 200, 8)
    return write_small_dataset(
        path,
        raw,
        groups,
        chunk_rows=2,
        material_id=IDS,
        status=np.array([1, 1, 1, 1, 1, 2], np.uint8),
    )
