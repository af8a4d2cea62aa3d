import json

import numpy as np
import pandas as pd
import pytest

from spacegrouper.evaluation.calibration import expected_calibration_error
from spacegrouper.evaluation.scores import (
    describe_scores,
    prediction_table,
    score_answers,
    write_scores,
)

SPACE_GROUPS = np.array([62, 166, 225])
SYSTEMS = np.array(["cubic", "orthorhombic", "trigonal"])
TEST = pd.DataFrame(
    {"row": [3, 5], "material_id": ["a", "b"], "spacegroup": [166, 225], "label": [1, 2]}
)
# Of 166 and 225 more crystals are trained on than of 62.
SPLIT = pd.concat(
    [
        pd.DataFrame({"row": range(6, 11), "material_id": "c", "label": [2, 0, 1, 2, 1]}).assign(
            spacegroup=lambda table: SPACE_GROUPS[table["label"]], part="train"
        ),
        TEST.assign(part="test"),
    ]
)
PROBABILITIES = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]])
UNCALIBRATED = np.array([[0.0, 0.95, 0.05], [0.8, 0.2, 0.0]])
OF_EVERY_LABEL = {"predictions", "top_k", "per_class", "confusion", "reliability", "refusal"}
OF_SPACE_GROUPS = {"per_crystal_system", "crystal_system_errors", "symmetry"}


def test_prediction_table_by_hand() -> None:
    table = prediction_table(TEST, PROBABILITIES, SPACE_GROUPS)

    assert table.to_dict("list") == {
        "row": [3, 5],
        "material_id": ["a", "b"],
        "spacegroup": [166, 225],
        "true": [166, 225],
        "predicted": [166, 62],
        "probability": [0.7, 0.6],
        "rank": [1, 3],
    }


def test_predictions_of_another_label_keep_the_space_group_beside_the_class() -> None:
    test = TEST.assign(label=[2, 0])
    table = prediction_table(test, PROBABILITIES, SYSTEMS)

    assert table["spacegroup"].tolist() == [166, 225]
    assert table["true"].tolist() == ["trigonal", "cubic"]
    assert table["predicted"].tolist() == ["orthorhombic", "cubic"]


def test_scores_are_written_as_they_are(tmp_path) -> None:
    scores = score_answers(SPLIT, PROBABILITIES, "spacegroup", SPACE_GROUPS, seed=0)
    write_scores(scores, tmp_path)

    assert json.loads((tmp_path / "metrics.json").read_text()) == scores.summary
    assert scores.summary["label"] == "spacegroup"
    assert scores.summary["top_1_accuracy"] == 0.5
    assert scores.summary["crystal_system_accuracy"] == 0.5
    assert set(scores.tables) == OF_EVERY_LABEL | OF_SPACE_GROUPS
    assert {path.stem for path in tmp_path.glob("*.csv")} == set(scores.tables)
    for name in set(scores.tables) - {"confusion", "crystal_system_errors"}:
        pd.testing.assert_frame_equal(
            pd.read_csv(tmp_path / f"{name}.csv"), scores.tables[name], atol=1e-6
        )
    confusion = pd.read_csv(tmp_path / "confusion.csv", index_col=0)
    assert confusion.loc[225, "62"] == 1
    errors = pd.read_csv(tmp_path / "crystal_system_errors.csv", index_col=0)
    assert errors.loc["cubic", "orthorhombic"] == 1
    assert scores.tables["per_class"].columns[:3].tolist() == [
        "class",
        "crystal_system",
        "crystals",
    ]
    assert describe_scores(scores).startswith("top-1 50.0 % (95 % interval 9.5 to 90.5 %)")


def test_the_physics_line_is_of_the_crystals_trained_on() -> None:
    """197 and 204 are one extinction class, and 225 another; of 197 more are trained on."""
    groups = np.array([197, 204, 225])
    part = ["train"] * 4 + ["validation"] * 2 + ["test"] * 4
    label = np.array([0, 1, 2, 1, 0, 0, 0, 1, 1, 2])
    split = pd.DataFrame({"row": range(10), "material_id": "a", "label": label, "part": part})
    split["spacegroup"] = groups[label]
    scores = score_answers(split, np.full((4, 3), 1 / 3), "spacegroup", groups, seed=0)

    for name in ("top_k", "per_class", "per_crystal_system", "symmetry"):
        assert scores.tables[name].columns[-1] == "physics_line"
    named = {name: table.get("physics_line") for name, table in scores.tables.items()}
    assert named["top_k"].tolist() == [0.5, 1, 1]
    assert named["per_class"].tolist() == [1, 0, 1]
    assert named["per_crystal_system"].tolist() == [0.5]
    levels = dict(zip(scores.tables["symmetry"]["level"], named["symmetry"], strict=True))
    assert (levels["space group"], levels["extinction class"]) == (0.5, 1)
    assert levels["point group"] == 0.5
    for name in ("physics_line", "physics_line_any_order"):
        assert scores.summary[f"{name}_top_1_accuracy"] == 0.5
        assert scores.summary[f"{name}_top_3_accuracy"] == 1
        assert scores.summary[f"{name}_top_1_interval_95"] == pytest.approx(
            [0.1500, 0.8500], abs=1e-4
        )
    assert "physics line 50.0 %, chance 33.3 %" in describe_scores(scores)


def test_other_labels_have_no_tables_of_symmetry() -> None:
    scores = score_answers(SPLIT, PROBABILITIES, "crystal_system", SYSTEMS, seed=0)

    assert set(scores.tables) == OF_EVERY_LABEL
    assert scores.tables["per_class"]["class"].tolist() == ["orthorhombic", "trigonal"]
    assert scores.summary["label"] == "crystal_system"
    assert "extinction_class_accuracy" not in scores.summary
    assert not any(name.startswith("physics_line") for name in scores.summary)
    assert "physics_line" not in scores.tables["top_k"]
    assert "physics line" not in describe_scores(scores)


def test_reliability_is_told_before_and_after_calibration() -> None:
    correct = np.array([True, False])
    plain = score_answers(SPLIT, PROBABILITIES, "spacegroup", SPACE_GROUPS, seed=0)
    calibrated = score_answers(
        SPLIT, PROBABILITIES, "spacegroup", SPACE_GROUPS, seed=0, uncalibrated=UNCALIBRATED
    )

    after = expected_calibration_error(PROBABILITIES.max(axis=1), correct)
    before = expected_calibration_error(UNCALIBRATED.max(axis=1), correct)
    for scores in (plain, calibrated):
        assert scores.summary["expected_calibration_error"] == after == pytest.approx(0.45)
        # ln of 0.7 and of 0.1, what the true classes are given.
        assert scores.summary["cross_entropy"] == pytest.approx(-np.log(0.07) / 2)
    assert "cross_entropy_before" not in plain.summary
    # A probability of 0 counts as 1e-7.
    assert calibrated.summary["cross_entropy_before"] == pytest.approx(-np.log(0.95e-7) / 2)
    assert "expected_calibration_error_before" not in plain.summary
    assert calibrated.summary["expected_calibration_error_before"] == before != after
    assert plain.tables["reliability"]["probabilities"].unique().tolist() == ["as trained"]
    table = calibrated.tables["reliability"]
    # So few crystals are one bin.
    assert table["probabilities"].tolist() == ["as trained", "calibrated"]
    assert table["probability"].tolist() == pytest.approx([0.875, 0.65])
    # Refusing goes by the calibrated probabilities.
    assert calibrated.tables["refusal"]["threshold"].tolist() == [0.7, 0.6]
