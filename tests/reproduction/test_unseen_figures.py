import numpy as np
import pandas as pd
import pytest

from spacegrouper.crystals.symmetry import LEVELS, crystal_systems
from spacegrouper.reproduction.unseen_figures import (
    unseen_per_class_figure,
    unseen_symmetry_figure,
    unseen_top_k_figure,
)


def shares(rows, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame()
    for name in ("", "untrained_"):
        table[f"{name}accuracy"] = np.sort(rng.random(rows))
        table[f"{name}low"] = np.maximum(table[f"{name}accuracy"] - 0.1, 0)
        table[f"{name}high"] = np.minimum(table[f"{name}accuracy"] + 0.1, 1)
    return table.assign(chance=np.linspace(0.1, 0.9, rows))


def per_class(groups):
    numbers = np.linspace(1, 230, groups).round().astype(int)
    return shares(groups, 2).assign(
        **{
            "class": numbers,
            "crystal_system": crystal_systems(numbers),
            "crystals": 20,
            "recall": lambda table: table["accuracy"],
            "untrained_recall": lambda table: table["untrained_accuracy"],
        }
    )


@pytest.mark.parametrize("groups", [2, 30])
def test_saved_figures_have_ink(assert_saved_well, groups):
    summary = {"unseen_groups": groups, "reference_crystals": 300, "test_crystals": 290}
    symmetry = shares(len(LEVELS), 1).assign(level=list(LEVELS), classes=groups)
    top_k = shares(min(groups, 5), 0).assign(k=np.arange(1, min(groups, 5) + 1))

    def draw():
        return {
            "top_k": unseen_top_k_figure(top_k, summary),
            "symmetry": unseen_symmetry_figure(symmetry, summary),
            "per_class": unseen_per_class_figure(per_class(groups)),
        }

    assert_saved_well(draw, files=6)


def test_bars_intervals_and_chance_are_those_of_the_table():
    table = shares(5, 0).assign(k=np.arange(1, 6))
    summary = {"unseen_groups": 30, "reference_crystals": 300, "test_crystals": 290}
    axes = unseen_top_k_figure(table, summary).axes[0]
    heights = [patch.get_height() for patch in axes.patches]
    expected = [*table["accuracy"], *table["untrained_accuracy"]]
    assert heights == pytest.approx(expected)
    assert "n = 290" in axes.get_title(loc="left")
    assert [text.get_text() for text in axes.texts] == [f"{100 * share:.0f}" for share in expected]


def test_groups_are_drawn_best_first_with_their_numbers():
    table = per_class(4)
    labels = [text.get_text() for text in unseen_per_class_figure(table).axes[0].get_yticklabels()]
    assert labels[0].startswith("230 ")
    assert labels[-1].startswith("1 ")
    assert all("(n = 20)" in label for label in labels)
