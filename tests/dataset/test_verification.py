from pathlib import Path

import pytest

from spacegrouper.dataset.blocks import block_keys
from spacegrouper.dataset.verification import Damage, count_blocks, find_damage
from spacegrouper.errors import UserError


@pytest.fixture
def store(any_shards, datasets, tmp_path: Path) -> Path:
    datasets.make(tmp_path / "dataset.zarr", [any_shards.write("0.h5", range(10))])
    return tmp_path / "dataset.zarr"


def damages(store: Path) -> list[Damage]:
    return [damage for found in find_damage(store, count_blocks(store)) for damage in found]


def test_a_whole_dataset_has_no_damage(store) -> None:
    assert count_blocks(store) == 3
    assert damages(store) == []
    assert damages(store) == []


def test_every_object_is_watched(store, datasets, damage) -> None:
    """Whichever suffers, it is named, and nothing else."""
    for key, whole in datasets.contents(store).items():
        damage(store / key)
        expected = "damaged" if (store / key).exists() else "missing"
        block = int(key.split("/")[2]) if key.startswith(("raw/c", "shaped/c")) else None
        found = damages(store)
        assert (key, expected) in [(entry.key, entry.problem) for entry in found]
        if key != "block_sha256/zarr.json":
            assert len(found) == 1
        if block is not None:
            assert str(found[0]) == f"block {block}: {key}: {expected}"
        (store / key).write_bytes(whole)
    assert damages(store) == []


def test_a_foreign_object_is_named(store) -> None:
    for key in ("raw/c/7/0/0/0", "notes.txt", "raw/c/0/0/0/.0.partial"):
        (store / key).parent.mkdir(parents=True, exist_ok=True)
        (store / key).write_bytes(b"")
    expected = ["notes.txt", "raw/c/0/0/0/.0.partial", "raw/c/7/0/0/0"]
    assert damages(store) == [Damage(key, "foreign") for key in expected]


def test_shaped_patterns_are_foreign_where_nothing_is_shaped(
    powder_shards, datasets, tmp_path: Path
) -> None:
    store = tmp_path / "dataset.zarr"
    datasets.make(store, [powder_shards.write("0.h5", range(10))])
    key = "shaped/c/0/0/0/0"
    (store / key).parent.mkdir(parents=True)
    (store / key).write_bytes((store / "raw/c/0/0/0/0").read_bytes())
    assert damages(store) == [Damage(key, "foreign")]


def test_a_block_of_another_dataset_is_named(store, any_shards, datasets, tmp_path) -> None:
    other = tmp_path / "other.zarr"
    plan = datasets.make(other, [any_shards.write("1.h5", range(20, 30))])
    for key in block_keys(1, plan.arrays).values():
        (store / key).write_bytes((other / key).read_bytes())
    assert damages(store) == [Damage("block_sha256/c/1/0", "of another dataset", 1)]


def test_where_nothing_is_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.zarr: no dataset with digests"):
        count_blocks(tmp_path / "none.zarr")
