"""The export of a selection as a person would run it."""

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
from programs import Finished, Runner, call, spawn
from small_dataset import write_small_dataset


@pytest.fixture
def store(tmp_path: Path) -> Path:
    raw = np.full((4, 3, 8, 8), 3, np.uint8)
    status = np.array([1, 1, 1, 2], np.uint8)
    more = {"shaped": 2 * raw, "status": status, "intensity_max": np.ones((4, 3))}
    return write_small_dataset(tmp_path / "in.zarr", raw, [225, 1, 225, 2], **more).path


def export(store: Path, *arguments: str, to: str = "o.h5", run: Runner = call) -> Finished:
    return run("export_dataset", store, "--output", store.with_name(to), *arguments)


def test_a_selection_becomes_a_file(store: Path) -> None:
    done = export(store, "--spacegroup", "225", "--id", "crystal-1")
    assert done.returncode == 0, done.stderr
    with h5py.File(store.with_name("o.h5")) as file:
        entry = file["entry"]
        assert entry["spacegroup"][:].tolist() == [225, 1, 225]
        assert entry["data/data"][:].mean() == 3
        assert entry["shaped/data"][:].mean() == 6


def test_a_selection_becomes_a_csv_file(store: Path) -> None:
    done = export(store, "--spacegroup", "225", to="data.csv")
    assert done.returncode == 0, done.stderr
    with store.with_name("data.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["id"], line["spacegroup"]) for line in lines] == [
        ("crystal-0", "225"),
        ("crystal-2", "225"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message", "run"),
    [
        (("--id", "x"), "--id x: no such crystal", spawn),
        (("--spacegroup", "2"), "no crystal of this", call),
    ],
)
def test_a_mistake_gets_one_line(store: Path, arguments, message: str, run: Runner) -> None:
    done = export(store, *arguments, run=run)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not store.with_name("o.h5").exists()
