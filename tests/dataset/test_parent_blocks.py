import os
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
import zarr

from spacegrouper.dataset.blocks import write_block
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.dataset_plan import DatasetPlan, plan_dataset
from spacegrouper.dataset.parent_blocks import link_blocks
from spacegrouper.dataset.store import (
    finish_dataset,
    is_complete,
    start_dataset,
    unfinished_path,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Plan
from spacegrouper.techniques.patterns.settings import Shape

RELEASE = frozenset(f"crystal-{number}" for number in (*range(9), 20))


class Family:
    """The dataset of a parent release (ten crystals, blocks of four), and of one after it."""

    def __init__(self, raw_shards, datasets, folder: Path) -> None:
        self.datasets = datasets
        self.settings = datasets.settings
        self.old = [raw_shards.write("0.h5", range(7)), raw_shards.write("1.h5", range(7, 10))]
        self.new = [raw_shards.write("2.h5", range(20, 22), {21: "crystal-2"})]
        self.parent, self.child = folder / "parent.zarr", folder / "child.zarr"
        datasets.make(self.parent, self.old)

    def plan(self, release: Collection[str] = RELEASE, new: bool = True) -> DatasetPlan:
        return plan_dataset(self.old + (self.new if new else []), self.settings, release)

    def make(self, plan: DatasetPlan) -> list[int]:
        """Make the later dataset; return which blocks had to be written."""
        blocks = link_blocks(
            unfinished_path(self.child), plan, start_dataset(self.child, plan), self.parent
        )
        for block in blocks:
            write_block(unfinished_path(self.child), plan.sha256, block)
        finish_dataset(self.child, plan)
        assert is_complete(self.child, plan)
        return [block.number for block in blocks]

    def state(self) -> dict[str, tuple[bytes, int]]:
        contents = self.datasets.contents(self.parent)
        return {
            key: (content, (self.parent / key).stat().st_mtime_ns)
            for key, content in contents.items()
        }


@pytest.fixture
def family(raw_shards, datasets, tmp_path: Path) -> Family:
    return Family(raw_shards, datasets, tmp_path)


def test_old_blocks_are_linked_and_the_store_is_as_if_made_alone(family, tmp_path) -> None:
    before = family.state()
    plan = family.plan()
    assert family.make(plan) == [2]
    assert family.state() == before
    for key in ("raw/c/0/0/0/0", "shaped/c/1/0/0/0", "status/c/1"):
        assert (family.child / key).stat().st_ino == (family.parent / key).stat().st_ino
    family.datasets.make(tmp_path / "alone.zarr", family.old + family.new, RELEASE)
    contents = family.datasets.contents
    assert contents(family.child) == contents(tmp_path / "alone.zarr")
    assert Dataset(family.child).rows == 12


def test_blocks_of_powders_are_linked_as_well(powder_shards, datasets, tmp_path: Path) -> None:
    family = Family(powder_shards, datasets, tmp_path)
    assert family.make(family.plan()) == [2]
    datasets.make(tmp_path / "alone.zarr", family.old + family.new, RELEASE)
    assert datasets.contents(family.child) == datasets.contents(tmp_path / "alone.zarr")
    assert Dataset(family.child).arrays == ("raw",)


def test_without_new_rows_the_last_block_is_linked_too(family) -> None:
    release = {f"crystal-{number}" for number in range(1, 10)}
    assert family.make(family.plan(release, new=False)) == []
    in_release = zarr.open_array(family.child / "in_release", mode="r")
    assert in_release[:].tolist() == [False] + [True] * 9


def test_files_are_copied_where_they_cannot_be_linked(family, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", fail)
    assert family.make(family.plan()) == [2]
    for key in ("raw/c/0/0/0/0", "status/c/1"):
        assert (family.child / key).stat().st_ino != (family.parent / key).stat().st_ino
        assert (family.child / key).read_bytes() == (family.parent / key).read_bytes()


@pytest.mark.parametrize(
    "section", [{"shape": Shape(reach=1.2)}, {"plan": Plan(block_size=5)}], ids=["shape", "plan"]
)
def test_with_other_settings_all_is_shaped_anew(family, section) -> None:
    family.settings = family.settings.model_copy(update=section)
    assert family.make(family.plan()) == [0, 1, 2]


def test_it_goes_on_where_it_was_stopped(family) -> None:
    plan = family.plan()
    store = unfinished_path(family.child)
    blocks = start_dataset(family.child, plan)
    assert [block.number for block in link_blocks(store, plan, blocks, family.parent)] == [2]
    (store / "status/c/0").unlink()
    assert [block.number for block in start_dataset(family.child, plan)] == [0, 2]
    assert family.make(plan) == [2]


@pytest.mark.parametrize(
    "key",
    [
        "zarr.json",
        "raw/c/0/0/0/0",
        "shaped/c/1/0/0/0",
        "status/c/1",
        "block_sha256/c/0/0",
        "raw_shard_rows/c/0",
        "raw/zarr.json",
    ],
)
def test_damage_of_the_parent_is_noticed(family, damage, key: str) -> None:
    damage(family.parent / key)
    plan = family.plan()
    blocks = start_dataset(family.child, plan)
    with pytest.raises(UserError, match=r"parent\.zarr: ") as caught:
        link_blocks(unfinished_path(family.child), plan, blocks, family.parent)
    assert key in str(caught.value) or "no dataset there" in str(caught.value)
    with pytest.raises(UserError, match="is not done"):
        finish_dataset(family.child, plan)


def test_blocks_written_for_another_dataset_are_not_taken(family, tmp_path: Path) -> None:
    family.datasets.make(tmp_path / "other.zarr", family.old[::-1])
    for key in ("raw/c/0/0/0/0", "shaped/c/0/0/0/0", "status/c/0", "block_sha256/c/0/0"):
        (family.parent / key).write_bytes((tmp_path / "other.zarr" / key).read_bytes())
    plan = family.plan()
    blocks = start_dataset(family.child, plan)
    with pytest.raises(UserError, match="block 0: block_sha256/c/0/0: of another dataset"):
        link_blocks(unfinished_path(family.child), plan, blocks, family.parent)


def test_a_parent_of_other_raw_shards_is_refused(family) -> None:
    family.old.reverse()
    plan = family.plan()
    blocks = start_dataset(family.child, plan)
    with pytest.raises(UserError, match="made from other raw shards than the first"):
        link_blocks(unfinished_path(family.child), plan, blocks, family.parent)


def test_what_happens_to_one_store_is_not_seen_in_the_other(family) -> None:
    plan = family.plan()
    family.make(plan)
    before = family.state()
    (family.child / "raw/c/0/0/0/0").unlink()
    family.datasets.complete(family.child, plan)
    assert family.state() == before
    np.testing.assert_array_equal(
        zarr.open_array(family.child / "raw", mode="r")[:10],
        zarr.open_array(family.parent / "raw", mode="r")[:],
    )
