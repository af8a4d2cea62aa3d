from pathlib import Path

import h5py
import numpy as np
import pytest

from spacegrouper.errors import UserError
from spacegrouper.storage.raw_shard import read_raw_patterns, read_raw_rows


def test_what_is_written_is_read(raw_shards) -> None:
    path = raw_shards.write("000000.h5", range(6))
    patterns = raw_shards.patterns(range(6))
    rows = read_raw_rows(path)
    assert rows.material_id.tolist() == [f"crystal-{i}" for i in range(6)]
    assert rows.status.tolist() == [1, 1, 1, 1, 2, 1]
    assert rows.spacegroup.tolist() == [225] * 6
    assert rows.text_labels["prototype"].tolist() == ["AB_225_a_b"] * 6
    assert rows.settings["wavelength"] == 3.5e-12
    np.testing.assert_array_equal(rows.intensity_max, patterns.intensity_max)
    np.testing.assert_array_equal(read_raw_patterns(path, 2, 5), patterns.values[2:5])


def test_a_viewer_finds_the_patterns_by_the_nexus_attributes(raw_shards) -> None:
    with h5py.File(raw_shards.write("000000.h5", range(2))) as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        signal = data[data.attrs["signal"]]
        assert signal.dtype == np.uint8
        assert signal.shape == (2, 3, 32, 32)
        assert len(data.attrs["axes"]) == signal.ndim


def test_the_same_block_makes_the_same_bytes(raw_shards) -> None:
    first, second = (raw_shards.write(name, range(3)) for name in ("a.h5", "b.h5"))
    assert first.read_bytes() == second.read_bytes()


def test_patterns_and_ids_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = np.zeros((2, 3, 8, 8), dtype=np.uint8)
        file["entry/material_id"] = ["one", "two"]
    rows = read_raw_rows(path)
    assert rows.material_id.tolist() == ["one", "two"]
    assert rows.status.tolist() == [1, 1]
    assert rows.spacegroup.tolist() == [0, 0]
    assert rows.text_labels["crystal_system"].tolist() == ["", ""]


def test_a_damaged_file_is_named(raw_shards, tmp_path: Path) -> None:
    whole = raw_shards.write("000000.h5", range(2)).read_bytes()
    path = tmp_path / "damaged.h5"
    for content in (whole[: len(whole) // 2], b"not HDF5", b""):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"damaged\.h5"):
            read_raw_rows(path)


@pytest.mark.parametrize(
    ("patterns", "ids", "message"),
    [
        (np.zeros((2, 8, 8), np.uint8), ["a", "b"], "must be uint8"),
        (np.zeros((2, 3, 8, 8), np.float32), ["a", "b"], "must be uint8"),
        (np.zeros((2, 3, 8, 8), np.uint8), ["a"], "one string for each crystal"),
        (np.zeros((2, 3, 8, 8), np.uint8), None, "has no /entry/material_id"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path: Path, patterns, ids, message: str) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = patterns
        if ids:
            file["entry/material_id"] = ids
    with pytest.raises(UserError, match=message):
        read_raw_rows(path)
