import numpy as np
import pandas as pd
import pytest

from spacegrouper.evaluation.perturbations import points_of
from spacegrouper.figures.robustness import examples_figure, robustness_figure
from spacegrouper.settings import Robustness

POINTS = points_of(Robustness())


def curves(extinction=True):
    accuracy = np.linspace(1.0, 0.1, len(POINTS))
    table = pd.DataFrame(
        {
            "perturbation": [point.perturbation for point in POINTS],
            "value": [point.value for point in POINTS],
            "crystals": 40,
            "accuracy": accuracy,
            "low": accuracy - 0.05,
            # A rounding below the accuracy: no figure may fail at that.
            "high": accuracy - 1e-9,
            "chance": 0.125,
        }
    )
    return table.assign(extinction_class_accuracy=accuracy) if extinction else table


def draw_examples(points=POINTS):
    rng = np.random.default_rng(0)
    images = {point: rng.random((16, 16, 3), dtype=np.float32) for point in points}
    answers = {point: ("225 Fm-3m", point.value < 1) for point in points}
    return examples_figure("mp-1: the shaped image", images, answers)


def test_saved_figures_have_ink(assert_saved_well):
    assert_saved_well(
        lambda: {"robustness": robustness_figure(curves()), "examples": draw_examples(POINTS[:4])},
        4,
    )


def test_each_perturbation_has_a_panel_with_its_curve():
    figure = robustness_figure(curves())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:5] == [
        "Missing atoms",
        "Displaced atoms",
        "Few photons",
        "Turned crystals",
        "Beam stop",
    ]
    assert figure.axes[1].get_xlabel() == "rms along each direction, Å"
    displaced = curves()[curves()["perturbation"] == "displacement"]
    drawn = [line.get_ydata() for line in figure.axes[1].get_lines() if len(line.get_xdata()) == 5]
    assert drawn[0] == pytest.approx(displaced["accuracy"])
    legend = [text.get_text() for text in figure.axes[5].get_legend().get_texts()]
    assert set(legend) == {
        "named right, 95 % interval",
        "extinction class right",
        "unperturbed",
        "chance",
    }


def test_without_extinction_classes_there_is_no_line_of_them():
    legend = robustness_figure(curves(extinction=False)).axes[5].get_legend()
    assert "extinction class right" not in [text.get_text() for text in legend.get_texts()]


def test_each_image_says_its_value_and_the_answer():
    axes = draw_examples().axes
    headings = [each.get_title(loc="center") for each in axes]
    assert headings.count("unperturbed") == 5
    assert {"40 %", "0.4 Å", "$10^{6}$ photons", "5°", "32 pixels"} <= set(headings)
    answers = {each.get_title(loc="center"): each.get_xlabel() for each in axes}
    assert answers["0.4 Å"].startswith("✓")
    assert answers["5°"].startswith("✗")
