"""All scores of a classifier on its test crystals, as files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from spacegrouper.crystals.symmetry import Integers, crystal_systems
from spacegrouper.evaluation import calibration, metrics
from spacegrouper.evaluation.metrics import Classes, Floats
from spacegrouper.evaluation.physics_line import AXES, physics_line

# Tables whose first column is their index, and what stands above it in the file.
_CORNER = "true \\ predicted"
_SQUARE_TABLES = ("confusion", "crystal_system_errors")


@dataclass(frozen=True)
class Scores:
    """What metrics.json holds, and the tables by name.

    Of every label: predictions, top_k, per_class, confusion, reliability and refusal; of space
    groups also per_crystal_system, crystal_system_errors and symmetry, and the physics line.
    """

    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]


def score_answers(
    split: pd.DataFrame,
    probabilities: Floats,
    label: str,
    classes: Classes,
    seed: int,
    uncalibrated: Floats | None = None,
) -> Scores:
    """Score the answers to the test crystals.

    `split`: columns row, material_id, spacegroup, label, part, of which "test" are the N test
    crystals; `probabilities`: (N, C), in their order; `label`: what is told apart, as split.label;
    `classes`: (C,), the name of each class; `seed`: of the bootstrap; `uncalibrated`: (N, C), the
    probabilities before calibration, if there was one.
    """
    testing = split["part"] == "test"
    test = split[testing].reset_index(drop=True)
    predictions = prediction_table(test, probabilities, classes)
    truth, predicted = (predictions[name].to_numpy() for name in ("true", "predicted"))
    labels = test["label"].to_numpy()
    correct = predicted == truth
    confidence = probabilities.max(axis=1)
    summary: dict[str, Any] = {"label": label}
    summary |= metrics.summarise(probabilities, labels, classes, seed)
    summary["cross_entropy"] = metrics.cross_entropy(probabilities, labels)
    error = calibration.expected_calibration_error(confidence, correct)
    summary["expected_calibration_error"] = error
    confidences = {"as trained": confidence}
    if uncalibrated is not None:
        confidences = {"as trained": uncalibrated.max(axis=1), "calibrated": confidence}
        before = calibration.expected_calibration_error(confidences["as trained"], correct)
        summary["expected_calibration_error_before"] = before
        summary["cross_entropy_before"] = metrics.cross_entropy(uncalibrated, labels)
    reliability = {
        name: calibration.reliability_table(values, correct) for name, values in confidences.items()
    }
    tables = {
        "predictions": predictions,
        "top_k": metrics.top_k_table(probabilities, labels),
        "per_class": metrics.per_class(truth, predicted),
        "confusion": metrics.confusion_table(truth, predicted, classes),
        "reliability": pd.concat(reliability, names=["probabilities"]).reset_index("probabilities"),
        "refusal": calibration.refusal_table(confidence, correct),
    }
    if label == "spacegroup":
        per_class = tables["per_class"]
        per_class.insert(1, "crystal_system", crystal_systems(per_class["class"].to_numpy()))
        tables["per_crystal_system"] = metrics.per_crystal_system(truth, predicted)
        tables["crystal_system_errors"] = metrics.crystal_system_errors(truth, predicted)
        tables["symmetry"] = metrics.symmetry_table(truth, predicted, classes)
        summary |= metrics.summarise_symmetry(tables["symmetry"])
        trained_on = split.loc[~testing, "label"].to_numpy()
        for name, axes in AXES.items():
            line = physics_line(trained_on, labels, classes, axes)
            found = metrics.summarise_top_k(line, labels)
            summary |= {f"{name}_{key}": value for key, value in found.items()}
        _add_physics_line(tables, physics_line(trained_on, labels, classes), labels, classes)
    return Scores(summary, tables)


def prediction_table(test: pd.DataFrame, probabilities: Floats, classes: Classes) -> pd.DataFrame:
    """Return each crystal's answer.

    Columns row, material_id, spacegroup, true (class), predicted (class), probability (of the
    predicted class) and rank (of the true class among the answers, 1 = first). Arguments as in
    `score_answers`.
    """
    table = test[["row", "material_id", "spacegroup"]].copy()
    table["true"] = classes[test["label"].to_numpy()]
    table["predicted"] = classes[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1)
    table["rank"] = metrics.ranks_of_truth(probabilities, test["label"].to_numpy())
    return table


def _add_physics_line(
    tables: dict[str, pd.DataFrame], line: Floats, labels: Integers, classes: Classes
) -> None:
    """Add to the tables of shares a column with those of the physics line, (N, C)."""
    truth, named = classes[labels], classes[line.argmax(axis=1)]
    for name, table, share in (
        ("top_k", metrics.top_k_table(line, labels), "accuracy"),
        ("per_class", metrics.per_class(truth, named), "recall"),
        ("per_crystal_system", metrics.per_crystal_system(truth, named), "recall"),
        ("symmetry", metrics.symmetry_table(truth, named, classes), "accuracy"),
    ):
        tables[name]["physics_line"] = table[share]


def write_scores(scores: Scores, folder: Path) -> None:
    """Write metrics.json and a CSV file for each table into an existing folder."""
    summary = json.dumps(scores.summary, indent=2) + "\n"
    (folder / "metrics.json").write_text(summary, encoding="utf-8")
    for name, table in scores.tables.items():
        index: Any = {"index_label": _CORNER} if name in _SQUARE_TABLES else {"index": False}
        table.to_csv(folder / f"{name}.csv", float_format="%.6f", **index)


def describe_scores(scores: Scores) -> str:
    """Say in one line how good the answers are."""
    summary = scores.summary
    low, high = summary["top_1_interval_95"]
    line = summary.get("physics_line_top_1_accuracy")
    physics = "" if line is None else f"physics line {100 * line:.1f} %, "
    return (
        f"top-1 {100 * summary['top_1_accuracy']:.1f} % (95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f} %), {physics}chance {100 * summary['chance_accuracy']:.1f} %, "
        f"n = {summary['test_crystals']}"
    )
