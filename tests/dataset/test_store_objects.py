import hashlib
from pathlib import Path

import numpy as np
import pytest
import zarr

from spacegrouper.dataset.store_objects import (
    encode_part,
    list_objects,
    object_problem,
    remove_object,
    write_object,
)
from spacegrouper.errors import UserError


@pytest.mark.parametrize("value", [0, 7])
def test_encodes_what_zarr_would_write(tmp_path: Path, value: int) -> None:
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(10, 3), chunks=(2, 3), shards=(4, 3), dtype="uint8",
        config={"write_empty_chunks": True},
    )  # fmt: skip
    rows = np.full((4, 3), value, dtype=np.uint8)
    array[4:8] = rows
    metadata = (tmp_path / "a.zarr" / "zarr.json").read_bytes()
    assert encode_part(metadata, 4, rows) == {
        "c/1/0": (tmp_path / "a.zarr" / "c" / "1" / "0").read_bytes()
    }


def test_what_is_written_is_listed_and_can_be_removed(tmp_path: Path) -> None:
    write_object(tmp_path, "raw/c/0", b"one")
    write_object(tmp_path, "raw/c/0", b"two")
    write_object(tmp_path, "zarr.json", b"{}")
    assert list_objects(tmp_path) == ["raw/c/0", "zarr.json"]
    assert (tmp_path / "raw/c/0").read_bytes() == b"two"
    remove_object(tmp_path, "raw/c/0")
    remove_object(tmp_path, "raw/c/1")
    assert list_objects(tmp_path) == ["zarr.json"]


def test_a_problem_is_told(tmp_path: Path, damage) -> None:
    digest = hashlib.sha256(b"content").hexdigest()
    write_object(tmp_path, "key", b"content")
    assert object_problem(tmp_path, "key", digest) is None
    damage(tmp_path / "key")
    expected = "damaged" if (tmp_path / "key").exists() else "missing"
    assert object_problem(tmp_path, "key", digest) == expected


def test_a_folder_in_the_way_is_damage(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    assert object_problem(tmp_path, "key", "") == "damaged"
    with pytest.raises(UserError, match="key: cannot be written: Is a directory"):
        write_object(tmp_path, "key", b"content")
