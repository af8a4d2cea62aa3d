"""From JSON lines to the dataset by the two programs, as a person would run them."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from programs import Finished, Runner, call, spawn

from spacegrouper.dataset.dataset import Dataset

CONFIG = """
simulate: {pixels: 64, pixel_size: 1.6e-4}
plan: {block_size: 2}
"""
POWDER = """
simulate: {engine: xrayutilities}
powder: {two_theta: [20, 60], step: 0.1}
standardise: {labels: [material_group]}
plan: {block_size: 2}
model: {name: vgg16}
train: {descriptor: powder}
"""
MORPHOLOGY = """
simulate: {engine: bitmap_database}
morphology: {database: "sqlite:///habits.db"}
model: {name: vgg16}
train: {descriptor: morphology}
"""


def run(
    folder: Path, name: str, *arguments: str, config: str = CONFIG, way: Runner = call
) -> Finished:
    (folder / "config.yaml").write_text(config)
    return way(name, "--config", "config.yaml", *arguments, folder=folder)


def record(name: str, species: list[str], **labels: object) -> str:
    coordinates = [[0.5 * number / len(species)] * 3 for number in range(len(species))]
    lattice = [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]]
    crystal = {"id": name, "lattice": lattice, "species": species, "frac_coords": coordinates}
    return json.dumps(crystal | labels) + "\n"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder with two raw shards of three and two crystals."""
    first = [record("one", ["Cs", "Cl"], spacegroup=221), record("two", ["Fe"]), "{}\n"]
    second = [record("three", ["Es"]), record("four", ["Si", "C"]), record("five", ["O"])]
    for name, lines in (("a", first), ("b", second)):
        (tmp_path / f"{name}.jsonl").write_text("".join(lines))
        done = run(tmp_path, "simulate", "--structures", f"{name}.jsonl", "--output", f"{name}.h5")
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_raw_shards_become_one_dataset(raw: Path) -> None:
    done = run(
        raw, "shape", "--raw", "a.h5", "b.h5", "--output", "out.zarr", "--workers", "2", way=spawn
    )
    assert done.returncode == 0, done.stderr
    group = zarr.open_group(raw / "out.zarr", mode="r")
    assert group["material_id"][:].tolist() == ["one", "two", "three", "four", "five"]
    assert group["status"][:].tolist() == [1, 1, 2, 1, 1]
    assert group["spacegroup"][:].tolist() == [221, 0, 0, 0, 0]
    with h5py.File(raw / "a.h5") as first, h5py.File(raw / "b.h5") as second:
        patterns = [file["entry/data/data"][:] for file in (first, second)]
    np.testing.assert_array_equal(group["raw"][:], np.concatenate(patterns))
    assert group["shaped"].shape == (5, 3, 64, 64)
    assert group["shaped"][0].any()


def test_a_block_of_which_no_crystal_is_left_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(record("one", ["Cs", "Cl"]) + record("two", ["Fe"]))
    (tmp_path / "none.jsonl").write_text("")
    for name in ("in", "none"):
        done = run(tmp_path, "simulate", "--structures", f"{name}.jsonl", "--output", f"{name}.h5")
        assert done.returncode == 0, done.stderr
    for output, raw in (
        ("with.zarr", ("none.h5", "in.h5", "none.h5")),
        ("without.zarr", ("in.h5",)),
    ):
        done = run(tmp_path, "shape", "--raw", *raw, "--output", output)
        assert done.returncode == 0, done.stderr
    stores = [zarr.open_group(tmp_path / name, mode="r") for name in ("with.zarr", "without.zarr")]
    for name in ("raw", "shaped", "material_id", "status"):
        np.testing.assert_array_equal(stores[0][name][:], stores[1][name][:])
    assert stores[0]["raw_shard_rows"][:].tolist() == [0, 2, 0]
    assert json.loads((tmp_path / "none.json").read_text())["crystals"] == 0
    done = run(tmp_path, "shape", "--raw", "none.h5", "--output", "empty.zarr")
    assert done.returncode == 1
    assert "none.h5: no crystals in the raw shards, nothing to shape" in done.stderr


