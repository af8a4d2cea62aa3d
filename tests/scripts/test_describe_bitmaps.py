from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from programs import Finished, Runner, call, spawn

TABLES = {
    "brightness",
    "brightness_distribution",
    "pixel_values",
    "per_space_group",
    "decidability",
    "shared_bitmaps",
}
FIGURES = {
    "class_balance",
    "brightness",
    "brightness_per_space_group",
    "pixel_values",
    "decidability",
    "mean_images",
}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve crystals, of which those of groups 216 and 225 look alike."""
    group = zarr.create_group(tmp_path / "data.zarr", zarr_format=3)
    group.attrs["simulate_settings"] = {"engine": "morphology"}
    bitmaps = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8), dtype=np.uint8)
    raw = np.repeat(bitmaps, 4, axis=0)
    group.create_array("raw", data=raw, chunks=(5, 2, 8, 8))
    numbers = [216, 216, 225, 225] + [194] * 8
    group.create_array("spacegroup", data=np.array(numbers, dtype=np.int16))
    group.create_array("status", data=np.ones(12, dtype=np.uint8))
    names = group.create_array("material_id", shape=(12,), dtype="string")
    names[:] = np.array([f"id-{row}" for row in range(12)], dtype=object)
    return tmp_path / "data.zarr"


def describe(dataset: Path, output: Path, *arguments: str, run: Runner = call) -> Finished:
    return run("describe_bitmaps", f"--dataset={dataset}", f"--output={output}", *arguments)


def test_all_products_are_there_and_do_not_depend_on_the_threads(dataset: Path) -> None:
    products = []
    for threads in ("1", "3"):
        output = dataset.parent / threads
        finished = describe(dataset, output, f"--threads={threads}")
        assert finished.returncode == 0, finished.stderr
        files = [path for path in output.rglob("*") if path.is_file()]
        products.append({str(path.relative_to(output)): path.read_bytes() for path in files})

    expected = {f"{name}.csv" for name in TABLES}
    expected |= {f"figures/{name}.{suffix}" for name in FIGURES for suffix in ("svg", "png")}
    assert set(products[0]) == expected
    assert products[0] == products[1]
    said = " ".join(finished.stderr.split())
    assert "12 crystals in 3 space groups, 3 different bitmaps" in said
    assert "right for at most 83.3 % of them" in said
    table = pd.read_csv(dataset.parent / "1" / "decidability.csv").set_index("level")
    assert table["ceiling"].tolist() == pytest.approx([10 / 12, 10 / 12, 1, 1], abs=1e-6)
    shared = pd.read_csv(dataset.parent / "1" / "shared_bitmaps.csv")
    assert shared["examples"].tolist() == ["id-0 id-2"]


def test_what_is_no_dataset_of_bitmaps_is_one_line(dataset: Path) -> None:
    finished = describe(dataset.parent / "nothing.zarr", dataset.parent / "out", run=spawn)

    assert finished.returncode == 1
    assert "no dataset there" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (dataset.parent / "out").exists()
