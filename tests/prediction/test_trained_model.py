import json
import shutil
from pathlib import Path

import pytest
from tiny_model import CLASSES, write_tiny_model

from spacegrouper.errors import UserError
from spacegrouper.prediction.trained_model import load_trained_model
from spacegrouper.settings import make_settings, write_settings
from spacegrouper.techniques.patterns.settings import Shape


def test_settings_are_those_that_the_patterns_were_made_with(tmp_path: Path) -> None:
    made = make_settings(
        seed=7,
        simulate={
            "views": [{"axis": "y", "angle": [-45, 45]}],
            "disorder": {"vacancies": 0.25},
            "aperture": None,
            "cells": [3, 4, 5],
        },
        shape={"method": "nodes"},
        standardise={"symprec": 0.01, "setting": "reduced", "metric_tolerance": 2},
    )
    folder = write_tiny_model(tmp_path / "model", made)
    # The dataset may be another than that of the settings that the network was trained with.
    write_settings(make_settings(seed=1, standardise={"symprec": 0.01}), folder / "settings.yaml")
    model = load_trained_model(folder)
    assert model.settings.simulate == made.simulate
    assert model.settings.seed == 7
    assert model.settings.of(Shape) == made.of(Shape).written_out(256)
    assert model.settings.standardise == made.standardise
    assert model.labels.classes.tolist() == list(CLASSES)
    assert model.temperature is None


def test_a_network_of_standard_cells_is_shown_such_ones(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    write_settings(make_settings(standardise={"setting": "reduced"}), folder / "settings.yaml")
    assert load_trained_model(folder).settings.standardise.setting == "standard"


def test_powders_have_settings_of_their_own(tmp_path: Path) -> None:
    settings = make_settings(
        simulate={"engine": "pymatgen"},
        powder={"two_theta": [10, 60]},
        model={"name": "powder_cnn", "image_size": 711},
        train={"descriptor": "diffractogram"},
    )
    model = load_trained_model(write_tiny_model(tmp_path / "model", settings, temperature=1.25))
    assert model.settings == settings
    assert model.temperature == 1.25


def test_what_is_missing_or_odd_is_named_in_one_line(tmp_path: Path) -> None:
    good = write_tiny_model(tmp_path / "good")

    def reason(name: str, content: bytes | None) -> str:
        folder = tmp_path / "bad"
        shutil.copytree(good, folder)
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)
        with pytest.raises(UserError) as caught:
            load_trained_model(folder)
        shutil.rmtree(folder)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "labels.json: no such file" in reason("labels.json", None)
    assert "labels.json: damaged" in reason("labels.json", b"{")
    assert "labels.json: damaged" in reason("labels.json", b"[]")
    older = json.loads((good / "labels.json").read_text())
    del older["made_with"]
    assert "another version" in reason("labels.json", json.dumps(older).encode())
    assert "model.keras" in reason("model.keras", None)
    assert "model.keras" in reason("model.keras", b"hello")
    assert "settings.yaml" in reason("settings.yaml", None)
