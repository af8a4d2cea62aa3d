import json

import keras
import numpy as np
import pandas as pd
import pytest
from bright_crystals import (
    CRYSTALS,
    SPACE_GROUPS,
    logits_by_hand,
    write_bright_crystals,
    write_brightness_model,
)
from model_files import write_labels, write_split
from programs import call, spawn
from scipy.special import softmax
from small_dataset import write_small_dataset

from spacegrouper.evaluation.calibration import expected_calibration_error
from spacegrouper.settings import Evaluate, Model, Simulate, Train, make_settings, write_settings
from spacegrouper.techniques.reflections.settings import Measurement
from spacegrouper.training.images import PatternReader, presentation_of

TEMPERATURE = 1.6
OF_EVERY_LABEL = ("comparison", "top_k", "per_class", "confusion", "reliability", "refusal")
OF_SPACE_GROUPS = ("per_crystal_system", "crystal_system_errors", "symmetry")


def evaluate(folder, output, *more, model="model", run=call):
    return run(
        "evaluate",
        f"--dataset={folder / 'data.zarr'}",
        f"--model={folder / model}",
        f"--config={folder / 'config.yaml'}",
        f"--output={output}",
        *more,
    )


def products(names):
    """Return the files of an evaluation with the tables and figures of these names."""
    figures = {
        f"figures/{name}.{suffix}" for name in (*names, "history") for suffix in ("png", "svg")
    }
    return figures | {f"{name}.csv" for name in ("predictions", *names)} | {"metrics.json"}


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Evaluate once, and return the folder, the answers by hand and what the program said."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_bright_crystals(folder / "data.zarr")
    write_brightness_model(folder / "model", folder / "data.zarr")
    (folder / "model" / "calibration.json").write_text(json.dumps({"temperature": TEMPERATURE}))
    (folder / "config.yaml").write_text("name: trial\nevaluate: {batch_size: 5}\n")
    _, logits, labels = logits_by_hand(folder / "data.zarr", "test")
    return folder, logits, labels, evaluate(folder, folder / "evaluation")


def test_predictions_are_those_computed_by_hand(run):
    folder, logits, labels, finished = run
    assert finished.returncode == 0, finished.stderr
    probabilities = softmax(logits / TEMPERATURE, axis=1)
    table = pd.read_csv(folder / "evaluation" / "predictions.csv")
    assert table["row"].tolist() == list(range(1, CRYSTALS, 2))
    assert table["material_id"].tolist() == [f"mp-{i}" for i in range(1, CRYSTALS, 2)]
    assert table["spacegroup"].tolist() == SPACE_GROUPS[labels].tolist()
    assert table["true"].tolist() == SPACE_GROUPS[labels].tolist()
    assert table["predicted"].tolist() == SPACE_GROUPS[probabilities.argmax(axis=1)].tolist()
    assert table["probability"].to_numpy() == pytest.approx(probabilities.max(axis=1), abs=1e-4)
    order = np.argsort(-probabilities, axis=1)
    assert table["rank"].tolist() == (np.argmax(order == labels[:, None], axis=1) + 1).tolist()


def test_scores_and_tables_follow_from_the_predictions(run):
    folder, logits, labels, finished = run
    output = folder / "evaluation"
    table = pd.read_csv(output / "predictions.csv")
    right = table["predicted"] == table["spacegroup"]
    metrics = json.loads((output / "metrics.json").read_text())
    assert 0 < metrics["top_1_accuracy"] < 1
    assert metrics["top_1_accuracy"] == pytest.approx(right.mean())
    assert metrics["test_crystals"] == len(labels) == 12
    assert (metrics["label"], metrics["temperature"]) == ("spacegroup", TEMPERATURE)
    for name, temperature in (("", TEMPERATURE), ("_before", 1)):
        confidence = softmax(logits / temperature, axis=1).max(axis=1)
        error = expected_calibration_error(confidence, right.to_numpy())
        assert metrics[f"expected_calibration_error{name}"] == pytest.approx(error, abs=1e-4)
    top_k = pd.read_csv(output / "top_k.csv")
    expected = [(table["rank"] <= k).mean() for k in (1, 2, 3)]
    assert top_k["accuracy"].tolist() == pytest.approx(expected, abs=1e-6)
    groups = pd.read_csv(output / "per_class.csv")
    assert groups["correct"].tolist() == right.groupby(table["spacegroup"]).sum().tolist()
    systems = pd.read_csv(output / "per_crystal_system.csv")
    assert systems["crystal_system"].tolist() == ["orthorhombic", "trigonal", "cubic"]
    confusion = pd.read_csv(output / "confusion.csv", index_col=0)
    assert confusion.index.tolist() == [int(name) for name in confusion.columns] == [62, 166, 225]
    assert np.trace(confusion.to_numpy()) == right.sum()
    symmetry = pd.read_csv(output / "symmetry.csv")
    assert symmetry["accuracy"].tolist() == pytest.approx([right.mean()] * 7, abs=1e-6)
    assert f"top-1 {100 * right.mean():.1f} %" in " ".join(finished.stderr.split())


