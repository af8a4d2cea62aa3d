import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spacegrouper.evaluation.metrics import crystal_system_errors, per_class, per_crystal_system
from spacegrouper.reproduction.comparison_figures import (
    crystal_system_errors_comparison,
    per_crystal_system_comparison,
    per_space_group_comparison,
)

GROUPS = np.unique(np.linspace(1, 166, 40).round().astype(int))  # none hexagonal or cubic
TRUTH = np.repeat(GROUPS, 6)
TITLES = ("msdn (shaped)", "alexnet (spot)")


@pytest.fixture(scope="module")
def answers():
    """The answers of two networks, right in four and in two of six cases."""
    rng = np.random.default_rng(0)
    right = [rng.random(len(TRUTH)) < share for share in (0.7, 0.4)]
    guesses = rng.choice(GROUPS, len(TRUTH))
    return {
        title: np.where(mask, TRUTH, guesses) for title, mask in zip(TITLES, right, strict=True)
    }


@pytest.fixture(scope="module")
def tables(answers):
    """The tables of both networks, by figure."""
    return {
        "groups": {title: per_class(TRUTH, named) for title, named in answers.items()},
        "systems": {title: per_crystal_system(TRUTH, named) for title, named in answers.items()},
        "errors": {title: crystal_system_errors(TRUTH, named) for title, named in answers.items()},
    }


@pytest.fixture(scope="module")
def crystals(tables):
    systems = tables["systems"][TITLES[0]]
    return dict(zip(systems["crystal_system"], systems["crystals"], strict=True))


def points(axes):
    return {container.get_label(): container.lines[0].get_xydata() for container in axes.containers}


def test_saved_figures_have_ink(assert_saved_well, tables, crystals):
    def draw():
        return {
            "groups": per_space_group_comparison(tables["groups"]),
            "systems": per_crystal_system_comparison(tables["systems"]),
            "errors": crystal_system_errors_comparison(tables["errors"], crystals),
        }

    assert_saved_well(draw, files=6)


def test_groups_have_both_networks_shares(tables):
    figure = per_space_group_comparison(tables["groups"])
    assert len(figure.axes) == 2
    for title, table in tables["groups"].items():
        drawn = np.concatenate([points(axes)[title] for axes in figure.axes])
        assert drawn[:, 0] == pytest.approx(table["recall"])
    names = [text.get_text() for axes in figure.axes for text in axes.get_yticklabels()]
    assert names[0] == "1 P1 (n = 6)"
    assert len(names) == len(GROUPS)


def test_names_of_groups_do_not_overlap(tables):
    figure = per_space_group_comparison(tables["groups"])
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    for axes in figure.axes:
        boxes = [text.get_window_extent(renderer) for text in axes.get_yticklabels()]
        assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def test_systems_have_shares_of_right_groups_and_of_right_systems(tables):
    left, right = per_crystal_system_comparison(tables["systems"]).axes
    for title, table in tables["systems"].items():
        assert points(left)[title][:, 0] == pytest.approx(table["recall"])
        assert points(right)[title][:, 0] == pytest.approx(table["system_recall"])
    texts = [text.get_text() for text in left.get_yticklabels()]
    assert texts[0] == f"triclinic (n = {tables['systems'][TITLES[0]]['crystals'][0]})"


def test_errors_are_shown_as_rates_and_systems_without_crystals_as_none(tables, crystals):
    figure = crystal_system_errors_comparison(tables["errors"], crystals)
    for axes, (title, table) in zip(figure.axes, tables["errors"].items(), strict=False):
        assert axes.get_title("left") == title
        shown = np.ma.filled(axes.images[0].get_array(), np.nan)
        assert shown.shape == (7, 7)
        assert np.nansum(shown) == pytest.approx(np.nansum(table.to_numpy()))
        written = {text.get_position()[::-1]: float(text.get_text()) / 100 for text in axes.texts}
        for (row, column), rate in written.items():
            assert rate == pytest.approx(shown[row, column], abs=0.00051)
    texts = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert texts[5:] == ["hexagonal (n = 0)", "cubic (n = 0)"]


def test_one_network_alone_can_be_drawn(tables, crystals):
    alone = {name: {TITLES[0]: both[TITLES[0]]} for name, both in tables.items()}
    assert len(points(per_space_group_comparison(alone["groups"]).axes[0])) == 1
    assert len(points(per_crystal_system_comparison(alone["systems"]).axes[0])) == 1
    matrix, _ = crystal_system_errors_comparison(alone["errors"], crystals).axes
    assert matrix.get_title("left") == TITLES[0]


def test_networks_without_a_mistake_have_an_empty_matrix():
    tables = {TITLES[0]: crystal_system_errors(TRUTH, TRUTH)}
    matrix = crystal_system_errors_comparison(tables, {}).axes[0]
    assert not matrix.texts


def test_a_table_read_from_a_file_is_drawn_alike(tables, crystals, tmp_path):
    table = tables["errors"][TITLES[0]]
    table.to_csv(tmp_path / "errors.csv", index_label="true", float_format="%.6f")
    read = pd.read_csv(tmp_path / "errors.csv").set_index("true")
    drawn = [
        crystal_system_errors_comparison({"it": each}, crystals).axes[0].images[0].get_array()
        for each in (table, read)
    ]
    np.testing.assert_allclose(*drawn, atol=1e-6)
