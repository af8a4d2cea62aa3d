from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import call
from pymatgen.core import Lattice, Structure
from structure_files import CAESIUM_CHLORIDE, MAGNESIUM, ROCK_SALT, write_cif, write_poscar
from tiny_model import CLASSES, write_tiny_model

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.predictions import load_network, predict_logits, probabilities
from spacegrouper.prediction.answers import Answer, answer_crystals, answer_patterns
from spacegrouper.prediction.guesses import GUESSES
from spacegrouper.prediction.inputs import Asked
from spacegrouper.prediction.structure_files import read_standard_crystals, read_structure_file
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model
from spacegrouper.settings import Settings, make_settings, write_settings

ZINC_SULPHIDE = Structure.from_spacegroup(
    "P6_3mc", Lattice.hexagonal(3.81, 6.23), ["Zn", "S"], [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.375]]
)


POWDER = {
    "simulate": {"engine": "xrayutilities"},
    "train": {"descriptor": "diffractogram"},
    "model": {"name": "powder_cnn", "image_size": 711},
}
MORPHOLOGY = {
    "simulate": {"engine": "morphology"},
    "train": {"descriptor": "morphology"},
    "model": {"name": "vgg"},
}
REFLECTIONS = {
    "simulate": {"engine": "structure_factors"},
    "train": {"descriptor": "zones"},
    "model": {"name": "zone_resnet", "image_size": 17},
}
DATABASE = {
    **MORPHOLOGY,
    "simulate": {"engine": "bitmap_database"},
    "morphology": {"database": "sqlite:///habits.db"},
}


def answers_to(model: TrainedModel, *paths: Path) -> list[Answer]:
    crystals = [read_standard_crystals(path, model.settings.standardise)[0] for path in paths]
    assert all(isinstance(crystal, Crystal) for crystal in crystals)
    answers = answer_crystals([c for c in crystals if isinstance(c, Crystal)], model, 2)
    return [answer for answer in answers if isinstance(answer, Answer)]


@pytest.mark.parametrize(
    ("settings", "networks"),
    [
        (
            {"simulate": {"cells": [6, 6, 6], "debye_waller_b": 0.5}, "shape": {"threshold": 40}},
            [{}, {"descriptor": "raw", "resize": "nearest"}, {"descriptor": "spot"}],
        ),
        (POWDER, [{}, {"descriptor": "powder"}]),
        (MORPHOLOGY, [{}]),
        (REFLECTIONS, [{"image_size": 17}]),
    ],
    ids=["patterns", "powder", "morphology", "reflections"],
)
def test_a_crystal_of_a_dataset_gets_the_images_and_the_answer_that_it_has_there(
    tmp_path: Path, settings: dict[str, Any], networks: list[dict[str, Any]]
) -> None:
    paths = [
        write_poscar(tmp_path / "0.vasp", CAESIUM_CHLORIDE),
        write_cif(tmp_path / "1.cif", ROCK_SALT),
        write_poscar(tmp_path / "2.vasp", MAGNESIUM),
        write_cif(tmp_path / "3.cif", ZINC_SULPHIDE),
    ]
    dataset = make_dataset(tmp_path, paths, make_settings(**settings))
    for number, labels in enumerate(networks):
        folder = write_tiny_model(
            tmp_path / f"model-{number}",
            make_settings(**settings),
            temperature=2.0,
            made_with=dataset.made_with,
            **labels,
        )
        model = load_trained_model(folder)
        network = load_network(folder / "model.keras")
        logits = predict_logits(network, model.labels, dataset, np.arange(4), 32, lambda done: None)
        expected = np.sort(probabilities(logits, 2.0), axis=1)[:, ::-1]
        answers = answers_to(model, *paths)
        for row, answer in enumerate(answers):
            stored = dataset.read(slice(row, row + 1))
            assert set(answer.arrays) == set(stored)
            for name, values in stored.items():
                np.testing.assert_array_equal(answer.arrays[name], values[0])
            found = [guess.probability for guess in answer.guesses]
            assert found == pytest.approx(expected[row, :GUESSES], abs=1e-5)
        assert len({answer.guesses[0].probability for answer in answers}) > 2