def test_all_products_are_there_and_a_second_run_gives_the_same_bytes(run):
    folder = run[0]
    again = evaluate(folder, folder / "again", run=spawn)
    assert again.returncode == 0, again.stderr
    first, second = files_in(folder / "evaluation"), files_in(folder / "again")
    assert set(first) == products((*OF_EVERY_LABEL, *OF_SPACE_GROUPS))
    assert first == second


def test_the_baseline_stands_beside_the_network(run):
    folder = run[0]
    of_model = [f"--dataset={folder / 'data.zarr'}", f"--model={folder / 'model'}"]
    fitted = call("fit_forest", *of_model, f"--output={folder / 'forest'}", "--trees=3")
    assert fitted.returncode == 0, fitted.stderr
    finished = evaluate(folder, folder / "compared", f"--forest={folder / 'forest'}")
    assert finished.returncode == 0, finished.stderr
    table = pd.read_csv(folder / "compared" / "comparison.csv")
    assert table["answers"].tolist() == ["network", "forest", "physics line"] * 2
    for row, name in enumerate(("compared", "forest")):
        metrics = json.loads((folder / name / "metrics.json").read_text())
        assert table["accuracy"][row] == pytest.approx(metrics["top_1_accuracy"], abs=1e-6)


def test_another_label_leaves_out_what_needs_space_groups(run):
    folder, logits, labels, _ = run
    write_brightness_model(folder / "systems", folder / "data.zarr", "crystal_system")
    (folder / "systems" / "calibration.json").write_text('{"temperature": 1}')
    finished = evaluate(folder, folder / "of_systems", model="systems")
    assert finished.returncode == 0, finished.stderr
    output = folder / "of_systems"
    assert set(files_in(output)) == products(OF_EVERY_LABEL)
    # The classes come in order of their names, which the network's answers now are.
    names = np.array(["cubic", "orthorhombic", "trigonal"])
    table = pd.read_csv(output / "predictions.csv")
    assert table["spacegroup"].tolist() == SPACE_GROUPS[labels].tolist()
    assert (
        table["true"].tolist() == np.array(["orthorhombic", "trigonal", "cubic"])[labels].tolist()
    )
    assert table["predicted"].tolist() == names[logits.argmax(axis=1)].tolist()
    metrics = json.loads((output / "metrics.json").read_text())
    right = table["predicted"] == table["true"]
    assert metrics["top_1_accuracy"] == pytest.approx(right.mean())
    assert metrics["label"] == "crystal_system"


def test_a_network_that_was_validated_in_rotation_is_measured_as_trained(run):
    """Whatever calibration.json says, which an earlier version may have left there."""
    folder, logits, *_ = run
    path = folder / "model" / "settings.yaml"
    write_settings(make_settings(train=Train(epochs=4, rotation_epochs=2)), path)
    finished = evaluate(folder, folder / "of_rotation")
    path.unlink()
    assert finished.returncode == 0, finished.stderr
    assert "the probabilities are not calibrated: " in " ".join(finished.stderr.split())
    metrics = json.loads((folder / "of_rotation" / "metrics.json").read_text())
    assert metrics["temperature"] is None
    before = {name for name in metrics if name.endswith("_before")}
    assert before == {"prototype_met_before", "crystal_met_before"}
    table = pd.read_csv(folder / "of_rotation" / "predictions.csv")
    expected = softmax(logits, axis=1).max(axis=1)
    assert table["probability"].to_numpy() == pytest.approx(expected, abs=1e-4)
    reliability = pd.read_csv(folder / "of_rotation" / "reliability.csv")
    assert set(reliability["probabilities"]) == {"as trained"}


