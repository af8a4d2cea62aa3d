"""The network beside what it must beat: the baseline, and the physics line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from spacegrouper.crystals.class_names import label_noun
from spacegrouper.errors import UserError
from spacegrouper.evaluation.scores import Scores

_CRYSTALS = ["row", "material_id", "true"]


def comparison_table(network: Scores, forest: Mapping[str, Any] | None) -> pd.DataFrame:
    """Return how often a network, the forest, if there is one, and the physics line are right.

    `forest`: what `read_forest` returns. Columns: level (what is right: the class and, of space
    groups, the extinction class), answers (whose), accuracy, low, high.
    """
    summary = network.summary
    of_space_groups = summary["label"] == "spacegroup"
    levels = {label_noun(summary["label"]): "top_1"}
    if of_space_groups:
        levels["extinction class"] = "extinction_class"
    answers = {"network": summary, "forest": forest}
    if of_space_groups:
        answers["physics line"] = {
            **{
                key: summary[f"physics_line_{key}"]
                for key in ("top_1_accuracy", "top_1_interval_95")
            },
            # It is all that the line knows.
            "extinction_class_accuracy": 1.0,
            "extinction_class_interval_95": [1.0, 1.0],
        }
    rows = [
        (level, name, found[f"{key}_accuracy"], *found[f"{key}_interval_95"])
        for level, key in levels.items()
        for name, found in answers.items()
        if found is not None
    ]
    return pd.DataFrame(rows, columns=["level", "answers", "accuracy", "low", "high"])


def read_forest(folder: Path, network: Scores) -> dict[str, Any]:
    """Read metrics.json of a forest that was fitted by scripts/fit_forest.py.

    Raises UserError where there is none, or where it was tested on other crystals than the network,
    or on crystals that were changed otherwise (`evaluate.measured`).
    """
    try:
        summary: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        ids = {"material_id": str}
        tested = pd.read_csv(folder / "predictions.csv", dtype=ids, keep_default_na=False)[
            _CRYSTALS
        ]
        same = tested.astype(str).equals(network.tables["predictions"][_CRYSTALS].astype(str))
        same_changes = summary["measured"] == network.summary["measured"]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{folder}: no scores of a forest; make them with scripts/fit_forest.py"
        ) from None
    if not same:
        raise UserError(
            f"{folder / 'predictions.csv'}: the forest was not tested on the test crystals of this "
            "network; fit one with scripts/fit_forest.py --model and the network's folder"
        )
    if not same_changes:
        raise UserError(
            f"{folder / 'metrics.json'}: the test crystals of the forest were measured otherwise "
            "than the network's; fit one with scripts/fit_forest.py and the same --config"
        )
    return summary
