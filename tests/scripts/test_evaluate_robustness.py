"""From structures to curves by the programs, as a person would run them."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from model_files import write_labels, write_split
from programs import call, spawn

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.perturbations import UNPERTURBED, read_recipe, simulate_point
from spacegrouper.evaluation.structures import read_structures
from spacegrouper.settings import load_settings

CONFIG = """
model: {image_size: 16, blocks: [1, 1]}
train: {resize: maximum}
simulate: {pixels: 32, pixel_size: 3.2e-4, cells: [3, 3, 3], debye_waller_b: 0.5}
shape: {central_window: [14, 17]}
plan: {block_size: 4}
robustness:
  crystals: 3
  vacancies: [0, 0.5]
  displacement: []
  photons: [50]
  misorientation: [0, 10]
  beam_stop: [8]
"""
# The dataset's settings count, and not those of the configuration that evaluates.
OTHER = CONFIG.replace("pixels: 32", "pixels: 40").replace("debye_waller_b: 0.5", "")
NAMES = [f"mp-{number}" for number in range(6)]


def evaluate(folder, output, structures="crystals.jsonl", run=call):
    return run(
        "evaluate_robustness",
        "--config=other.yaml",
        "--dataset=data.zarr",
        f"--structures={structures}",
        "--model=model",
        f"--output={output}",
        "--threads=2",
        folder=folder,
    )


def make_model(folder):
    folder.mkdir()
    images = [keras.Input((16, 16, 3)) for _ in range(3)]
    logits = [
        keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image)) for image in images
    ]
    keras.Model(images, logits).save(folder / "model.keras")
    dataset = Dataset(folder.parent / "data.zarr")
    settings = load_settings(folder.parent / "config.yaml")
    write_labels(folder, settings, [62, 221])
    write_split(folder, dataset, ["train", *["test"] * 5])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "other.yaml").write_text(OTHER)
    rng = np.random.default_rng(0)
    with (folder / "crystals.jsonl").open("w") as file:
        for number, name in enumerate(NAMES):
            record = {
                "id": name,
                "lattice": np.diag([4.0, 4.5, 5.0 + 0.2 * number]).tolist(),
                "species": ["Na", "Cl"],
                "frac_coords": rng.random((2, 3)).tolist(),
                "spacegroup": 62 if number % 2 else 221,
            }
            file.write(json.dumps(record) + "\n")
    for script, *arguments in (
        ("simulate", "--config=config.yaml", "--structures=crystals.jsonl", "--output=raw.h5"),
        ("shape", "--config=config.yaml", "--raw=raw.h5", "--output=data.zarr", "--workers=1"),
    ):
        done = call(script, *arguments, folder=folder)
        assert done.returncode == 0, done.stderr
    make_model(folder / "model")
    return folder


def test_unperturbed_patterns_are_those_of_the_dataset_bit_for_bit(folder):
    dataset = Dataset(folder / "data.zarr")
    crystals = read_structures(folder / "crystals.jsonl", NAMES)
    recipe = read_recipe(dataset, 0)
    found = simulate_point(crystals, recipe, UNPERTURBED, 2, lambda _: None)
    assert found.any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(found, dataset.read(slice(None))["raw"])


def test_products_are_there_and_the_same_twice(folder, tmp_path):
    products = []
    for name, run in (("once", spawn), ("twice", call)):
        done = evaluate(folder, tmp_path / name, run=run)
        assert done.returncode == 0, done.stderr
        assert "other patterns than in the dataset" not in done.stderr
        paths = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        products.append({p.relative_to(tmp_path / name).as_posix(): p.read_bytes() for p in paths})
    assert products[0] == products[1]
    figures = {f"figures/{n}.{kind}" for n in ("robustness", "examples") for kind in ("svg", "png")}
    assert set(products[0]) == {"curves.csv", "answers.csv"} | figures
    curves = pd.read_csv(tmp_path / "once" / "curves.csv")
    assert list(zip(curves["perturbation"], curves["value"], strict=True)) == [
        ("none", 0),
        ("vacancies", 0),
        ("vacancies", 0.5),
        ("photons", 50),
        ("misorientation", 0),
        ("misorientation", 10),
        ("beam_stop", 8),
    ]
    assert set(curves["crystals"]) == {3}
    answers = pd.read_csv(tmp_path / "once" / "answers.csv")
    right = answers["true"] == answers["predicted"]
    shares = right.groupby([answers["perturbation"], answers["value"]], sort=False).mean()
    assert curves["accuracy"].to_numpy() == pytest.approx(shares.to_numpy(), abs=1e-6)


def test_structures_of_another_run_are_noticed(folder, tmp_path):
    lines = (folder / "crystals.jsonl").read_text().replace('"Na"', '"K"')
    (folder / "altered.jsonl").write_text(lines)
    done = evaluate(folder, tmp_path / "out", "altered.jsonl")
    assert done.returncode == 0, done.stderr
    assert "of 3 crystals, 3 have other patterns than in the dataset" in " ".join(
        done.stderr.split()
    )
    (folder / "few.jsonl").write_text(lines.splitlines()[0])
    done = evaluate(folder, tmp_path / "none", "few.jsonl")
    assert done.returncode == 1
    assert "few.jsonl: no crystal mp-" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()
