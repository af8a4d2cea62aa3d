import numpy as np
import pandas as pd
import pytest
import zarr
from programs import call, spawn

from spacegrouper.techniques.patterns.settings import Shape

CRYSTALS, SIZE = 12, 256
TABLES = ("per_space_group", "per_crystal_system", "patterns", "histograms")
FIGURES = ("class_balance", "crystal_systems", "brightness", "occupied_pixels", "nodes")


@pytest.fixture
def folder(tmp_path):
    """A folder with a dataset: eleven finished crystals, ten of a group."""
    rng = np.random.default_rng(0)
    group = zarr.create_group(tmp_path / "data.zarr", zarr_format=3)
    for name in ("raw", "shaped"):
        patterns = (rng.random((CRYSTALS, 3, SIZE, SIZE)) > 0.999).astype(np.uint8) * 200
        group.create_array(name, data=patterns, chunks=(2, 3, SIZE, SIZE))
    group.create_array("spacegroup", data=np.array([0] + [62] * 5 + [225] * 6, dtype=np.int16))
    group.create_array("status", data=np.array([1] * 11 + [2], dtype=np.uint8))
    names = group.create_array("prototype", shape=(CRYSTALS,), dtype="string")
    names[:] = np.array(["A", "B"] * 6, dtype=object)
    group.create_array("material_id", shape=(CRYSTALS,), dtype="string")
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")
    return tmp_path


def describe(folder, output, *arguments, run=call):
    files = [f"--dataset={folder / 'data.zarr'}", f"--output={folder / output}"]
    return run("describe", *files, *arguments)


def test_all_products_are_there_and_do_not_depend_on_the_threads(folder):
    products = []
    for threads in ("1", "3"):
        finished = describe(folder, threads, "--threads", threads)
        assert finished.returncode == 0, finished.stderr
        products.append(
            {
                path.relative_to(folder / threads).as_posix(): path.read_bytes()
                for path in (folder / threads).rglob("*")
                if path.is_file()
            }
        )
    expected = {f"{name}.csv" for name in TABLES}
    expected |= {f"figures/{name}.{suffix}" for name in FIGURES for suffix in ("svg", "png")}
    assert set(products[0]) == expected
    assert products[0] == products[1]
    said = " ".join(finished.stderr.split())
    assert "10 crystals in 2 space groups; 1 without a space group" in said
    assert "1 rejected or not made" in said
    table = pd.read_csv(folder / "1" / "per_space_group.csv")
    assert table["spacegroup"].tolist() == [62, 225]
    assert table["crystals"].tolist() == [5, 5]
    raw = zarr.open_group(folder / "data.zarr", mode="r")["raw"]
    assert table["raw_brightness"][0] == pytest.approx(raw[1:6].mean(), abs=1e-6)
    patterns = pd.read_csv(folder / "1" / "patterns.csv")
    assert (patterns["patterns"] == 11).all()


def without_space_groups(folder):
    zarr.open_array(folder / "data.zarr" / "spacegroup", mode="r+")[:] = 0


def with_one_view(folder):
    group = zarr.open_group(folder / "data.zarr", mode="r+")
    group.attrs["simulate_settings"] = {"views": '[{"axis": "x", "angle": 0}]'}


@pytest.mark.parametrize(
    ("spoil", "message", "run"),
    [
        (
            without_space_groups,
            "data.zarr: no crystal has a space group; simulate crystals that",
            call,
        ),
        (with_one_view, "its settings name 1 views, but it has 3 patterns", spawn),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_output(folder, spoil, message, run):
    spoil(folder)
    finished = describe(folder, "out", run=run)
    assert finished.returncode == 1
    assert message in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
    assert not (folder / "out").exists()