def test_copies_lie_beside_their_crystals(tmp_path: Path) -> None:
    config = CONFIG + "variation: {copies: 2, largest_tilt: 3}\n"
    lines = [record("one", ["Cs", "Cl"], spacegroup=221), record("two", ["Fe"], spacegroup=221)]
    (tmp_path / "in.jsonl").write_text("".join(lines))
    done = run(tmp_path, "simulate", "--structures", "in.jsonl", "--output", "a.h5", config=config)
    assert done.returncode == 0, done.stderr
    done = run(tmp_path, "shape", "--raw", "a.h5", "--output", "out.zarr", config=config)
    assert done.returncode == 0, done.stderr
    dataset = Dataset(tmp_path / "out.zarr")
    ids = ["one", "one copy 1", "one copy 2", "two", "two copy 1", "two copy 2"]
    assert dataset.material_id.tolist() == ids
    assert dataset.crystals()["material_id"].tolist() == ["one", "two"]
    assert dataset.copies()["copy_of"].tolist() == ["one", "one", "two", "two"]
    assert dataset.settings["variation"]["copies"] == 2
    shaped = dataset.read(slice(None), ["shaped"])["shaped"]
    assert len({patterns.tobytes() for patterns in shaped}) == 6


def test_powders_with_their_labels_become_a_dataset_that_is_not_shaped(tmp_path: Path) -> None:
    lines = [
        record("salt", ["Cs", "Cl"], spacegroup=221, material_group="halide"),
        record("iron", ["Fe"], material_group=None),
        record("three", ["Si", "C"], material_group="carbide"),
    ]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    arguments = ("--structures", "a.jsonl", "--output", "a.h5")
    for script, given in (
        ("simulate", arguments),
        ("shape", ("--raw", "a.h5", "--output", "out.zarr", "--workers", "1")),
    ):
        done = run(tmp_path, script, *given, config=POWDER)
        assert done.returncode == 0, done.stderr
    group = zarr.open_group(tmp_path / "out.zarr", mode="r")
    assert group["raw"].shape == (3, 1, 1, 401)
    assert group["raw"].dtype == np.uint16
    assert group["raw"][:].max(axis=(1, 2, 3)).tolist() == [65535] * 3
    assert "shaped" not in group
    assert group["label_material_group"][:].tolist() == ["halide", "", "carbide"]

    # The programs that read it go by what there is.
    for command, code, message in (
        (["verify_dataset", "out.zarr"], 0, "all 2 blocks are whole"),
        (["export_dataset", "out.zarr", "--output", "out.h5"], 0, "exported 3 crystals"),
    ):
        done = call(*command, folder=tmp_path)
        assert done.returncode == code, done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["entry/labels/material_group"].asstr()[:].tolist() == ["halide", "", "carbide"]


def test_bitmaps_of_a_database_are_not_simulated(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(record("one", ["Fe"]))
    arguments = ("--structures", "a.jsonl", "--output", "x.h5")
    done = run(tmp_path, "simulate", *arguments, config=MORPHOLOGY)
    assert done.returncode == 1
    assert "simulate.engine: `bitmap_database` simulates nothing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "x.h5").exists()


def test_the_manifest_names_what_was_rejected(raw: Path) -> None:
    manifests = [json.loads((raw / name).read_text()) for name in ("a.json", "b.json")]
    assert [manifest["crystals"] for manifest in manifests] == [2, 3]
    assert manifests[0]["rejected"] == {"line 3": "line 3: key `id` is missing"}
    assert manifests[1]["rejected"] == {"three": "element 'Es' has no form factor"}


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_shard_does_not_depend_on_the_threads(raw: Path, threads: str) -> None:
    arguments = ("--structures", "b.jsonl", "--output", "again.h5", "--threads", threads)
    assert run(raw, "simulate", *arguments).returncode == 0
    assert (raw / "again.h5").read_bytes() == (raw / "b.h5").read_bytes()


def test_a_damaged_shard_stops_with_one_line_and_leaves_the_earlier_dataset(raw: Path) -> None:
    assert run(raw, "shape", "--raw", "a.h5", "--output", "out.zarr").returncode == 0
    content = bytearray((raw / "b.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (raw / "b.h5").write_bytes(content)
    done = run(raw, "shape", "--raw", "a.h5", "b.h5", "--output", "out.zarr")
    assert done.returncode == 1
    assert "b.h5: its SHA-256 is not the one in b.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert zarr.open_group(raw / "out.zarr", mode="r")["status"].shape == (2,)
    assert not (raw / "out.zarr.unfinished").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "message", "way"),
    [
        ("simulate", ("--structures", "no.jsonl", "--output", "x.h5"), "no.jsonl: cannot", spawn),
        ("simulate", ("--structures", "no.json", "--output", "x.h5"), "no.json: cannot be", call),
        ("shape", ("--raw", "no.h5", "--output", "x.zarr"), "no.h5: no such raw shard", spawn),
        ("shape", ("--raw", "config.yaml", "--output", "x.zarr"), "cannot be read as a raw", call),
    ],
)
def test_a_mistake_gets_one_line(
    tmp_path: Path, name: str, arguments: tuple[str, ...], message: str, way: Runner
) -> None:
    done = run(tmp_path, name, *arguments, way=way)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("x*"))
