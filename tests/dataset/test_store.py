import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

from spacegrouper.dataset.blocks import block_keys, write_block
from spacegrouper.dataset.dataset_plan import plan_dataset
from spacegrouper.dataset.store import (
    blocks_to_write,
    finish_dataset,
    is_complete,
    remove_unfinished,
    start_dataset,
    start_repair,
    unfinished_path,
)
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns


@pytest.mark.parametrize("cuts", [(0, 10), (0, 4, 8, 10), (0, 3, 4, 9, 10)])
def test_the_dataset_does_not_depend_on_how_raw_shards_are_cut(
    raw_shards, datasets, tmp_path, cuts
) -> None:
    paths = [
        raw_shards.write(f"{first}.h5", range(first, last))
        for first, last in itertools.pairwise(cuts)
    ]
    datasets.make(tmp_path / "dataset.zarr", paths)
    group = zarr.open_group(tmp_path / "dataset.zarr", mode="r")
    patterns = raw_shards.patterns(range(10))
    np.testing.assert_array_equal(group["raw"][:], patterns.values)
    np.testing.assert_array_equal(
        group["shaped"][:], shape_patterns(patterns.values, datasets.settings.of(Shape))
    )
    assert group["material_id"][:].tolist() == [f"crystal-{i}" for i in range(10)]
    assert group["spacegroup"][:].tolist() == [225] * 10
    assert group["crystal_system"][:].tolist() == ["cubic"] * 10
    assert group["status"][:].tolist() == [1, 1, 1, 1, 2, 1, 1, 1, 1, 1]
    np.testing.assert_array_equal(group["intensity_max"][:], patterns.intensity_max)
    assert group["raw_shard_rows"][:].tolist() == [b - a for a, b in itertools.pairwise(cuts)]


def test_a_block_is_one_shard_of_whole_chunks(raw_shards, datasets, tmp_path: Path) -> None:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(10))])
    group = zarr.open_group(tmp_path / "dataset.zarr", mode="r")
    assert group["raw"].shards == (4, 3, 32, 32)
    assert group["raw"].chunks == (2, 3, 32, 32)
    assert len(list((tmp_path / "dataset.zarr" / "raw" / "c").iterdir())) == 3


def test_xarray_opens_it_with_names_and_coordinates(raw_shards, datasets, tmp_path: Path) -> None:
    plan = datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(3))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_zarr(tmp_path / "dataset.zarr", consolidated=False).load()
    assert dataset["shaped"].dims == ("crystal", "view", "y", "x")
    names = {"material_id", "spacegroup", "crystal_system", "prototype", "structure_key", "status"}
    assert names <= set(dataset["raw"].coords)
    assert dataset["spacegroup"].dims == ("crystal",)
    settings = dataset.attrs["made_with"]["settings"]
    assert settings["shape"]["reach"] == 1.7
    assert settings["simulate"]["wavelength"] == 3.5e-12
    assert set(dataset.attrs["versions"]) == {"spacegrouper", "numpy", "numba", "zarr"}
    assert dataset["block_sha256"].sel(digest="dataset").values.tolist() == [plan.sha256]


def test_nothing_is_done_before_it_is_written(raw_shards, datasets, tmp_path: Path) -> None:
    output = tmp_path / "dataset.zarr"
    plan = plan_dataset([raw_shards.write("0.h5", range(3))], datasets.settings)
    assert [block.number for block in start_dataset(output, plan)] == [0]
    assert zarr.open_group(unfinished_path(output), mode="r")["status"][:].tolist() == [0, 0, 0]
    assert not output.exists()
    with pytest.raises(UserError, match="block 0 is not done"):
        finish_dataset(output, plan)
    assert not output.exists()


def test_what_a_killed_worker_left_is_no_part_of_it(raw_shards, datasets, tmp_path: Path) -> None:
    plan = plan_dataset([raw_shards.write("0.h5", range(5))], datasets.settings)
    output = tmp_path / "out.zarr"
    blocks = start_dataset(output, plan)
    for block in blocks:
        write_block(unfinished_path(output), plan.sha256, block)
    half_written = unfinished_path(output) / "shaped" / "c" / "0" / "0" / "0" / ".0.abc.partial"
    half_written.write_bytes(b"half")
    finish_dataset(output, plan)
    assert not list(output.rglob("*.partial"))
    assert is_complete(output, plan)


def test_powders_are_stored_as_they_are_and_not_shaped(
    powder_shards, datasets, tmp_path: Path
) -> None:
    store = tmp_path / "dataset.zarr"
    paths = [powder_shards.write("0.h5", range(3)), powder_shards.write("1.h5", range(3, 10))]
    datasets.make(store, paths)
    group = zarr.open_group(store, mode="r")
    assert group["raw"].dtype == np.uint16
    np.testing.assert_array_equal(group["raw"][:], powder_shards.patterns(range(10)).values)
    assert "shaped" not in group
    assert group["digest"][:].tolist() == ["dataset", "raw", "status"]
    assert group.attrs["made_with"]["settings"].keys() == {"simulate", "powder"}
    assert group.attrs["made_with"]["settings"]["simulate"] == {"engine": "xrayutilities"}
    assert group["intensity_max"].attrs["units"] == "electrons^2"


