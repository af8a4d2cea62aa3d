"""All scores of a classifier on its test crystals, as files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from spacegrouper.evaluation import metrics
from spacegrouper.evaluation.metrics import Floats, Integers


@dataclass(frozen=True)
class Scores:
    """The summary, and the tables that are made of it or lead to it."""

    summary: dict[str, Any]
    predictions: pd.DataFrame
    top_k: pd.DataFrame
    per_space_group: pd.DataFrame
    per_crystal_system: pd.DataFrame
    confusion: pd.DataFrame


def score_answers(
    test: pd.DataFrame, probabilities: Floats, space_groups: Integers, seed: int
) -> Scores:
    """Score the answers to the test crystals.

    `test`: columns row, material_id, spacegroup, label, (N,); `probabilities`: (N, C);
    `space_groups`: (C,), the number of each class; `seed`: of the intervals.
    """
    predictions = prediction_table(test, probabilities, space_groups)
    truth, predicted = (predictions[name].to_numpy() for name in ("spacegroup", "predicted"))
    labels = test["label"].to_numpy()
    return Scores(
        summary=metrics.summarise(probabilities, labels, space_groups, seed),
        predictions=predictions,
        top_k=metrics.top_k_table(probabilities, labels),
        per_space_group=metrics.per_space_group(truth, predicted),
        per_crystal_system=metrics.per_crystal_system(truth, predicted),
        confusion=metrics.confusion_table(truth, predicted, space_groups),
    )


def prediction_table(
    test: pd.DataFrame, probabilities: Floats, space_groups: Integers
) -> pd.DataFrame:
    """Return each crystal's answer: columns row, material_id, spacegroup, predicted, probability
    (of the predicted group) and rank (of the true group among the answers, 1 = first).

    Arguments as in `score_answers`.
    """
    table = test[["row", "material_id", "spacegroup"]].copy()
    table["predicted"] = space_groups[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1)
    table["rank"] = metrics.ranks_of_truth(probabilities, test["label"].to_numpy())
    return table


def write_scores(scores: Scores, folder: Path) -> None:
    """Write metrics.json and a CSV file for each table into an existing folder."""
    summary = json.dumps(scores.summary, indent=2) + "\n"
    (folder / "metrics.json").write_text(summary, encoding="utf-8")
    for name in ("predictions", "top_k", "per_space_group", "per_crystal_system"):
        table: pd.DataFrame = getattr(scores, name)
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
    scores.confusion.to_csv(folder / "confusion.csv", index_label="true \\ predicted")


def describe_scores(scores: Scores) -> str:
    """Say in one line how good the answers are."""
    low, high = scores.summary["top_1_interval_95"]
    return (
        f"top-1 {100 * scores.summary['top_1_accuracy']:.1f} % (95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f} %), chance {100 * scores.summary['chance_accuracy']:.1f} %, "
        f"n = {len(scores.predictions)}"
    )
