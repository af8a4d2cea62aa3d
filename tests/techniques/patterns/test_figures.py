from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.figures import (
    brightness_figure,
    class_balance_figure,
    crystal_systems_figure,
    nodes_figure,
    occupied_pixels_figure,
    view_name,
)
from spacegrouper.techniques.patterns.statistics import MEASURES, per_crystal_system_table

SPACE_GROUPS = {
    1: np.array([225]),
    8: np.array([62, 139, 166, 187, 194, 216, 221, 225]),
    # 72 numbers over the whole range, as many as the paper's classes.
    72: np.unique(np.linspace(1, 230, 72).round().astype(int)),
}
VIEWS = Simulate().views


def per_space_group(groups):
    numbers = SPACE_GROUPS[groups]
    rng = np.random.default_rng(groups)
    crystals = 295 + rng.lognormal(6, 1, groups).astype(int)
    table = pd.DataFrame(
        {
            "spacegroup": numbers,
            "crystal_system": crystal_systems(numbers),
            "crystals": crystals,
            "prototypes": 1 + rng.integers(crystals),
        }
    )
    for name in ("raw", "shaped"):
        table[f"{name}_brightness"] = rng.lognormal(0, 0.5, groups)
        table[f"{name}_spread"] = 0.4 * table[f"{name}_brightness"]
    return table


def histograms():
    rng = np.random.default_rng(0)
    first = np.array([0, 1, 2, 3, 4, 6, 8, 11, 16])
    return pd.concat(
        pd.DataFrame(
            {
                "measure": measure,
                "view": view,
                "first": first,
                "last": np.append(first[1:], 23) - 1,
                # Black patterns in the last view only.
                "patterns": np.append(20 * (view == 2), np.bincount(rng.integers(8, size=100))),
            }
        )
        for measure in MEASURES
        for view in range(3)
    )


def all_figures(groups):
    table = per_space_group(groups)
    return {
        "class_balance": class_balance_figure(table),
        "crystal_systems": crystal_systems_figure(per_crystal_system_table(table)),
        "brightness": brightness_figure(table),
        "occupied_pixels": occupied_pixels_figure(histograms(), VIEWS),
        "nodes": nodes_figure(histograms(), VIEWS),
    }


def boxes_overlap(labels, renderer):
    boxes = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    return any(a.overlaps(b) for a, b in pairwise(boxes))


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.mark.parametrize("groups", [8, 72])
def test_saved_figures_have_ink_and_the_same_bytes_twice(assert_saved_well, groups):
    assert_saved_well(lambda: all_figures(groups), files=10)


@pytest.mark.parametrize("groups", [1, 8, 72])
def test_tick_labels_do_not_overlap(groups):
    for figure in all_figures(groups).values():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                assert not boxes_overlap(axis.get_ticklabels(), renderer)


@pytest.mark.parametrize("groups", [8, 72])
def test_class_balance_markers_are_the_table(groups):
    table = per_space_group(groups)
    figure = class_balance_figure(table)
    assert len(figure.axes) == (1 if groups == 8 else 2)
    drawn = {"crystals": [], "prototypes": []}
    texts = []
    for axes in figure.axes:
        for line in axes.lines:
            drawn[line.get_label()] += line.get_xdata().tolist()
        texts += tick_texts(axes.yaxis)
        if groups == 8:
            assert all(tick == int(tick) for tick in axes.get_xticks())
        low, high = axes.get_xlim()
        assert low < 1 <= table["crystals"].max() < high
    assert drawn["crystals"] == table["crystals"].tolist()
    assert drawn["prototypes"] == table["prototypes"].tolist()
    assert texts == [
        f"{space_group_name(row.spacegroup)} (n = {row.crystals})" for row in table.itertuples()
    ]
    assert f"{table['crystals'].sum()} crystals" in figure.get_suptitle()


def test_crystal_system_bars_are_the_table():
    table = per_crystal_system_table(per_space_group(8))
    figure = crystal_systems_figure(table)
    axes = figure.axes[0]
    assert [patch.get_width() for patch in axes.containers[0]] == table["crystals"].tolist()
    assert tick_texts(axes.yaxis)[0] == "triclinic (0 space groups)"
    assert tick_texts(axes.yaxis)[2] == "orthorhombic (1 space group)"
    assert figure.get_suptitle() == f"Crystals: n = {table['crystals'].sum()}"


@pytest.mark.parametrize("groups", [8, 72])
def test_brightness_markers_and_bars_are_the_table(groups):
    table = per_space_group(groups)
    figure = brightness_figure(table)
    for offset, name in enumerate(("raw", "shaped")):
        all_axes = figure.axes[offset::2]
        means = [x for axes in all_axes for x in axes.lines[0].get_xdata()]
        assert means == table[f"{name}_brightness"].tolist()
        ends = np.concatenate(
            [[s[:, 0] for s in axes.collections[0].get_segments()] for axes in all_axes]
        )
        assert ends[:, 1] - ends[:, 0] == pytest.approx(2 * table[f"{name}_spread"].to_numpy())
        assert len({axes.get_xlim() for axes in all_axes}) == 1


def test_areas_of_a_histogram_are_shares_and_what_has_none_is_said():
    table = histograms()
    figure = nodes_figure(table, VIEWS)
    axes = figure.axes[0]
    for view, steps in enumerate(axes.patches):
        values, edges, _ = steps.get_data()
        part = table[(table["measure"] == "nodes") & (table["view"] == view)]
        shares = part["patterns"] / part["patterns"].sum()
        areas = values * np.diff(edges)
        assert areas == pytest.approx(shares.iloc[1:].to_numpy())
        assert edges[0] == 0.5
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["x 45°", "y 45°", "z 45° (16.7 % have none)"]


def test_a_view_without_any_node_is_drawn():
    table = histograms()
    table["patterns"] = np.where(table["first"] == 0, 10, 0)
    axes = nodes_figure(table, VIEWS).axes[0]
    assert axes.get_legend().get_texts()[0].get_text() == "x 45° (100.0 % have none)"


def test_occupied_pixels_have_an_axes_for_each_measure():
    figure = occupied_pixels_figure(histograms(), VIEWS)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["raw, lit", "raw, bright", "shaped, lit", "shaped, bright"]


def test_view_name():
    assert view_name(View(axis="y", angle=(-45, 22.5))) == "y -45° and 22.5°"
