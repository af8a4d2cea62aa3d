import json
import shutil

import numpy as np
import pandas as pd
import pytest
from model_files import write_labels, write_split
from programs import call, spawn
from small_dataset import write_small_dataset

from spacegrouper.settings import Simulate, Train, make_settings

SPACE_GROUPS = np.array([62, 166, 225])
CRYSTALS = 60
TABLES = (
    "predictions",
    "top_k",
    "per_class",
    "confusion",
    "reliability",
    "refusal",
    "per_crystal_system",
    "crystal_system_errors",
    "symmetry",
)


def make_dataset(path, label):
    """Make crystals whose raw, but not their shaped, patterns tell the label by place of a spot."""
    rng = np.random.default_rng(0)
    shaped = (rng.random((CRYSTALS, 3, 64, 64)) < 0.02).astype(np.uint8) * 200
    raw = shaped.copy()
    for crystal in range(CRYSTALS):
        first = 16 * label[crystal]
        raw[crystal, :, first : first + 16, 8:56] = rng.integers(20, 255)
    names = [f"mp-{row}" for row in range(CRYSTALS)]
    return write_small_dataset(path, raw, SPACE_GROUPS[label], shaped=shaped, material_id=names)


def fit(folder, output, *more, run=call):
    arguments = ["--dataset", folder / "data.zarr", "--model", folder / "model"]
    return run("fit_forest", *arguments, "--output", output, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forest")
    rows = np.arange(CRYSTALS)
    dataset = make_dataset(folder / "data.zarr", rows % 3)
    settings = make_settings(simulate=Simulate(pixels=64), train=Train(descriptor="raw"))
    write_labels(folder / "model", settings, SPACE_GROUPS)
    part = np.array(["train", "test", "train", "validation"])[rows % 4]
    write_split(folder / "model", dataset, part)
    return folder


def test_the_forest_answers_the_test_part_and_writes_what_evaluate_does(folder):
    output = folder / "forest"
    finished = fit(folder, output)
    assert finished.returncode == 0, finished.stderr
    assert {path.name for path in output.iterdir()} == {
        "metrics.json",
        *(f"{name}.csv" for name in TABLES),
    }
    predictions = pd.read_csv(output / "predictions.csv")
    assert predictions["row"].tolist() == list(range(1, CRYSTALS, 4))
    assert predictions["spacegroup"].tolist() == SPACE_GROUPS[np.arange(1, 60, 4) % 3].tolist()
    # The spots leave no doubt, and only whoever learns from them finds them.
    right = predictions["predicted"] == predictions["spacegroup"]
    assert right.all()
    metrics = json.loads((output / "metrics.json").read_text())
    assert (metrics["top_1_accuracy"], metrics["macro_f1"]) == (1, 1)
    assert (metrics["test_crystals"], metrics["classes"]) == (15, 3)
    confusion = pd.read_csv(output / "confusion.csv", index_col=0)
    assert confusion.index.tolist() == [int(name) for name in confusion.columns] == [62, 166, 225]
    assert confusion.to_numpy().tolist() == [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
    assert pd.read_csv(output / "top_k.csv")["accuracy"].tolist() == [1, 1, 1]
    assert "forest on raw: top-1 100.0 %" in " ".join(finished.stderr.split())


def test_shaped_patterns_are_others_and_a_second_run_gives_the_same_bytes(folder):
    files = []
    for name, run in (("once", spawn), ("twice", call)):
        finished = fit(
            folder, folder / name, "--descriptor=shaped", "--seed=3", "--trees=40", run=run
        )
        assert finished.returncode == 0, finished.stderr
        files.append({path.name: path.read_bytes() for path in (folder / name).iterdir()})
    assert files[0] == files[1]
    # Nothing in these tells the space groups apart.
    assert json.loads(files[0]["metrics.json"])["top_1_accuracy"] < 0.8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("other", "split.csv: row 0 is other of space group 62, but in the dataset it is"),
        (None, "split.csv: no such file of a trained network"),
    ],
)
def test_a_split_that_does_not_fit_is_one_line_and_leaves_no_output(
    folder, tmp_path, content, message
):
    shutil.copytree(folder / "model", tmp_path / "model")
    (tmp_path / "data.zarr").symlink_to(folder / "data.zarr")
    path = tmp_path / "model" / "split.csv"
    if content:
        pd.read_csv(path).assign(material_id=content).to_csv(path, index=False)
    else:
        path.unlink()
    finished = fit(tmp_path, tmp_path / "forest")
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "forest").exists()


def test_a_descriptor_of_other_data_is_refused_by_name(folder, tmp_path):
    finished = fit(folder, tmp_path / "forest", "--descriptor=zones")
    assert finished.returncode == 1
    said = " ".join(finished.stderr.split())
    assert "patterns, which can be indexed or raw or shaped or spot, not zones" in said
    assert list(tmp_path.iterdir()) == []
