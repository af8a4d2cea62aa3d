"""Verification and repair as a person would run them."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from programs import Finished, Runner, call, spawn

from spacegrouper.dataset.store_objects import list_objects

RAW = ["a.h5", "b.h5"]


def write_raw_shard(path: Path, seed: int) -> None:
    with h5py.File(path, "w") as file:
        noise = np.random.default_rng(seed).integers(0, 256, (4, 3, 32, 32), np.uint8)
        file["entry/data/data"] = noise
        file["entry/material_id"] = [f"{path.stem}{row}" for row in range(4)]


def contents(store: Path) -> dict[str, bytes]:
    return {key: (store / key).read_bytes() for key in list_objects(store)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a dataset of four blocks, its raw shards and its settings."""
    for seed, name in enumerate(RAW):
        write_raw_shard(tmp_path / name, seed)
    (tmp_path / "config.yaml").write_text("plan: {block_size: 2}\n")
    options = ("--config", "config.yaml", "--output", "out.zarr", "--workers", "1")
    done = call("shape", "--raw", *RAW, *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def verify(folder: Path, *arguments: str, run: Runner = call) -> Finished:
    return run("verify_dataset", *arguments, folder=folder)


def repair(folder: Path, *raw: str) -> Finished:
    options = ("--repair", "--raw", *raw, "--config", "config.yaml")
    return verify(folder, "out.zarr", *options)


def test_a_repair_finds_the_shards_and_settings_of_the_workflow(folder: Path) -> None:
    for name in ("blocks", "plan"):
        (folder / name).mkdir()
    for name in RAW:
        (folder / name).rename(folder / "blocks" / name)
        (folder / "plan" / name.replace(".h5", ".jsonl.gz")).touch()
    (folder / "plan" / "blocks.csv").write_text("block,crystals\na,2\nb,2\n")
    for name in ("rejected.csv", "as_before.jsonl.gz"):
        (folder / "plan" / name).touch()
    # Left behind by an earlier plan.
    write_raw_shard(folder / "blocks" / "c.h5", 7)
    right = contents(folder / "out.zarr")
    (folder / "out.zarr/raw/c/3/0/0/0").unlink()
    # The store was made from the same shards elsewhere: what counts is what they hold.
    assert verify(folder, "out.zarr", "--repair").returncode == 0
    assert contents(folder / "out.zarr") == right


def test_a_repair_finds_the_bitmaps_of_the_workflow(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "{simulate: {engine: bitmap_database}, morphology: {database: 'sqlite:///x.db'},"
        " plan: {block_size: 2}, model: {name: ziletti}, train: {descriptor: morphology}}\n"
    )
    (tmp_path / "blocks").mkdir()
    write_raw_shard(tmp_path / "blocks/000000.h5", 0)
    with h5py.File(tmp_path / "blocks/000000.h5", "a") as file:
        made_with = {"settings": {"simulate": {"engine": "bitmap_database"}}}
        file["entry"].attrs["made_with"] = json.dumps(made_with)
    options = ("--config", "config.yaml", "--output", "out.zarr", "--workers", "1")
    shaped = call("shape", "--raw", "blocks/000000.h5", *options, folder=tmp_path)
    assert shaped.returncode == 0, shaped.stderr
    right = contents(tmp_path / "out.zarr")
    (tmp_path / "out.zarr/raw/c/1/0/0/0").unlink()
    repaired = verify(tmp_path, "out.zarr", "--repair")
    assert repaired.returncode == 0, repaired.stderr
    assert contents(tmp_path / "out.zarr") == right


def test_damage_is_named_and_repaired(folder: Path) -> None:
    whole = verify(folder, "out.zarr")
    assert (whole.returncode, whole.stdout) == (0, "")
    assert "out.zarr: all 4 blocks are whole" in whole.stderr

    store = folder / "out.zarr"
    right = contents(store)
    shard = bytearray(right["shaped/c/1/0/0/0"])
    shard[40] ^= 1
    (store / "shaped/c/1/0/0/0").write_bytes(shard)
    (store / "raw/c/3/0/0/0").unlink()
    (store / "material_id/c/0").write_bytes(b"")
    (store / "notes.txt").write_text("no block wrote this")
    kept = {k: (store / k).stat().st_ino for k in right if k.split("/c/")[-1][0] in "02"}
    kept.pop("material_id/c/0")

    damaged = verify(folder, "out.zarr")
    assert damaged.returncode == 1
    named = [
        "material_id/c/0: damaged",
        "block 1: shaped/c/1/0/0/0: damaged",
        "block 3: raw/c/3/0/0/0: missing",
        "notes.txt: foreign",
    ]
    assert damaged.stdout.splitlines() == named
    assert "out.zarr: 4 objects are not as they were written; repair it" in damaged.stderr

    repaired = repair(folder, *RAW)
    assert repaired.returncode == 0, repaired.stderr
    assert repaired.stdout.splitlines() == named
    assert "repaired 2 of 4 blocks" in repaired.stderr
    assert contents(store) == right
    assert {key: (store / key).stat().st_ino for key in kept} == kept


def test_a_repair_from_other_raw_shards_is_refused(folder: Path) -> None:
    (folder / "out.zarr" / "raw/c/3/0/0/0").unlink()
    before = contents(folder / "out.zarr")
    write_raw_shard(folder / "b.h5", seed=5)
    done = repair(folder, *RAW)
    assert done.returncode == 1
    assert "out.zarr: made from other raw shards" in done.stderr
    assert contents(folder / "out.zarr") == before


@pytest.mark.parametrize(
    ("arguments", "message", "run"),
    [
        (("none.zarr",), "none.zarr: no dataset with digests there", spawn),
        (("none.zarr", "--repair"), "no run of the workflow; give all raw shards with --raw", call),
    ],
)
def test_a_mistake_gets_one_line(tmp_path: Path, arguments, message: str, run: Runner) -> None:
    done = verify(tmp_path, *arguments, run=run)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
