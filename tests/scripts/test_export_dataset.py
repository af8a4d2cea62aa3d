"""The export of a selection as a person would run it."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from programs import Finished, Runner, call, spawn


@pytest.fixture
def store(tmp_path: Path) -> Path:
    group = zarr.create_group(tmp_path / "in.zarr", zarr_format=3)
    group.attrs.update({"simulate_settings": {"pixels": 8}, "shape_settings": {"reach": 1.7}})
    for name in ("raw", "shaped"):
        group.create_array(name, data=np.full((4, 3, 8, 8), len(name), np.uint8))
    group.create_array("spacegroup", data=np.array([225, 1, 225, 2], np.int16))
    group.create_array("status", data=np.array([1, 1, 1, 2], np.uint8))
    group.create_array("intensity_max", data=np.ones((4, 3)))
    for name in ("material_id", "crystal_system", "prototype", "structure_key"):
        texts = np.array([f"{name} {row}" for row in range(4)], dtype=object)
        group.create_array(name, shape=(4,), dtype="string")[:] = texts
    return tmp_path / "in.zarr"


def export(store: Path, *arguments: str, run: Runner = call) -> Finished:
    return run("export_dataset", store, "--output", store.with_name("o.h5"), *arguments)


def test_a_selection_becomes_a_file(store: Path) -> None:
    done = export(store, "--spacegroup", "225", "--id", "material_id 1")
    assert done.returncode == 0, done.stderr
    with h5py.File(store.with_name("o.h5")) as file:
        entry = file["entry"]
        assert entry["spacegroup"][:].tolist() == [225, 1, 225]
        assert entry["data/data"][:].mean() == len("raw")
        assert entry["shaped/data"][:].mean() == len("shaped")


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
