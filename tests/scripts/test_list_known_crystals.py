"""The program that lists known crystals and weighs what they say against a network."""

from pathlib import Path

import numpy as np
import pytest
from measured_powders import POWDER, known_crystals
from model_files import write_split
from programs import call, spawn
from small_dataset import write_small_dataset
from tiny_model import write_tiny_model

from spacegrouper.contract.measured_files import Measured
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.prediction.answers import answer_measured
from spacegrouper.prediction.descriptions import answer_record, facts
from spacegrouper.prediction.trained_model import load_trained_model
from spacegrouper.settings import make_settings
from spacegrouper.techniques.powder.known.known_crystals import read_known_crystals
from spacegrouper.techniques.powder.measured.network_axis import measured_for_network
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.simulation import simulate_powders

CRYSTALS = known_crystals()
NUMBERS = [crystal.metadata["spacegroup"] for crystal in CRYSTALS]
PART = ["train", "validation"] * 9 + ["test", "validation"]
SETTINGS = make_settings(
    simulate={"engine": "xrayutilities"},
    train={"descriptor": "diffractogram"},
    model={"name": "powder_cnn", "image_size": 711},
    augment={"strain": 0.01, "background": 0.2, "fewer_counts": 3},
    diffractogram={"counts": 5000},
)


def list_known(folder: Path, run=call):
    return run(
        "list_known_crystals",
        "--structures=crystals.jsonl",
        "--dataset=data.zarr",
        "--model=model",
        folder=folder,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_crystals(tmp_path / "crystals.jsonl", CRYSTALS)
    (patterns,) = simulate_powders(CRYSTALS, POWDER, "xrayutilities", 1)
    made_with = {
        "simulate": {"engine": "xrayutilities"},
        "powder": POWDER.model_dump(mode="json"),
    }
    names = [crystal.id for crystal in CRYSTALS]
    dataset = write_small_dataset(
        tmp_path / "data.zarr", patterns.values, NUMBERS, made_with, material_id=names
    )
    write_model(tmp_path, dataset)
    return tmp_path


def write_model(folder: Path, dataset: Dataset, **labels) -> None:
    groups = sorted(set(NUMBERS))
    write_tiny_model(folder / "model", SETTINGS, temperature=20.0, classes=groups, **labels)
    write_split(folder / "model", dataset, PART)


def test_answers_rest_on_known_crystals_as_well(folder: Path) -> None:
    before = {path.name for path in (folder / "model").iterdir()}
    done = list_known(folder)
    assert done.returncode == 0, done.stderr
    path = folder / "model" / "known_crystals.npz"
    assert {each.name for each in path.parent.iterdir()} == before | {path.name}
    known = read_known_crystals(path)
    assert known.catalogue.ids.tolist() == [crystal.id for crystal in CRYSTALS]
    assert known.made_with["validation_crystals"] == 10
    said = " ".join(done.stderr.split())
    assert "20 known crystals, 0 left out; of 10 validation crystals" in said

    model = load_trained_model(folder / "model")
    dataset = Dataset(folder / "data.zarr")
    sticks = dataset.read(np.array([3]), ["raw"])["raw"][0, 0, 0]
    angles = 5 + 0.01 * np.arange(8501)
    curve = np.convolve(sticks, np.exp(-(np.linspace(-3, 3, 25) ** 2)), "same")
    item = measured_for_network(Scan(angles, curve), "a.xy", model.labels.presentation, None)
    (answer,) = answer_measured([item], model)
    assert answer.alike[0].name == CRYSTALS[3].id
    assert sum(guess.probability for guess in answer.guesses) <= 1 + 1e-9
    assert known.made_with["top_1_accuracy"] <= 1
    assert known.weights[0] >= 0
    record = answer_record(answer, model)
    assert record["alike"][0]["space_group"] == NUMBERS[3]
    assert len(record["alike"][0]["cell"]) == 6
    said = dict(facts(answer, model))
    assert "cell refined to" in said["like"]
    assert said["probabilities"].startswith("of the network and the known crystals together")


def test_the_same_crystals_give_the_same_bytes(folder: Path) -> None:
    path = folder / "model" / "known_crystals.npz"
    contents = []
    for _ in range(2):
        assert list_known(folder).returncode == 0
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_without_them_the_network_answers_alone(folder: Path) -> None:
    model = load_trained_model(folder / "model")
    curve = np.ones(711, dtype=np.float32)
    item = Measured("a", {"measured": curve}, (curve[:, None],), ())
    (answer,) = answer_measured([item], model)
    assert answer.alike == ()
    assert answer_record(answer, model)["alike"] == []


def test_a_network_of_other_classes_is_refused(folder: Path) -> None:
    write_model(folder, Dataset(folder / "data.zarr"), label="crystal_system")
    done = list_known(folder, run=spawn)
    assert done.returncode == 1
    assert "model: names no space groups of powders" in done.stderr.strip().splitlines()[-1]


def test_a_network_that_is_not_calibrated_is_refused(folder: Path) -> None:
    (folder / "model" / "calibration.json").unlink()
    done = list_known(folder, run=spawn)
    assert done.returncode == 1
    assert "model: not calibrated; run scripts/calibrate.py first" in done.stderr


def test_too_few_crystals_are_refused(folder: Path) -> None:
    write_crystals(folder / "crystals.jsonl", CRYSTALS[:3])
    done = list_known(folder, run=spawn)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "error: crystals.jsonl: 3 crystals have lines, but 10 are needed"
    )
    assert not (folder / "model" / "known_crystals.npz").exists()


def test_without_validation_crystals_it_says_so(folder: Path) -> None:
    write_split(folder / "model", Dataset(folder / "data.zarr"), ["train"] * 19 + ["test"])
    done = list_known(folder, run=spawn)
    assert done.returncode == 1
    assert "no crystal of the part validation" in done.stderr
