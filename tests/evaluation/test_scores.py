import json

import numpy as np
import pandas as pd

from spacegrouper.evaluation.scores import (
    describe_scores,
    prediction_table,
    score_answers,
    write_scores,
)

SPACE_GROUPS = np.array([62, 166, 225])
TEST = pd.DataFrame(
    {"row": [3, 5], "material_id": ["a", "b"], "spacegroup": [166, 225], "label": [1, 2]}
)
PROBABILITIES = np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]])


def test_prediction_table_by_hand() -> None:
    table = prediction_table(TEST, PROBABILITIES, SPACE_GROUPS)

    assert table.to_dict("list") == {
        "row": [3, 5],
        "material_id": ["a", "b"],
        "spacegroup": [166, 225],
        "predicted": [166, 62],
        "probability": [0.7, 0.6],
        "rank": [1, 3],
    }


def test_scores_are_written_as_they_are(tmp_path) -> None:
    scores = score_answers(TEST, PROBABILITIES, SPACE_GROUPS, seed=0)
    write_scores(scores, tmp_path)

    assert json.loads((tmp_path / "metrics.json").read_text()) == scores.summary
    assert scores.summary["top_1_accuracy"] == 0.5
    for name in ("predictions", "top_k", "per_space_group", "per_crystal_system"):
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / f"{name}.csv"), getattr(scores, name))
    confusion = pd.read_csv(tmp_path / "confusion.csv", index_col=0)
    assert confusion.loc[225, "62"] == 1
    assert describe_scores(scores).startswith("top-1 50.0 % (95 % interval 0.0 to 100.0 %)")
