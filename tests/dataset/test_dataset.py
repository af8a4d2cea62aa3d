import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr
from small_dataset import patterns_settings, write_small_dataset

import spacegrouper
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings import settings_from_mapping
from spacegrouper.techniques.patterns.settings import Shape


@pytest.mark.parametrize(
    ("shards", "name"), [("raw_shards", "raw"), ("raw_shards", "shaped"), ("powder_shards", "raw")]
)
def test_patterns_that_are_gone_are_not_read_as_black(
    request, datasets, tmp_path: Path, shards: str, name: str
) -> None:
    output = tmp_path / "dataset.zarr"
    datasets.make(output, [request.getfixturevalue(shards).write("0.h5", range(10))])
    (output / name / "c" / "1" / "0" / "0" / "0").unlink()

    with pytest.raises(UserError, match=rf"patterns of block 1 are gone: no file {name}/c/1/0/0/0"):
        Dataset(output)


def test_shaped_patterns_are_missed_where_they_belong(raw_shards, datasets, tmp_path: Path) -> None:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(4))])
    shutil.rmtree(tmp_path / "dataset.zarr" / "shaped")
    with pytest.raises(UserError, match="not a dataset of crystals: it has no shaped"):
        Dataset(tmp_path / "dataset.zarr")


def test_labels_are_read_by_name(raw_shards, datasets, tmp_path: Path) -> None:
    store = tmp_path / "dataset.zarr"
    with_labels = {"standardise": {"labels": ["material_group", "number"]}}
    raw_shards.settings = settings_from_mapping(with_labels, "")
    datasets.make(store, [raw_shards.write("0.h5", range(5))])
    group = Dataset(store)
    assert group.label("material_group").tolist() == ["metal", "", "spinel é", "metal", ""]
    assert group.label("number").tolist() == ["0", "1", "2", "3", "4"]
    assert group.label("crystal_system").tolist() == ["cubic"] * 5
    spacegroups = group.label("spacegroup")
    assert (spacegroups.dtype, spacegroups.tolist()) == (np.int64, [225] * 5)
    with pytest.raises(
        UserError,
        match=r"dataset\.zarr: no label 'materialgroup'; there are spacegroup, crystal_system, "
        "material_group, number, and",
    ):
        group.label("materialgroup")
    opened = spacegrouper.open_dataset(store)
    assert {"label_material_group", "label_number"} <= set(opened["raw"].coords)


def test_no_array_that_is_no_label_is_read_as_one(raw_shards, datasets, tmp_path: Path) -> None:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(2))])
    for name in ("raw", "status", "material_id", "label_", ""):
        with pytest.raises(UserError, match="no label"):
            Dataset(tmp_path / "dataset.zarr").label(name)


def test_a_folder_that_is_no_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.zarr: no dataset there"):
        Dataset(tmp_path / "none.zarr")
    zarr.create_group(tmp_path / "empty.zarr")
    with pytest.raises(UserError, match=r"empty\.zarr: not a dataset"):
        Dataset(tmp_path / "empty.zarr")


def test_usable_rows_are_done_and_in_the_release(raw_shards, datasets, tmp_path: Path) -> None:
    release = {f"crystal-{number}" for number in (0, 3, 4, 5)}
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(6))], release)
    group = Dataset(tmp_path / "dataset.zarr")
    assert np.flatnonzero(group.usable()).tolist() == [0, 3, 5]  # 4 was rejected
    assert group.usable(slice(2, 4)).tolist() == [False, True]


def test_all_rows_of_a_store_without_releases_are_in_it(tmp_path: Path) -> None:
    raw = np.zeros((4, 3, 8, 8), dtype=np.uint8)
    status = np.array([1, 2, 1, 0], dtype=np.uint8)
    dataset = write_small_dataset(tmp_path / "d.zarr", raw, [1, 2, 3, 4], status=status)
    assert dataset.usable().tolist() == [True, False, True, False]
    assert dataset.crystals()["spacegroup"].tolist() == [1, 3]


def test_views_are_those_that_the_dataset_records(tmp_path: Path) -> None:
    raw = np.zeros((1, 2, 8, 8), dtype=np.uint8)
    two = [{"axis": "z", "angle": 1}, {"axis": "x", "angle": 2}]
    settings = patterns_settings(8, views=two)
    assert write_small_dataset(tmp_path / "a.zarr", raw, [1], settings).view_names == ["z", "x"]
    with pytest.raises(UserError, match="name 3 views, but it has 2 patterns"):
        write_small_dataset(tmp_path / "b.zarr", raw, [1]).view_names  # noqa: B018


def test_a_store_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "old.zarr", attributes={"simulate_settings": {"pixels": 8}})
    with pytest.raises(UserError, match=r"old\.zarr: made by an earlier version.*make it anew"):
        Dataset(tmp_path / "old.zarr")


def test_any_rows_are_read_in_their_order(tmp_path: Path) -> None:
    raw = np.random.default_rng(0).integers(0, 256, (9, 3, 8, 8), dtype=np.uint8)
    dataset = write_small_dataset(tmp_path / "d.zarr", raw, [1] * 9, chunk_rows=2)
    rows = np.array([1, 2, 3, 8])
    read = dataset.read(rows)
    assert set(read) == {"raw", "shaped"}
    np.testing.assert_array_equal(read["raw"], raw[rows])
    np.testing.assert_array_equal(dataset.read(slice(3, 6), ["raw"])["raw"], raw[3:6])
    assert dataset.read(np.array([], dtype=int))["raw"].shape == (0, 3, 8, 8)


def test_a_flipped_bit_in_a_shard_is_not_read_as_a_pattern(
    raw_shards, datasets, tmp_path: Path
) -> None:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(4))])
    shard = tmp_path / "dataset.zarr" / "raw" / "c" / "0" / "0" / "0" / "0"
    whole = shard.read_bytes()
    for position in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        shard.write_bytes(damaged)
        with pytest.raises(UserError, match=r"`raw` cannot be read from row 0 on .*checksum"):
            Dataset(tmp_path / "dataset.zarr").read(slice(0, 4))


def test_patterns_of_another_program_have_the_default_views(tmp_path: Path) -> None:
    raw = np.zeros((1, 3, 8, 8), dtype=np.uint8)
    dataset = write_small_dataset(tmp_path / "d.zarr", raw, [1], {"shape": Shape().model_dump()})
    assert dataset.view_names == ["x", "y", "z"]
