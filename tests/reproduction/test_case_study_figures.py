import numpy as np
import pandas as pd

from spacegrouper.figures.samples import Picture
from spacegrouper.reproduction.case_study_figures import case_studies_figure

OUTCOMES = {
    "crystals": 40,
    "both_right": 20,
    "only_shaped_right": 12,
    "only_spot_right": 3,
    "both_wrong": 5,
    "mcnemar_p": 0.0352,
}


def draw(cases):
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
    patterns = (np.random.default_rng(0).random((3, 256, 256)) > 0.99).astype(np.uint8) * 200
    captions = ("raw, x view", "spot, all views", *(f"shaped, {axis} view" for axis in "xyz"))
    pictures = [[Picture(caption, patterns[0]) for caption in captions]] * cases
    powder = pd.DataFrame({"two_theta": [28.4, 47.3], "intensity": [100.0, 60.0]})
    return case_studies_figure(
        table,
        pictures,
        dict.fromkeys(table["material_id"], powder),
        dict.fromkeys(table["material_id"], "NaCl"),
        OUTCOMES,
    )


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_saved_figures_have_ink(assert_saved_well):
    assert_saved_well(lambda: {"one": draw(1), "none": draw(0)}, 4)


def test_each_case_names_both_answers():
    figure = draw(2)
    assert len(figure.axes) == 2 * 7
    assert texts(figure).count("is 225 Fm-3m") == 2
    assert texts(figure).count("✓ shaped: 225 Fm-3m") == 2
    assert texts(figure).count("✗ spot: 62 Pnma") == 2
    assert "mp-1" in texts(figure)


def test_the_heading_counts_all_outcomes():
    for cases in (0, 1):
        heading = draw(cases).get_suptitle()
        assert "40 crystals" in heading
        for part in ("both descriptors 20", "alone 12", "alone 3", "neither 5", "p = 0.035"):
            assert part in heading
