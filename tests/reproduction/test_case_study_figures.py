import numpy as np
import pandas as pd

from spacegrouper.figures.samples import Picture
from spacegrouper.reproduction.case_study_figures import (
    case_studies_figure,
    describe_outcomes,
    describe_published,
)

OUTCOMES = {
    "crystals": 40,
    "both_right": 20,
    "only_shaped_right": 12,
    "only_spot_right": 3,
    "both_wrong": 5,
    "mcnemar_p": 0.0352,
}


def draw(cases, outcomes=OUTCOMES):
    table = pd.DataFrame(
        {
            "material_id": [f"mp-{i}" for i in range(cases)],
            "spacegroup": 225,
            "spot_predicted": 62,
            "spot_probability": 0.71,
            "shaped_predicted": 225,
            "shaped_probability": 0.93,
        }
    )
    return draw_table(table, describe_outcomes(outcomes))


def draw_table(table, heading):
    cases = len(table)
    patterns = (np.random.default_rng(0).random((3, 256, 256)) > 0.99).astype(np.uint8) * 200
    captions = ("raw, x view", "spot, all views", *(f"shaped, {axis} view" for axis in "xyz"))
    pictures = [[Picture(caption, patterns[0]) for caption in captions]] * cases
    powder = pd.DataFrame({"two_theta": [28.4, 47.3], "intensity": [100.0, 60.0]})
    return case_studies_figure(
        table,
        pictures,
        dict.fromkeys(table["material_id"], powder),
        dict.fromkeys(table["material_id"], "NaCl"),
        heading,
    )


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_saved_figures_have_ink(assert_saved_well):
    assert_saved_well(lambda: {"one": draw(1), "none": draw(0)}, 4)


def test_each_case_names_both_answers():
    figure = draw(2)
    assert len(figure.axes) == 2 * 7
    assert texts(figure).count("is 225 Fm3\u0305m") == 2
    assert texts(figure).count("✓ shaped: 225 Fm3\u0305m") == 2
    assert texts(figure).count("✗ spot: 62 Pnma") == 2
    assert "mp-1" in texts(figure)


def test_of_the_papers_crystals_the_answers_are_as_they_are():
    table = pd.DataFrame(
        {
            "pair": [1, 1, 2, 2],
            "material_id": ["a", "b", "c", "gone"],
            "published_spacegroup": [14, 74, 166, 176],
            "row": [5, 6, 7, pd.NA],
            "spacegroup": [14, 62, 166, pd.NA],
            "spot_predicted": [14, 62, pd.NA, pd.NA],
            "spot_probability": [0.5, 0.6, np.nan, np.nan],
            "shaped_predicted": [15, 62, pd.NA, pd.NA],
            "shaped_probability": [0.7, 0.8, np.nan, np.nan],
        }
    ).convert_dtypes()
    figure = draw_table(table.dropna(subset="row"), describe_published(table))
    said = texts(figure)
    assert [each for each in said if "pair" in each] == ["a (pair 1)", "b (pair 1)", "c (pair 2)"]
    assert {"✗ shaped: 15 C2/c", "✓ spot: 14 P2₁/c", "✓ shaped: 62 Pnma"} <= set(said)
    assert {"is 14 P2₁/c", "is 62 Pnma (paper: 74)", "not in both test sets"} <= set(said)
    assert figure.get_suptitle().endswith("3 of 4 crystals\nNot in the dataset: gone")
    assert "Not in" not in describe_published(table[:3])


def test_the_heading_counts_all_outcomes():
    nothing = OUTCOMES | {"only_shaped_right": 0}
    assert "No crystal is named right from shaped" in draw(0, nothing).get_suptitle()
    for cases in (0, 1):
        heading = draw(cases).get_suptitle()
        assert "40 crystals" in heading
        for part in ("both descriptors 20", "alone 12", "alone 3", "neither 5", "p = 0.035"):
            assert part in heading
