"""What is said of a dataset of patterns, from its statistics."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.description import describe

SIZE = 24
VIEWS = [{"axis": axis, "angle": 45} for axis in "xy"]


def described(path: Path, spacegroup: np.ndarray, dtype: type, factor: int):
    rng = np.random.default_rng(5)
    shape = (len(spacegroup), len(VIEWS), SIZE, SIZE)
    lit = [rng.random(shape) < share for share in (0.05, 0.2)]
    raw, shaped = (rng.integers(1, 256, shape) * where * factor for where in lit)
    bits = np.iinfo(dtype).bits
    settings = patterns_settings(SIZE, views=VIEWS, bit_depth=bits)
    write_small_dataset(path, raw.astype(dtype), spacegroup, settings, shaped=shaped.astype(dtype))
    return describe(Dataset(path), 1, lambda _: None)


def test_16_bits_are_described_as_8_bits_are(tmp_path: Path) -> None:
    spacegroup = np.array([0, 14, 14, 194, 225])
    coarse = described(tmp_path / "coarse.zarr", spacegroup, np.uint8, 1)
    fine = described(tmp_path / "fine.zarr", spacegroup, np.uint16, 257)

    for name in coarse.tables:
        pd.testing.assert_frame_equal(fine.tables[name], coarse.tables[name])
    assert {*coarse.figures} == {
        "class_balance",
        "crystal_systems",
        "brightness",
        "occupied_pixels",
        "nodes",
    }
    assert "4 crystals in 3 space groups; 1 without" in coarse.summary


def test_a_dataset_of_no_space_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data.zarr: no crystal has a space group"):
        described(tmp_path / "data.zarr", np.zeros(3, int), np.uint8, 1)
