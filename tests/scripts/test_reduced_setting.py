"""Crystals in the cells of their lattices, from their records to the answer on a user's file."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from programs import call
from pymatgen.core import Lattice
from tiny_model import write_tiny_model

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.prediction.structure_files import read_standard_crystals
from spacegrouper.prediction.trained_model import load_trained_model
from spacegrouper.settings import load_settings

# P -1 by its atoms; the lattice is monoclinic but for 0.03 degrees.
CELL = (5.1, 7.3, 6.2, 90, 102, 90.03)
TECHNIQUES = {
    "kinematic": {"simulate": {"pixels": 32, "pixel_size": 6.4e-4}},
    "pymatgen": {
        "simulate": {"engine": "pymatgen"},
        "train": {"descriptor": "powder"},
        "model": {"name": "vgg16"},
    },
    "structure_factors": {
        "simulate": {"engine": "structure_factors"},
        "train": {"descriptor": "zones"},
        "model": {"name": "zone_resnet", "image_size": 17},
    },
}


@pytest.mark.parametrize("engine", TECHNIQUES)
def test_each_technique_measures_them_and_the_network_says_so(engine: str, tmp_path: Path) -> None:
    config, raw = tmp_path / "config.yaml", tmp_path / "x.h5"
    config.write_text(yaml.safe_dump({"standardise": {"setting": "reduced"}} | TECHNIQUES[engine]))
    lattice = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]]) @ Lattice.from_parameters(*CELL).matrix
    places = np.array([[0.1, 0.2, 0.3], [0.4, 0.15, 0.7]])
    record = {
        "id": "own",
        "lattice": lattice.tolist(),
        "species": ["Na", "Cl"] * 2,
        "frac_coords": [*places.tolist(), *(-places).tolist()],
    }
    (tmp_path / "own.jsonl").write_text(json.dumps(record) + "\n")

    def run(stage: str, *arguments: object) -> None:
        done = call(stage, "--config", config, *arguments)
        assert done.returncode == 0, done.stderr

    structures = tmp_path / "standardised.jsonl"
    files = ("--output", structures, "--rejected", tmp_path / "rejected.csv")
    run("standardise", "--structures", tmp_path / "own.jsonl", *files)
    run("simulate", "--structures", structures, "--output", raw, "--threads", 1)
    run("shape", "--raw", raw, "--output", tmp_path / "data.zarr", "--workers", 1)
    dataset = Dataset(tmp_path / "data.zarr")
    assert dataset.settings["standardise"]["setting"] == "reduced"
    if "cell" in dataset.technique.further:
        np.testing.assert_allclose(dataset.read(slice(0, 1))["cell"][0], CELL, atol=1e-4)
    model = load_trained_model(write_tiny_model(tmp_path / "model", load_settings(config)))
    (crystal,) = read_standard_crystals(tmp_path / "own.jsonl", model.settings.standardise)
    np.testing.assert_allclose(Lattice(crystal.lattice).parameters, CELL, atol=1e-4)
    assert crystal.metadata["spacegroup"] == 2
