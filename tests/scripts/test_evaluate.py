import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import zarr
from scipy.special import softmax

from spacegrouper.config.sections import Shape
from spacegrouper.descriptors.images import compose_images
from spacegrouper.training.images import read_patterns

SCRIPT = Path(__file__).parents[2] / "scripts" / "evaluate.py"
SPACE_GROUPS = np.array([62, 166, 225])
CRYSTALS = 24
SIZE = 16


def make_dataset(path):
    """Make crystals whose patterns are the brighter the higher their label, with some noise."""
    rng = np.random.default_rng(0)
    label = np.arange(CRYSTALS) % 3
    share = (0.2 + 0.25 * label + 0.1 * rng.random(CRYSTALS))[:, None, None, None]
    group = zarr.create_group(path, zarr_format=3)
    for name in ("raw", "shaped"):
        patterns = (rng.random((CRYSTALS, 3, 32, 32)) < share).astype(np.uint8) * 200
        group.create_array(name, data=patterns)
    names = group.create_array("material_id", shape=(CRYSTALS,), dtype="string")
    names[:] = np.array([f"mp-{i}" for i in range(CRYSTALS)], dtype=object)
    group.create_array("spacegroup", data=SPACE_GROUPS[label].astype(np.int16))
    group.create_array("status", data=np.ones(CRYSTALS, dtype=np.uint8))
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")
    return group, label


def make_model(folder, label):
    """Make a trained network's folder: logits linear in the mean colour of each image."""
    folder.mkdir()
    images = [keras.Input((SIZE, SIZE, 3)) for _ in range(3)]
    rng = np.random.default_rng(1)
    weights = [(rng.normal(0, 8, (3, 3)), rng.normal(0, 4, 3)) for _ in images]
    logits = []
    for image, (kernel, bias) in zip(images, weights, strict=True):
        dense = keras.layers.Dense(3)
        logits.append(dense(keras.layers.GlobalAveragePooling2D()(image)))
        dense.set_weights([kernel, bias])
    keras.Model(images, logits).save(folder / "model.keras")
    labels = {
        "space_groups": SPACE_GROUPS.tolist(),
        "best_epoch": 2,
        "image_size": SIZE,
        "resize": "nearest",
        "descriptor": "shaped",
        "shape_settings": Shape().model_dump(mode="json"),
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    split = pd.DataFrame(
        {
            "row": np.arange(CRYSTALS),
            "material_id": [f"mp-{i}" for i in range(CRYSTALS)],
            "spacegroup": SPACE_GROUPS[label],
            "label": label,
            "part": np.where(np.arange(CRYSTALS) % 2, "test", "train"),
        }
    )
    split.to_csv(folder / "split.csv", index=False)
    (folder / "history.csv").write_text(
        "epoch,loss,accuracy,validation_loss,validation_accuracy\n1,3,0.3,3.1,0.3\n2,2,0.6,2.5,0.5\n"
    )
    return weights


def evaluate(folder, output, model="model"):
    return subprocess.run(
        [
            sys.executable,
            str(SCRIPT),
            f"--dataset={folder / 'data.zarr'}",
            f"--model={folder / model}",
            f"--config={folder / 'config.yaml'}",
            f"--output={output}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Evaluate once, and return the folder, the answers by hand and what the program said."""
    folder = tmp_path_factory.mktemp("evaluate")
    dataset, label = make_dataset(folder / "data.zarr")
    weights = make_model(folder / "model", label)
    (folder / "config.yaml").write_text("name: trial\nevaluate: {batch_size: 5}\n")
    rows = np.arange(1, CRYSTALS, 2)
    images = compose_images(read_patterns(dataset, rows, SIZE, "nearest", "shaped"), "shaped")
    logits = sum(
        image.mean(axis=(1, 2)) @ kernel + bias
        for image, (kernel, bias) in zip(images, weights, strict=True)
    )
    return folder, softmax(logits, axis=1), label[rows], evaluate(folder, folder / "evaluation")


def test_predictions_are_those_computed_by_hand(run):
    folder, probabilities, labels, finished = run
    assert finished.returncode == 0, finished.stderr
    table = pd.read_csv(folder / "evaluation" / "predictions.csv")
    assert table["row"].tolist() == list(range(1, CRYSTALS, 2))
    assert table["material_id"].tolist() == [f"mp-{i}" for i in range(1, CRYSTALS, 2)]
    assert table["spacegroup"].tolist() == SPACE_GROUPS[labels].tolist()
    assert table["predicted"].tolist() == SPACE_GROUPS[probabilities.argmax(axis=1)].tolist()
    assert table["probability"].to_numpy() == pytest.approx(probabilities.max(axis=1), abs=1e-4)
    order = np.argsort(-probabilities, axis=1)
    assert table["rank"].tolist() == (np.argmax(order == labels[:, None], axis=1) + 1).tolist()


def test_scores_and_tables_follow_from_the_predictions(run):
    folder, _, labels, finished = run
    output = folder / "evaluation"
    table = pd.read_csv(output / "predictions.csv")
    right = table["predicted"] == table["spacegroup"]
    metrics = json.loads((output / "metrics.json").read_text())
    assert 0 < metrics["top_1_accuracy"] < 1
    assert metrics["top_1_accuracy"] == pytest.approx(right.mean())
    assert metrics["test_crystals"] == len(labels) == 12
    top_k = pd.read_csv(output / "top_k.csv")
    expected = [(table["rank"] <= k).mean() for k in (1, 2, 3)]
    assert top_k["accuracy"].tolist() == pytest.approx(expected, abs=1e-6)
    groups = pd.read_csv(output / "per_space_group.csv")
    assert groups["correct"].tolist() == right.groupby(table["spacegroup"]).sum().tolist()
    systems = pd.read_csv(output / "per_crystal_system.csv")
    assert systems["crystal_system"].tolist() == ["orthorhombic", "trigonal", "cubic"]
    confusion = pd.read_csv(output / "confusion.csv", index_col=0)
    assert confusion.index.tolist() == [int(name) for name in confusion.columns] == [62, 166, 225]
    assert np.trace(confusion.to_numpy()) == right.sum()
    assert f"top-1 {100 * right.mean():.1f} %" in " ".join(finished.stderr.split())


def test_all_products_are_there_and_a_second_run_gives_the_same_bytes(run):
    folder = run[0]
    again = evaluate(folder, folder / "again")
    assert again.returncode == 0, again.stderr
    names = ("top_k", "per_space_group", "per_crystal_system", "confusion", "history")
    expected = {f"figures/{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    expected |= {f"{name}.csv" for name in ("predictions", *names[:4])} | {"metrics.json"}
    first, second = (
        {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*") if p.is_file()}
        for top in (folder / "evaluation", folder / "again")
    )
    assert set(first) == expected
    assert first == second


def test_a_folder_without_a_network_is_one_line_and_leaves_no_output(run, tmp_path):
    finished = evaluate(run[0], tmp_path / "evaluation", model="nothing")
    assert finished.returncode == 1
    assert "nothing/labels.json: no such file" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