def make_dataset(folder: Path, paths: list[Path], settings: Settings) -> Dataset:
    """Send the crystals of files through the pipeline."""
    write_settings(settings, folder / "config.yaml")
    acquired = [read_structure_file(path, 10**6)[0] for path in paths]
    write_crystals(folder / "acquired.jsonl", [c for c in acquired if isinstance(c, Crystal)])
    for program, arguments in {
        "standardise": {
            "structures": "acquired.jsonl",
            "output": "standardised.jsonl",
            "rejected": "rejected.csv",
        },
        "simulate": {"structures": "standardised.jsonl", "output": "raw.h5"},
        "shape": {"raw": "raw.h5", "output": "data.zarr"},
    }.items():
        options = [f"--{key}={folder / value}" for key, value in arguments.items()]
        done = call(program, f"--config={folder / 'config.yaml'}", *options)
        assert done.returncode == 0, done.stderr
    return Dataset(folder / "data.zarr")


def test_patterns_of_a_crystal_get_the_answer_of_the_crystal(
    tmp_path: Path, model: TrainedModel
) -> None:
    (of_structure,) = answers_to(model, write_cif(tmp_path / "a.cif", ROCK_SALT))
    (of_patterns,) = answer_patterns(["seen"], of_structure.arrays["raw"][None], model)
    assert of_patterns.name == "seen"
    assert of_patterns.crystal is None
    assert of_patterns.guesses == of_structure.guesses


def test_guesses_are_the_most_probable_classes_and_sums_are_over_all_of_them(
    tmp_path: Path, model: TrainedModel
) -> None:
    (answer,) = answers_to(model, write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE))
    shares = [guess.probability for guess in answer.guesses]
    assert len(shares) == 5
    assert shares == sorted(shares, reverse=True)
    missing = ({*CLASSES} - {int(guess.value) for guess in answer.guesses}).pop()
    of_class = {int(guess.value): guess.probability for guess in answer.guesses}
    of_class[missing] = 1 - sum(shares)
    system, share = answer.crystal_system or ("", 0.0)
    assert share == pytest.approx(
        sum(of_class[c] for c in CLASSES if crystal_systems(np.array(c)) == system)
    )
    members, share = answer.extinction_class or ((), 0.0)
    assert share == pytest.approx(sum(of_class[c] for c in CLASSES if c in members))
    assert share >= answer.guesses[0].probability


def test_a_crystal_that_cannot_be_simulated_does_not_disturb_the_others(
    tmp_path: Path, model: TrainedModel
) -> None:
    good = read_standard_crystals(
        write_cif(tmp_path / "a.cif", ROCK_SALT), model.settings.standardise
    )[0]
    assert isinstance(good, Crystal)
    bad = Crystal("bad", np.eye(3) * 4, ("Xx",), np.zeros((1, 3)), good.metadata)
    first, second, third = answer_crystals([bad, good, bad], model, 1)
    assert isinstance(first, Rejection)
    assert isinstance(third, Rejection)
    assert "unknown element" in first.reason
    assert isinstance(second, Answer)
    assert second.crystal is good
    assert answer_crystals([], model, 1) == []


def test_networks_of_other_labels_name_their_classes_and_no_symmetry(tmp_path: Path) -> None:
    folder = write_tiny_model(
        tmp_path / "model", label="material_group", classes=["oxides", "salts"]
    )
    model = load_trained_model(folder)
    (answer,) = answers_to(model, write_cif(tmp_path / "a.cif", ROCK_SALT))
    assert {guess.name for guess in answer.guesses} == {"oxides", "salts"}
    assert sum(guess.probability for guess in answer.guesses) == pytest.approx(1)
    assert answer.crystal_system is None
    assert answer.extinction_class is None


def test_networks_refuse_what_they_cannot_see(tmp_path: Path) -> None:
    crystal = Crystal("a", np.eye(3) * 4, ("Na",), np.zeros((1, 3)))
    of_database, of_habits, of_powders = (
        load_trained_model(write_tiny_model(tmp_path / name, make_settings(**settings)))
        for name, settings in (("database", DATABASE), ("habits", MORPHOLOGY), ("powders", POWDER))
    )
    with pytest.raises(UserError, match=r"bitmaps of habits that `simulate\.engine: bitmap_data"):
        answer_crystals([crystal], of_database, 1)
    for model in (of_database, of_habits, of_powders):
        with pytest.raises(UserError, match=r"images, but the network was trained on .*; give st"):
            _ = Asked(model).network_for_patterns
