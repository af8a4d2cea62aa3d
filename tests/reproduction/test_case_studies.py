import numpy as np
import pandas as pd
import pytest
from small_dataset import write_small_dataset

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.reproduction.case_studies import (
    choose_cases,
    count_outcomes,
    find_cases,
    outcomes_table,
    powder_pattern,
    read_predictions,
)

GROUPS = [225, 225, 62, 62, 194, 14]


def predictions(predicted, probability=0.5, rows=range(6)):
    rows = list(rows)
    return pd.DataFrame(
        {
            "row": rows,
            "material_id": [f"00{row}" for row in rows],
            "spacegroup": [GROUPS[row] for row in rows],
            "predicted": predicted,
            "probability": probability,
        }
    )


@pytest.fixture
def dataset(tmp_path):
    raw = np.zeros((len(GROUPS), 3, 8, 8), dtype=np.uint8)
    names = [f"00{row}" for row in range(len(GROUPS))]
    return write_small_dataset(tmp_path / "data.zarr", raw, GROUPS, material_id=names)


def write(table, folder):
    table.assign(true=table["spacegroup"], rank=1).to_csv(folder / "predictions.csv", index=False)
    return folder


def test_predictions_are_read_with_ids_that_are_text(tmp_path, dataset):
    table = predictions(GROUPS)
    assert read_predictions(write(table, tmp_path), dataset).equals(table)


def test_predictions_of_another_dataset_are_refused(tmp_path, dataset):
    table = predictions(GROUPS).assign(spacegroup=225)
    with pytest.raises(UserError, match=r"predictions.csv: row 2 is 002 of space group 225"):
        read_predictions(write(table, tmp_path), dataset)


def test_predictions_of_another_label_or_none_are_refused(tmp_path, dataset):
    with pytest.raises(UserError, match=r"predictions.csv: no such file; make it with"):
        read_predictions(tmp_path, dataset)
    table = predictions(["oxide"] * 6)
    with pytest.raises(UserError, match=r"names space groups"):
        read_predictions(write(table, tmp_path), dataset)


def test_outcomes_are_of_the_crystals_that_both_tested():
    spot = predictions([225, 1, 1, 62], 0.3, rows=(0, 1, 2, 3))
    shaped = predictions([14, 62, 62, 225], 0.9, rows=(5, 3, 2, 1))
    table = outcomes_table(spot, shaped)
    assert table["row"].tolist() == [1, 2, 3]
    assert table["crystal_system"].tolist() == ["cubic", "orthorhombic", "orthorhombic"]
    assert table["spot_predicted"].tolist() == [1, 1, 62]
    assert table["shaped_predicted"].tolist() == [225, 62, 62]
    assert set(table["spot_probability"]) == {0.3}
    assert set(table["shaped_probability"]) == {0.9}
    assert count_outcomes(table) == {
        "crystals": 3,
        "both_right": 1,
        "only_shaped_right": 2,
        "only_spot_right": 0,
        "both_wrong": 0,
        "mcnemar_p": 0.5,  # 2 of 2 in one direction: 2 / 2^2
    }


def test_no_common_crystal_is_an_error():
    with pytest.raises(UserError, match=r"no crystal was tested by both.*`split` and `seed`"):
        outcomes_table(predictions([225], rows=[0]), predictions([225], rows=[1]))


def test_of_each_system_the_surest_right_answer_is_chosen():
    spot = predictions([1, 1, 1, 62, 1, 1])
    shaped = predictions([225, 225, 62, 62, 1, 14], [0.6, 0.6, 0.4, 0.9, 0.99, 0.7])
    table = outcomes_table(spot, shaped)
    # 003 is right from spots too, 004 wrong from both; of 000 and 001 the first by id.
    assert choose_cases(table, 7)["material_id"].tolist() == ["005", "002", "000"]
    # Those with the largest probabilities stay, in the order of the systems.
    assert choose_cases(table, 2)["material_id"].tolist() == ["005", "000"]
    shuffled = table.sample(frac=1, random_state=0)
    assert choose_cases(shuffled, 7).equals(choose_cases(table, 7))


def test_the_papers_crystals_are_found_with_their_answers_where_they_were_tested(dataset):
    outcomes = outcomes_table(predictions([1], rows=[4]), predictions([194], 0.9, rows=[4]))
    published = pd.DataFrame(
        {"pair": [1, 1, 2], "material_id": ["gone", "004", "005"], "spacegroup": [7, 194, 15]}
    ).assign(formula="NaCl")
    cases = find_cases(published, dataset.crystals(), outcomes)
    assert cases["material_id"].tolist() == ["gone", "004", "005"]
    assert cases["published_spacegroup"].tolist() == [7, 194, 15]
    assert cases["row"].isna().tolist() == [True, False, False]
    assert cases["spacegroup"].dropna().tolist() == [194, 14]
    assert cases["shaped_predicted"].isna().tolist() == [True, False, True]
    assert cases.loc[1, ["spot_predicted", "shaped_predicted"]].tolist() == [1, 194]
    assert cases.loc[1, "shaped_probability"] == 0.9


def test_there_may_be_no_case():
    right = predictions(GROUPS)
    assert choose_cases(outcomes_table(right, right), 7).empty


def test_powder_of_silicon_follows_braggs_law():
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    sites = np.concatenate([corners, corners + 0.25])
    silicon = Crystal("si", np.eye(3) * 5.431, ("Si",) * 8, sites)
    powder = powder_pattern(silicon)
    # Reflections of the diamond lattice up to 90 degrees; the mean Cu K-alpha line.
    squares = np.array([3, 8, 11, 16, 19, 24])
    angles = 2 * np.degrees(np.arcsin(1.54184 * np.sqrt(squares) / (2 * 5.431)))
    assert powder["two_theta"].to_numpy() == pytest.approx(angles, abs=0.01)
    found = [sum(int(index) ** 2 for index in hkl.split()) for hkl in powder["hkl"]]
    assert found == squares.tolist()
    assert powder["intensity"].max() == 100
    assert powder["intensity"].idxmax() == 0
