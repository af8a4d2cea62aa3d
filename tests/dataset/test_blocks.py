from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from spacegrouper.dataset import blocks
from spacegrouper.dataset.blocks import block_keys, block_problems, write_block
from spacegrouper.dataset.dataset_plan import DatasetPlan, plan_dataset
from spacegrouper.dataset.store import start_dataset, unfinished_path
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns


@pytest.fixture
def plan(any_shards, datasets) -> DatasetPlan:
    return plan_dataset([any_shards.write("0.h5", range(10))], datasets.settings)


@pytest.fixture
def store(tmp_path: Path, plan: DatasetPlan) -> Path:
    start_dataset(tmp_path / "out.zarr", plan)
    return unfinished_path(tmp_path / "out.zarr")


def problems(store: Path, plan: DatasetPlan, number: int = 1) -> dict[str, str]:
    return block_problems(store, number, plan.arrays, plan.sha256)


def test_a_written_block_is_whole_and_the_others_are_not(store, plan, datasets) -> None:
    assert write_block(store, plan.sha256, plan.blocks[1]) == 4
    assert problems(store, plan) == {}
    for number in (0, 2):
        assert problems(store, plan, number) == dict.fromkeys(
            block_keys(number, plan.arrays).values(), "missing"
        )
    status = zarr.open_group(store, mode="r")["status"][:]
    assert status.tolist() == [0] * 4 + [2, 1, 1, 1] + [0, 0]


def test_each_file_of_a_block_is_watched(store, plan, datasets, damage) -> None:
    write_block(store, plan.sha256, plan.blocks[1])
    for key in block_keys(1, plan.arrays).values():
        whole = (store / key).read_bytes()
        damage(store / key)
        expected = "damaged" if (store / key).exists() else "missing"
        assert problems(store, plan) == {key: expected}
        (store / key).write_bytes(whole)
    assert problems(store, plan) == {}


def test_a_block_of_another_dataset_is_none_of_this(store, plan, datasets) -> None:
    write_block(store, plan.sha256, plan.blocks[1])
    found = block_problems(store, 1, plan.arrays, "0" * 64)
    assert found == {"block_sha256/c/1/0": "of another dataset"}


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("step", range(5))
def test_an_interrupted_write_is_never_taken_for_whole(
    store, plan, datasets, any_shards, monkeypatch, step: int, finished: bool
) -> None:
    """However far it came, and whether the block is new or one that had become damaged."""
    block, shape = plan.blocks[1], datasets.settings.of(Shape)
    step = min(step, len(block.arrays) + 1)  # the last one that is left
    write_block(store, plan.sha256, block)
    right = datasets.contents(store)
    for key in block_keys(1, plan.arrays).values():
        if finished:
            (store / key).write_bytes(b"damaged")
        else:
            (store / key).unlink()

    steps = 0

    def until_it_stops(change):
        def changed(*arguments) -> None:
            nonlocal steps
            if steps == step:
                raise KeyboardInterrupt
            steps += 1
            change(*arguments)

        return changed

    with monkeypatch.context() as patch:
        for name in ("remove_object", "write_object"):
            patch.setattr(blocks, name, until_it_stops(getattr(blocks, name)))
        with pytest.raises(KeyboardInterrupt):
            write_block(store, plan.sha256, block)
    assert problems(store, plan)
    if step > 0:
        group = zarr.open_group(store, mode="r")
        assert group["status"][4:8].tolist() == [0] * 4
    write_block(store, plan.sha256, block)
    assert datasets.contents(store) == right
    patterns = any_shards.patterns(range(4, 8)).values
    group = zarr.open_group(store, mode="r")
    np.testing.assert_array_equal(group["raw"][4:8], patterns)
    if "shaped" in block.arrays:
        np.testing.assert_array_equal(group["shaped"][4:8], shape_patterns(patterns, shape))
    else:
        assert "shaped" not in group


def test_a_whole_block_is_left_alone(store, plan, datasets) -> None:
    write_block(store, plan.sha256, plan.blocks[1])
    files = [store / key for key in block_keys(1, plan.arrays).values()]
    before = [path.stat().st_ino for path in files]
    assert write_block(store, plan.sha256, plan.blocks[1]) == 4
    assert [path.stat().st_ino for path in files] == before


def test_a_worker_left_from_an_earlier_run_writes_no_more(store, plan, datasets) -> None:
    before = datasets.contents(store)
    with pytest.raises(UserError, match="changed while it was being written"):
        write_block(store, "0" * 64, plan.blocks[1])
    assert datasets.contents(store) == before


def test_a_black_block_has_its_files(datasets, tmp_path: Path) -> None:
    """Zarr leaves out what is zero; here an absent file is a loss."""
    with h5py.File(tmp_path / "0.h5", "w") as file:
        file["entry/data/data"] = np.zeros((4, 3, 32, 32), np.uint8)
        file["entry/material_id"] = ["a", "b", "c", "d"]
    plan = datasets.make(tmp_path / "out.zarr", [tmp_path / "0.h5"])
    for key in block_keys(0, plan.arrays).values():
        assert (tmp_path / "out.zarr" / key).is_file()
    assert not zarr.open_group(tmp_path / "out.zarr", mode="r")["raw"][:].any()