def test_crystals_are_measured_as_the_configuration_says_whatever_was_trained(tmp_path):
    rng = np.random.default_rng(0)
    trained = make_settings(
        simulate=Simulate(engine="structure_factors"),
        reflections={"largest_index": 3},
        model=Model(name="zone_resnet", image_size=7),
        train=Train(descriptor="zones"),
    )
    cell = np.array([[4, 5, 6, 90, 95, 90.0]] * 12)
    raw = rng.integers(1, 65536, (12, 4, 7, 7), dtype=np.uint16)
    groups = [62, 166] * 6
    made_with = trained.technique.record(trained)
    dataset = write_small_dataset(tmp_path / "data.zarr", raw, groups, made_with, cell=cell)
    model = tmp_path / "model"
    write_labels(model, trained, [62, 166])
    write_split(model, dataset, ["train", "train", "validation", "validation"] + ["test"] * 8)
    (model / "calibration.json").write_text('{"temperature": 1}')
    (model / "history.csv").write_text(
        "epoch,loss,accuracy,validation_loss,validation_accuracy\n1,3,0.3,3.1,0.3\n"
    )
    zones, numbers = keras.Input((7, 7, 3)), keras.Input((12,))
    kernel = rng.normal(0, 0.1, (147, 2))
    dense = keras.layers.Dense(2, use_bias=False)
    logits = dense(keras.layers.Flatten()(zones))
    dense.set_weights([kernel])
    keras.Model([zones, numbers], [logits]).save(model / "model.keras")
    asked = trained.model_copy(
        update={
            "measurement": Measurement(largest_b=5, counts=(1e3, 1e4)),
            "evaluate": Evaluate(measured=True),
        }
    )
    write_settings(asked, tmp_path / "config.yaml")
    finished = evaluate(tmp_path, tmp_path / "evaluation")
    assert finished.returncode == 0, finished.stderr
    assert "crystals as measured: " in " ".join(finished.stderr.split())

    metrics = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    assert metrics["measured"]["measurement"]["counts"] == [1e3, 1e4]
    rows = np.arange(4, 12)
    reader = PatternReader(dataset, presentation_of(asked, dataset))
    seen, still = (reader.compose(reader.read(rows), rows, epoch)[0] for epoch in (0, None))
    assert (seen != still).any()
    expected = softmax(seen.reshape(8, -1) @ kernel, axis=1).max(axis=1)
    table = pd.read_csv(tmp_path / "evaluation" / "predictions.csv")
    assert table["probability"].to_numpy() == pytest.approx(expected, abs=1e-4)

    forest = tmp_path / "forest"
    fit = ["fit_forest", f"--dataset={dataset.path}", f"--model={model}", f"--output={forest}"]
    changed = f"--config={tmp_path / 'config.yaml'}"
    for more, right in (([], False), ([changed], True)):
        assert call(*fit, "--trees=2", *more).returncode == 0
        finished = evaluate(tmp_path, tmp_path / "again", f"--forest={forest}")
        assert (finished.returncode == 0) == right
        assert ("were measured otherwise" in " ".join(finished.stderr.split())) != right


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("labels.json", "labels.json: no such file"),
        ("calibration.json", "calibration.json: no such file, the network is not calibrated; "),
    ],
)
def test_a_folder_that_lacks_a_file_is_one_line_and_leaves_no_output(
    run, tmp_path, missing, message
):
    path = run[0] / "model" / missing
    path.rename(path.with_suffix(".away"))
    finished = evaluate(run[0], tmp_path / "evaluation")
    path.with_suffix(".away").rename(path)
    assert finished.returncode == 1
    assert message in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