def test_settings_of_shaping_do_not_matter_to_powders(powder_shards, datasets, tmp_path) -> None:
    store = tmp_path / "dataset.zarr"
    paths = [powder_shards.write("0.h5", range(4))]
    datasets.make(store, paths)
    datasets.settings = datasets.settings.model_copy(update={"shape": Shape(reach=1.2)})
    assert is_complete(store, plan_dataset(paths, datasets.settings))


def test_goes_on_after_an_interruption(any_shards, datasets, tmp_path: Path) -> None:
    paths = [any_shards.write("0.h5", range(10))]
    plan = datasets.make(tmp_path / "undisturbed.zarr", paths)
    output = tmp_path / "dataset.zarr"
    start_dataset(output, plan)
    store = unfinished_path(output)
    write_block(store, plan.sha256, plan.blocks[1])
    (store / "raw" / "c" / ".0.partial").write_bytes(b"what a killed process leaves")
    assert datasets.complete(output, plan) == [0, 2]
    assert datasets.contents(output) == datasets.contents(tmp_path / "undisturbed.zarr")
    assert is_complete(output, plan)


def test_other_settings_start_anew_and_the_earlier_stays_until_the_end(
    raw_shards, datasets, tmp_path: Path
) -> None:
    paths = [raw_shards.write("0.h5", range(10))]
    output = tmp_path / "dataset.zarr"
    earlier_plan = datasets.make(output, paths)
    earlier = datasets.contents(output)
    datasets.settings = datasets.settings.model_copy(update={"shape": Shape(reach=1.2)})
    plan = plan_dataset(paths, datasets.settings)
    assert len(start_dataset(output, plan)) == 3
    assert datasets.contents(output) == earlier
    datasets.complete(output, plan)
    assert is_complete(output, plan)
    assert not is_complete(output, earlier_plan)
    assert [path.name for path in tmp_path.glob("[!.]*.zarr*")] == ["dataset.zarr"]


def test_any_object_that_suffers_is_repaired_and_no_other(
    any_shards, datasets, tmp_path: Path, damage
) -> None:
    store = tmp_path / "dataset.zarr"
    plan = datasets.make(store, [any_shards.write("0.h5", range(10))])
    right = datasets.contents(store)
    for key in right:
        damage(store / key)
        before = {other: (store / other).stat().st_ino for other in right if other != key}
        assert not is_complete(store, plan)
        blocks = start_repair(store, plan)
        of_blocks = {
            k: b.number for b in plan.blocks for k in block_keys(b.number, b.arrays).values()
        }
        # Digests cannot be read without their metadata, but those are restored first.
        assert [block.number for block in blocks] == ([of_blocks[key]] if key in of_blocks else [])
        written = {key}
        for block in blocks:
            assert zarr.open_group(store, mode="r")["status"][4 * block.number] == 0
            write_block(store, plan.sha256, block)
            written |= set(block_keys(block.number, block.arrays).values())
        assert datasets.contents(store) == right
        assert is_complete(store, plan)
        for other in right.keys() - written:
            assert (store / other).stat().st_ino == before[other]


def test_a_repair_from_something_else_is_refused(raw_shards, datasets, tmp_path: Path) -> None:
    paths = [raw_shards.write("0.h5", range(4)), raw_shards.write("1.h5", range(4, 8))]
    datasets.make(tmp_path / "dataset.zarr", paths)
    before = datasets.contents(tmp_path / "dataset.zarr")
    with pytest.raises(UserError, match="made from other raw shards"):
        start_repair(tmp_path / "dataset.zarr", plan_dataset(paths[:1], datasets.settings))
    assert datasets.contents(tmp_path / "dataset.zarr") == before


def test_blocks_shaped_otherwise_do_not_survive_a_lost_root(
    raw_shards, datasets, tmp_path: Path
) -> None:
    paths = [raw_shards.write("0.h5", range(8))]
    store = tmp_path / "dataset.zarr"
    datasets.make(store, paths)
    (store / "zarr.json").unlink()
    other = datasets.settings.model_copy(update={"shape": Shape(reach=1.2)})
    plan = plan_dataset(paths, other)
    assert len(start_repair(store, plan)) == 2
    assert zarr.open_group(store, mode="r")["status"][:].tolist() == [0] * 8
    assert len(blocks_to_write(store, plan)) == 2


def test_what_interrupted_runs_left_is_removed(raw_shards, datasets, tmp_path: Path) -> None:
    output = tmp_path / "dataset.zarr"
    datasets.make(output, [raw_shards.write("0.h5", range(3))])
    other = plan_dataset([raw_shards.write("1.h5", range(3, 5))], datasets.settings)
    start_dataset(output, other)
    (tmp_path / "dataset.zarr.earlier").mkdir()
    remove_unfinished(output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.h5", "1.h5", "dataset.zarr"]
