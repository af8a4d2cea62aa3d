"""A dataset of noise: all that a training needs to run, and nothing to learn."""

from pathlib import Path

import numpy as np
from small_dataset import write_small_dataset


def write_noise_dataset(path: Path) -> Path:
    """Write 24 crystals of two space groups, 16 x 16 pixels; return the path."""
    patterns = np.random.default_rng(0).integers(0, 256, (24, 3, 16, 16), dtype=np.uint8)
    names = [f"prototype-{row}" for row in range(24)]
    write_small_dataset(path, patterns, [1, 2] * 12, shaped=patterns[::-1].copy(), prototype=names)
    return path
