from itertools import product

import numpy as np
import pandas as pd
import pytest

from spacegrouper.reproduction.accuracy_figures import (
    accuracy_figure,
    top_k_figure,
    unseen_groups_figure,
)
from spacegrouper.reproduction.published import published_accuracies

NETWORKS = {"msdn": "shaped", "alexnet": "spot", "vgg": "spot"}
SETS = {"groups_8": 8, "groups_20": 20, "groups_72": 72}


@pytest.fixture
def scores():
    rows = [
        {"network": network, "descriptor": NETWORKS[network], "classes": classes, "split": split}
        | {"groups": SETS[classes], "n": 100 * SETS[classes], "chance": 1 / SETS[classes]}
        for network, classes, split in product(NETWORKS, SETS, ("random", "prototype"))
    ]
    table = pd.DataFrame(rows)
    table["top_1"] = np.random.default_rng(0).uniform(0.2, 0.9, len(table))
    return table.assign(
        top_1_low=table["top_1"] - 0.05,
        top_1_high=table["top_1"] + 0.03,
        physics_line_top_1_accuracy=np.where(table["split"] == "random", 0.8, 0.7),
    )


@pytest.fixture
def top_k(scores):
    table = scores[scores["split"] == "random"].merge(pd.DataFrame({"k": range(1, 6)}), how="cross")
    table["accuracy"] = 1 - (1 - table["top_1"]) ** table["k"]
    table["chance"] = table["k"] / table["groups"]
    return table.assign(low=table["accuracy"] - 0.02, high=table["accuracy"] + 0.02)


@pytest.fixture
def unseen(top_k):
    table = top_k[top_k["classes"] == "groups_72"]
    return table.assign(untrained_accuracy=table["accuracy"] - 0.1, groups=30, n=1500)


def lines(axes):
    """The points of each network, by its title."""
    return {container.get_label(): container.lines[0].get_xydata() for container in axes.containers}


def test_saved_figures_have_ink(assert_saved_well, scores, top_k, unseen):
    def draw():
        return {
            "accuracy": accuracy_figure(scores, published_accuracies()),
            "top_k": top_k_figure(top_k),
            "unseen": unseen_groups_figure(unseen),
        }

    assert_saved_well(draw, files=6)


def test_each_split_has_a_panel_and_each_network_a_line(scores):
    figure = accuracy_figure(scores, published_accuracies())
    assert [axes.get_title("left") for axes in figure.axes] == ["random split", "prototype split"]
    for axes, split in zip(figure.axes, ("random", "prototype"), strict=True):
        drawn = lines(axes)
        assert list(drawn) == ["msdn (shaped)", "alexnet (spot)", "vgg (spot)"]
        for title, points in drawn.items():
            part = scores[(scores["split"] == split) & (scores["network"] == title.split()[0])]
            assert points[:, 1] == pytest.approx(part["top_1"])
            assert points[:, 0].round().tolist() == [0, 1, 2]
        texts = [label.get_text() for label in axes.get_xticklabels()]
        assert texts == ["8\nn = 800", "20\nn = 2,000", "72\nn = 7,200"]


def test_intervals_are_those_of_the_table(scores):
    axes = accuracy_figure(scores, published_accuracies()).axes[0]
    bars = axes.containers[0].lines[2][0].get_segments()
    part = scores[(scores["split"] == "random") & (scores["network"] == "msdn")]
    ends = part[["top_1_low", "top_1_high"]].to_numpy()
    assert np.array(bars)[:, :, 1] == pytest.approx(ends)


def test_networks_differ_without_colours_too(scores):
    axes = accuracy_figure(scores, published_accuracies()).axes[0]
    looks = [
        (container.lines[0].get_marker(), container.lines[0].get_linestyle())
        for container in axes.containers
    ]
    assert len(set(looks)) == len(looks) == 3


def test_networks_stand_beside_the_physics_line_of_their_split(scores):
    for axes, share in zip(
        accuracy_figure(scores, published_accuracies()).axes, (0.8, 0.7), strict=True
    ):
        (line,) = (line for line in axes.lines if line.get_label() == "physics line")
        assert line.get_xydata() == pytest.approx(np.array([[0, share], [1, share], [2, share]]))


def test_published_values_stand_beside_the_random_split_where_the_groups_are_as_many(scores):
    figure = accuracy_figure(scores, published_accuracies())
    stars = [line for line in figure.axes[0].lines if "published" in str(line.get_label())]
    assert stars[0].get_xydata().tolist() == [[0, 0.995], [1, 0.93], [2, 0.802]]
    others = figure.axes[1].lines
    assert not [line for line in others if "published" in str(line.get_label())]
    few = accuracy_figure(scores.assign(groups=5), published_accuracies()).axes[0].lines
    assert not [line for line in few if "published" in str(line.get_label())]


def test_each_set_of_classes_has_a_panel(top_k):
    figure = top_k_figure(top_k)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["8 groups, n = 800", "20 groups, n = 2,000", "72 groups, n = 7,200", ""]
    for axes, classes in zip(figure.axes, SETS, strict=False):
        of_vgg = top_k[(top_k["classes"] == classes) & (top_k["network"] == "vgg")]
        assert lines(axes)["vgg (spot)"][:, 1] == pytest.approx(of_vgg["accuracy"])
    assert not figure.axes[3].axison


def test_what_training_adds_to_untrained_groups(unseen):
    figure = unseen_groups_figure(unseen)
    left, right = figure.axes
    assert left.get_title("left") == "30 untrained groups, n = 1,500"
    of_msdn = unseen[unseen["network"] == "msdn"]
    assert lines(left)["msdn (shaped)"][:, 1] == pytest.approx(of_msdn["accuracy"])
    gains = [line.get_ydata() for line in right.lines if len(line.get_ydata()) == 5]
    assert len(gains) == 3
    assert np.array(gains) == pytest.approx(0.1)
