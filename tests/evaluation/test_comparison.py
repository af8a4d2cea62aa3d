import numpy as np
import pandas as pd
import pytest

from spacegrouper.errors import UserError
from spacegrouper.evaluation.comparison import comparison_table, read_forest
from spacegrouper.evaluation.scores import Scores, score_answers, write_scores

GROUPS = np.array([197, 204, 225])


def scored(answers: list[int], label: str = "spacegroup") -> Scores:
    """Score answers to four test crystals of labels 0, 1, 1, 2; 204 is trained on most."""
    labels = [0, 1, 1, 2, 0, 1, 1, 2]
    split = pd.DataFrame({"row": range(8), "label": labels, "part": ["train"] * 4 + ["test"] * 4})
    split = split.assign(material_id=split["row"].astype(str), spacegroup=GROUPS[split["label"]])
    classes = GROUPS if label == "spacegroup" else np.array(["a", "b", "c"])
    scores = score_answers(split, np.eye(3)[answers], label, classes, seed=0)
    scores.summary["measured"] = None
    return scores


@pytest.fixture
def forest(tmp_path):
    write_scores(scored([1, 1, 2, 2]), tmp_path)
    return tmp_path


def test_network_forest_and_physics_line_stand_side_by_side(forest) -> None:
    network = scored([1, 0, 0, 2])
    table = comparison_table(network, read_forest(forest, network))
    assert table[["level", "answers", "accuracy"]].to_numpy().tolist() == [
        ["space group", "network", 0.25],
        ["space group", "forest", 0.5],
        ["space group", "physics line", 0.75],
        ["extinction class", "network", 1],
        ["extinction class", "forest", 0.75],
        ["extinction class", "physics line", 1],
    ]
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["high"] >= table["accuracy"]).all()
    assert table.loc[0, ["low", "high"]].tolist() == network.summary["top_1_interval_95"]


def test_without_a_forest_and_of_other_labels_there_are_fewer_rows() -> None:
    assert (
        comparison_table(scored([1, 0, 0, 2]), None)["answers"].tolist()
        == [
            "network",
            "physics line",
        ]
        * 2
    )
    of_others = comparison_table(scored([1, 0, 0, 2], "crystal_system"), None)
    assert of_others[["level", "answers"]].to_numpy().tolist() == [["crystal system", "network"]]


def test_a_forest_of_other_crystals_is_refused(forest) -> None:
    network = scored([1, 0, 0, 2])
    network.tables["predictions"].loc[2, "material_id"] = "another"
    with pytest.raises(UserError, match=r"predictions\.csv: the forest was not tested on the test"):
        read_forest(forest, network)


def test_a_forest_whose_crystals_were_measured_otherwise_is_refused(forest) -> None:
    network = scored([1, 0, 0, 2])
    network.summary["measured"] = {"measurement": {"b_factor": [0, 5]}}
    with pytest.raises(
        UserError, match=r"metrics\.json: the test crystals of the forest were meas"
    ):
        read_forest(forest, network)


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv"])
def test_a_folder_without_scores_of_a_forest_is_refused(forest, name) -> None:
    (forest / name).unlink()
    with pytest.raises(UserError, match=r"no scores of a forest; make them with scripts/fit_for"):
        read_forest(forest, scored([1, 0, 0, 2]))
