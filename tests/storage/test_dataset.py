import itertools
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

from spacegrouper.config import settings_from_mapping
from spacegrouper.descriptors.shaped import shape_patterns
from spacegrouper.errors import UserError
from spacegrouper.storage.dataset import (
    create_dataset,
    finish_dataset,
    open_dataset,
    shape_block,
)

SETTINGS = settings_from_mapping({"plan": {"block_size": 4}, "dataset": {"chunk_crystals": 3}}, "")


def make_dataset(store: Path, paths: list[Path]) -> zarr.Group:
    source = create_dataset(store, paths, SETTINGS)
    for start in range(0, source.rows, 4):
        shape_block(store, source, start, min(start + 4, source.rows), SETTINGS.shape)
    finish_dataset(store, source)
    return open_dataset(store)


@pytest.mark.parametrize("cuts", [(0, 10), (0, 4, 8, 10), (0, 3, 4, 9, 10)])
def test_the_dataset_does_not_depend_on_how_raw_shards_are_cut(raw_shards, tmp_path, cuts) -> None:
    paths = [
        raw_shards.write(f"{first}.h5", range(first, last))
        for first, last in itertools.pairwise(cuts)
    ]
    group = make_dataset(tmp_path / "dataset.zarr", paths)
    patterns = raw_shards.patterns(range(10))
    np.testing.assert_array_equal(group["raw"][:], patterns.values)
    np.testing.assert_array_equal(
        group["shaped"][:], shape_patterns(patterns.values, SETTINGS.shape)
    )
    assert group["material_id"][:].tolist() == [f"crystal-{i}" for i in range(10)]
    assert group["spacegroup"][:].tolist() == [225] * 10
    assert group["crystal_system"][:].tolist() == ["cubic"] * 10
    assert group["status"][:].tolist() == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
    np.testing.assert_array_equal(group["intensity_max"][:], patterns.intensity_max)


def test_a_block_is_one_shard_of_whole_chunks(raw_shards, tmp_path: Path) -> None:
    group = make_dataset(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(10))])
    assert group["raw"].shards == (4, 3, 32, 32)
    assert group["raw"].chunks == (2, 3, 32, 32)
    assert len(list((tmp_path / "dataset.zarr" / "raw" / "c").iterdir())) == 3


def test_xarray_opens_it_with_names(raw_shards, tmp_path: Path) -> None:
    make_dataset(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(3))])
    dataset = xarray.open_zarr(tmp_path / "dataset.zarr", consolidated=False)
    assert dataset["shaped"].dims == ("crystal", "view", "y", "x")
    assert dataset["spacegroup"].dims == ("crystal",)
    assert dataset.attrs["shape_settings"]["reach"] == 1.7
    assert dataset.attrs["simulate_settings"]["wavelength"] == 3.5e-12


def test_nothing_is_done_before_it_is_finished(raw_shards, tmp_path: Path) -> None:
    store = tmp_path / "dataset.zarr"
    create_dataset(store, [raw_shards.write("0.h5", range(3))], SETTINGS)
    assert open_dataset(store)["status"][:].tolist() == [0, 0, 0]


def test_shards_that_do_not_fit_together_are_refused(raw_shards, tmp_path: Path) -> None:
    first = raw_shards.write("0.h5", range(3))
    with pytest.raises(UserError, match=r"crystal-2 is in .*0\.h5 already"):
        create_dataset(tmp_path / "a", [first, raw_shards.write("1.h5", range(2, 4))], SETTINGS)
    raw_shards.settings = raw_shards.settings.model_copy(update={"wavelength": 1e-12})
    with pytest.raises(UserError, match=r"1\.h5: simulated with other settings"):
        create_dataset(tmp_path / "b", [first, raw_shards.write("1.h5", range(5, 6))], SETTINGS)


def test_a_folder_that_is_no_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.zarr: no dataset there"):
        open_dataset(tmp_path / "none.zarr")
    zarr.create_group(tmp_path / "empty.zarr")
    with pytest.raises(UserError, match=r"empty\.zarr: not a dataset"):
        open_dataset(tmp_path / "empty.zarr")
