"""Figures of the experiment with space groups that a network was never trained on.

Tables and `summary` are those that unseen_groups.score_unseen returns.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.evaluation.scores import Scores
from spacegrouper.figures.looks import BLUE, HATCHED, LIGHT_GREY, STYLE, VERMILION
from spacegrouper.figures.toolkit import (
    name_rows,
    names_with_counts,
    new_figure,
    share_axis,
    whiskers,
)

# The trained network, the untrained one, and guessing evenly among the groups.
_TRAINED: Any = {"color": BLUE, "label": "trained network"}
_UNTRAINED: Any = {**HATCHED, "label": "untrained network"}
_WHISKERS: Any = {"ecolor": "black", "elinewidth": 0.9, "capsize": 2.5}
_BAR = 0.38
_LEVELS = ("space group", "extinction class", "point group", "Laue class", "crystal system")


def draw_unseen(scores: Scores) -> dict[str, Figure]:
    """Draw every figure of what unseen_groups.score_unseen returns, by name."""
    tables, summary = scores.tables, scores.summary
    return {
        "top_k": unseen_top_k_figure(tables["top_k"], summary),
        "symmetry": unseen_symmetry_figure(tables["symmetry"], summary),
        "per_class": unseen_per_class_figure(tables["per_class"]),
    }


@mpl.rc_context(STYLE)
def unseen_top_k_figure(top_k: pd.DataFrame, summary: dict[str, Any]) -> Figure:
    """Draw the share of test crystals whose group is among the k most similar ones."""
    figure, axes = new_figure(5.6, 3.8)
    _draw_bars(axes, top_k, "chance, guessing evenly")
    axes.set_xticks(range(len(top_k)), [f"top-{k}" for k in top_k["k"]])
    axes.set_ylabel("true group among the k most similar")
    _finish(figure, axes, summary)
    return figure


@mpl.rc_context(STYLE)
def unseen_symmetry_figure(symmetry: pd.DataFrame, summary: dict[str, Any]) -> Figure:
    """Draw the share of test crystals whose group, or coarser class of symmetry, is named right."""
    shown = symmetry[symmetry["level"].isin(_LEVELS)]
    figure, axes = new_figure(5.6, 3.8)
    _draw_bars(axes, shown, "chance, naming a group evenly")
    names = [
        f"{level.replace(' ', chr(10))}\n({classes})"
        for level, classes in zip(shown["level"], shown["classes"], strict=True)
    ]
    axes.set_xticks(range(len(shown)), names)
    axes.set(xlabel="what is to be right (of how many)", ylabel="test crystals named right")
    _finish(figure, axes, summary)
    return figure


@mpl.rc_context(STYLE)
def unseen_per_class_figure(per_class: pd.DataFrame) -> Figure:
    """Draw each group's share of right answers with its 95 % interval, best first."""
    table = per_class.sort_values(["recall", "class"], ascending=[False, True])
    places = np.arange(len(table))
    figure, axes = new_figure(5.6, 1.6 + 0.25 * len(table))
    axes.barh(places, np.ones(len(table)), 0.74, color=LIGHT_GREY)
    reach = whiskers(table, "recall")
    axes.barh(places, table["recall"], 0.74, xerr=reach, error_kw=_WHISKERS, **_TRAINED)
    axes.plot(
        table["untrained_recall"],
        places,
        "D",
        markersize=4.5,
        color="white",
        markeredgecolor=VERMILION,
        markeredgewidth=1.3,
        clip_on=False,
        label="untrained network",
    )
    names = names_with_counts(map(space_group_name, table["class"]), table["crystals"])
    name_rows(axes, names, len(names))
    share_axis(axes, "x")
    axes.set_xlabel("share of the group's n test crystals named right; 95 % intervals")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _draw_bars(axes: Axes, table: pd.DataFrame, chance: str) -> None:
    places = np.arange(len(table))
    for offset, name, style in ((-_BAR / 2, "", _TRAINED), (_BAR / 2, "untrained_", _UNTRAINED)):
        share, high = table[f"{name}accuracy"].to_numpy(), table[f"{name}high"].to_numpy()
        errors = whiskers(table, f"{name}accuracy", f"{name}low", f"{name}high")
        axes.bar(places + offset, share, _BAR, yerr=errors, error_kw=_WHISKERS, **style)
        for place, value, top in zip(places + offset, share, high, strict=True):
            # Above the interval, where it does not cross the number.
            axes.text(place, top + 0.02, f"{100 * value:.0f}", ha="center", va="bottom", fontsize=8)
    ends = places - 1.15 * _BAR, places + 1.15 * _BAR
    axes.hlines(table["chance"], *ends, "black", "--", linewidth=1.5, label=chance)


def _finish(figure: Figure, axes: Axes, summary: dict[str, Any]) -> None:
    share_axis(axes, "y")
    # Room for the numbers above bars of 100 %.
    axes.set_ylim(0, 1.1)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 1])
    axes.set_title(
        f"{summary['unseen_groups']} untrained groups, {summary['reference_crystals']} reference "
        f"crystals, n = {summary['test_crystals']}; 95 % intervals",
        fontsize=9,
    )
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
