import json
import os
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from measured_lists import measured_list, write_hkl, write_ins
from PIL import Image
from programs import Finished, Runner, call, spawn
from simulated_patterns import simulated
from structure_files import CAESIUM_CHLORIDE, DISORDERED, ROCK_SALT, write_cif, write_poscar
from tiny_model import write_tiny_model

from spacegrouper.settings import Simulate


def predict(folder: Path, *arguments: str, run: Runner = call) -> Finished:
    return run("predict", *arguments, folder=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, and structures and patterns of all kinds, good and bad."""
    folder = tmp_path_factory.mktemp("predict")
    write_tiny_model(folder / "model", temperature=1.5)
    write_cif(folder / "CsCl.cif", CAESIUM_CHLORIDE)
    write_cif(folder / "FeNi.cif", DISORDERED)
    (folder / "other").mkdir()
    write_poscar(folder / "other" / "POSCAR", ROCK_SALT)
    write_cif(folder / "other" / "CsCl.cif", CAESIUM_CHLORIDE)
    (folder / "junk.cif").write_text("hello")
    patterns = simulated(Simulate())
    np.save(folder / "patterns.npy", patterns)
    np.save(folder / "black.npy", np.zeros((3, 256, 256), dtype=np.uint8))
    for view, pattern in zip("xyz", patterns, strict=True):
        Image.fromarray(pattern).save(folder / f"{view}.png")
    return folder


def test_many_inputs_are_answered_as_json_and_pictures_and_the_bad_ones_named(
    folder: Path,
) -> None:
    good = ["CsCl.cif", "other/POSCAR", "other/CsCl.cif", "patterns.npy", "."]
    options = ["--model=model", "--json", "--output=pictures", "--patterns", "x.png", "y.png"]
    finished = predict(folder, *options, "z.png", *good[:1], "FeNi.cif", "junk.cif", *good[1:])
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    document = json.loads(finished.stdout)
    assert set(document) == {"model", "results", "errors"}
    assert [result["input"] for result in document["results"]] == [*good, "x.png y.png z.png"]
    assert [error["input"] for error in document["errors"]] == ["FeNi.cif", "junk.cif"]
    for error in document["errors"]:
        assert f"error: {error['input']}: {error['reason']}" in finished.stderr
    of_structure, of_patterns = document["results"][0], document["results"][3]
    assert of_structure["structure"]["spglib"]["spacegroup"] == 221
    assert of_structure["structure"]["formula"] == "CsCl"
    assert [answer["rank"] for answer in of_structure["answers"]] == [1, 2, 3, 4, 5]
    assert of_patterns["structure"] is None
    # The same patterns, given in three ways.
    assert of_patterns["answers"] == document["results"][4]["answers"]
    assert of_patterns["answers"] == document["results"][5]["answers"]
    pictures = [result["picture"] for result in document["results"]]
    assert pictures[:3] == [
        "pictures/CsCl.cif.png",
        "pictures/POSCAR.png",
        "pictures/CsCl.cif-2.png",
    ]
    assert len(set(pictures)) == 6
    for picture in pictures:
        assert min(imread(folder / picture).shape[:2]) > 400
        assert (folder / picture).with_suffix(".svg").read_text().startswith("<?xml")
    assert len(list((folder / "pictures").iterdir())) == 12


def test_people_get_lines_and_are_told_of_a_missing_calibration(folder: Path) -> None:
    write_tiny_model(folder / "uncalibrated")
    finished = predict(folder, "--model=uncalibrated", "CsCl.cif")
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[0] == "CsCl.cif: CsCl, 2 atoms in the cell"
    assert lines[1].endswith(".")
    assert [line.split()[0] for line in lines[2:7]] == ["1", "2", "3", "4", "5"]
    assert "  spglib within 0.001 Å: 221 Pm3\u0305m" in lines
    assert "probabilities: not calibrated" in finished.stdout
    assert "uncalibrated: there is no calibration.json" in " ".join(finished.stderr.split())


def test_odd_names_lose_no_answer_and_a_run_gives_its_network(folder: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.cif")
    write_cif(folder / "a.cif", CAESIUM_CHLORIDE).rename(folder / odd)
    finished = predict(folder, "--model=.", "--json", odd, "black.npy", "CsCl.cif", run=spawn)
    document = json.loads(finished.stdout)
    assert document["model"]["folder"] == "model"
    assert [result["input"] for result in document["results"]] == [r"caf\xe9.cif", "CsCl.cif"]
    assert document["errors"] == [
        {"input": "black.npy", "reason": "view x: all black: there is no pattern in it"}
    ]
    # Nothing but the bar and the error: of GPUs no word, which TensorFlow has as it starts.
    errors = [line for line in finished.stderr.splitlines() if "predicting" not in line]
    assert len([line for line in errors if line.strip()]) == 1, finished.stderr


def test_nothing_to_do_and_no_network_are_one_line(folder: Path) -> None:
    for arguments, reason in (
        (["--model=model"], "no input"),
        (["--model=none", "CsCl.cif"], "none/labels.json: no such file"),
    ):
        finished = predict(folder, *arguments)
        assert finished.returncode == 1
        assert reason in finished.stderr
        assert "Traceback" not in finished.stderr
        assert finished.stdout == ""


def test_lists_of_reflections_need_no_network_and_no_tensorflow(folder: Path) -> None:
    measured = measured_list(14)
    write_hkl(folder / "my.hkl", measured)
    write_ins(folder / "my.ins", measured)
    options = ["--json", "--output=zones", "--threshold=0.5", "--prior=molecular"]
    finished = predict(folder, *options, "my.hkl", "my.ins", "black.npy", run=spawn)
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    document = json.loads(finished.stdout)
    assert document["model"] is None
    (result,) = document["results"]
    assert result["input"] == "my.hkl my.ins"
    assert (result["answers"][0]["class"], result["prior"]) == (14, "molecular")
    assert result["decision"] == {
        "threshold": 0.5,
        "decided": True,
        "between": [{"class": 14, "probability": result["answers"][0]["probability"]}],
    }
    assert min(imread(folder / result["picture"]).shape[:2]) > 400
    assert [error["input"] for error in document["errors"]] == ["black.npy"]
    assert "expected 16-bit patterns on a log" in document["errors"][0]["reason"]
