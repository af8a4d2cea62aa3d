import json

import numpy as np
import pytest
from bright_crystals import logits_by_hand, write_bright_crystals, write_brightness_model
from programs import call, spawn

from spacegrouper.evaluation.calibration import calibrate
from spacegrouper.settings import Train, make_settings, write_settings


def run_calibrate(folder, run=call):
    files = [f"--dataset={folder / 'data.zarr'}", f"--model={folder / 'model'}"]
    return run("calibrate", *files, f"--config={folder / 'config.yaml'}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    write_bright_crystals(folder / "data.zarr")
    write_brightness_model(folder / "model", folder / "data.zarr")
    (folder / "config.yaml").write_text("name: trial\nevaluate: {batch_size: 5}\n")
    return folder


def test_the_temperature_is_fitted_on_the_validation_part(folder):
    before = {path.name for path in (folder / "model").iterdir()}
    finished = run_calibrate(folder)
    assert finished.returncode == 0, finished.stderr
    path = folder / "model" / "calibration.json"
    assert {path.name for path in path.parent.iterdir()} == before | {"calibration.json"}
    _, logits, labels = logits_by_hand(folder / "data.zarr", "validation")
    found = json.loads(path.read_text())
    distance = found.pop("training_distance")
    assert found == pytest.approx(calibrate(logits, labels), rel=1e-3)
    assert found["validation_crystals"] == 6
    assert found["negative_log_likelihood_after"] < found["negative_log_likelihood_before"]
    said = " ".join(finished.stderr.split())
    assert f"temperature {found['temperature']:.3f}; negative log likelihood" in said

    # By hand: the direction of each class, whose training crystals are fewer than 16.
    _, of_training, classes = logits_by_hand(folder / "data.zarr", "train")
    spread = [of - of.mean(axis=1, keepdims=True) for of in (of_training, logits)]
    training, validation = (of / np.linalg.norm(of, axis=1, keepdims=True) for of in spread)
    means = [training[classes == label].mean(axis=0) for label in np.unique(classes)]
    stored = [[float(number) for number in row.split()] for row in distance["means"]]
    np.testing.assert_allclose(stored, means, atol=1e-3)
    nearest = [min(np.linalg.norm(one - mean) for mean in means) for one in validation]
    assert distance["limit"] == pytest.approx(np.quantile(nearest, 0.99), abs=2e-3)

    content = path.read_bytes()
    again = run_calibrate(folder)
    assert again.returncode == 0, again.stderr
    assert path.read_bytes() == content


def test_a_network_that_was_validated_in_rotation_is_refused(folder):
    path = folder / "model" / "settings.yaml"
    write_settings(make_settings(train=Train(epochs=4, rotation_epochs=2)), path)
    finished = run_calibrate(folder)
    path.unlink()
    assert finished.returncode == 1
    said = " ".join(finished.stderr.split())
    assert "settings.yaml: with train.rotation_epochs the network was trained on all" in said
    assert "Traceback" not in said


def test_a_split_without_a_validation_part_is_one_line(folder):
    split = folder / "model" / "split.csv"
    content = split.read_text()
    split.write_text(content.replace("validation", "train"))
    finished = run_calibrate(folder, spawn)
    split.write_text(content)
    assert finished.returncode == 1
    assert "split.csv: no crystal of the part validation" in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
