"""Figures of the accuracy of all networks: against the number of groups, and of k answers."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spacegrouper.figures.looks import BLUE, GREY, LIGHT_GREY, ORANGE, SKY_BLUE, STYLE, VERMILION
from spacegrouper.figures.toolkit import new_figure, share_axis, whiskers
from spacegrouper.reproduction.results import network_title

# Colours (the rest of Okabe and Ito's), markers and line styles of the networks, in their order.
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "marker": "o", "ls": "-"},
    {"color": "#000000", "marker": "s", "ls": "--"},
    {"color": VERMILION, "marker": "^", "ls": "-."},
    {"color": "#009E73", "marker": "D", "ls": ":"},
    {"color": ORANGE, "marker": "v", "ls": "-"},
    {"color": "#CC79A7", "marker": "P", "ls": "--"},
    {"color": SKY_BLUE, "marker": "X", "ls": "-."},
    {"color": GREY, "marker": "<", "ls": ":"},
)
_LINES: Any = {"lw": 1.2, "ms": 5}
# Networks stand this far beside one another where they share a place, of the gap between places.
_APART = 0.07
_PANELS_IN_A_ROW = 2


@mpl.rc_context(STYLE)
def accuracy_figure(scores: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw top-1 accuracy against the number of groups, a panel for each way of splitting.

    Beside the networks is what always naming the most frequent space group of the true extinction
    class would give. `scores`: as results.experiments_table returns it; `published`: as
    published_accuracies does, drawn beside the random split where a set has as many groups.
    """
    splits = scores["split"].unique()
    titles = _titles(scores)
    figure, (panels,) = new_figure(
        4.2 * len(splits) + 1.8, 4.2, 1, len(splits), squeeze=False, sharey=True
    )
    for axes, split in zip(panels, splits, strict=True):
        part = scores[scores["split"] == split]
        sets = part.drop_duplicates("classes")
        places = part["classes"].map(list(sets["classes"]).index)
        _draw_networks(axes, titles, part, places, "top_1", "top_1_low", "top_1_high")
        physics = part.loc[sets.index, "physics_line_top_1_accuracy"]
        axes.plot(places[sets.index], physics, color=GREY, lw=0.8, ls="--", label="physics line")
        if split == "random":
            _mark_published(axes, sets, published)
        names = [
            f"{groups}\nn = {n:,}" for groups, n in zip(sets["groups"], sets["n"], strict=True)
        ]
        axes.set_xticks(range(len(sets)), names)
        axes.set_xlim(-0.5, len(sets) - 0.5)
        axes.set_title(f"{split} split")
        axes.set_xlabel("space groups told apart, and test crystals n")
    panels[0].set_ylabel("top-1 accuracy, with 95 % interval")
    _one_legend(figure, panels)
    return figure


@mpl.rc_context(STYLE)
def top_k_figure(top_k: pd.DataFrame) -> Figure:
    """Draw the accuracy of the first k answers, a panel for each set of classes.

    `top_k`: as results.top_k_of_all returns it, of one way of splitting.
    """
    sets = top_k["classes"].unique()
    columns = min(_PANELS_IN_A_ROW, len(sets))
    rows = -(-len(sets) // columns)
    figure, grid = new_figure(
        3.8 * columns + 1.8, 3.2 * rows, rows, columns, squeeze=False, sharey=True
    )
    panels = grid.ravel()
    for axes in panels[len(sets) :]:
        axes.set_axis_off()
    for axes, name in zip(panels, sets, strict=False):
        part = top_k[top_k["classes"] == name]
        _draw_networks(axes, _titles(top_k), part, part["k"])
        axes.set_title(f"{part['groups'].iloc[0]} groups, n = {part['n'].iloc[0]:,}")
        _answers_axis(axes)
    for axes in grid[:, 0]:
        axes.set_ylabel("true group among the first k,\nwith 95 % interval")
    _one_legend(figure, panels[: len(sets)])
    return figure


@mpl.rc_context(STYLE)
def unseen_groups_figure(unseen: pd.DataFrame) -> Figure:
    """Draw how often embeddings name groups that no network has been trained on.

    `unseen`: columns network, descriptor, groups, n, k, accuracy, low, high, untrained_accuracy,
    chance; of networks trained on the same classes, with the same split. On the left the trained
    networks; on the right, of the same networks, what training adds to their accuracy.
    """
    titles = _titles(unseen)
    figure, (axes, gain_axes) = new_figure(9.4, 3.8, columns=2)
    _draw_networks(axes, titles, unseen, unseen["k"])
    for title, look in zip(titles.unique(), cycle(_LOOKS), strict=False):
        own = unseen[titles == title]
        gain_axes.plot(own["k"], own["accuracy"] - own["untrained_accuracy"], **look, **_LINES)
    gain_axes.axhline(0, color=GREY, lw=0.8)
    gain_axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    gain_axes.set_ylabel("gain over the untrained network, percentage points")
    axes.set_ylabel("true group among the first k, with 95 % interval")
    first = unseen.iloc[0]
    axes.set_title(f"{first['groups']} untrained groups, n = {first['n']:,}")
    gain_axes.set_title("What training adds")
    for each in (axes, gain_axes):
        _answers_axis(each)
    _one_legend(figure, [axes])
    return figure


def _titles(table: pd.DataFrame) -> "pd.Series[str]":
    """Return the title of each row's network."""
    return table.apply(lambda row: network_title(row["network"], row["descriptor"]), axis=1)


def _draw_networks(
    axes: Axes,
    titles: "pd.Series[str]",
    part: pd.DataFrame,
    places: "pd.Series[int]",
    share: str = "accuracy",
    low: str = "low",
    high: str = "high",
) -> None:
    """Draw a line for each network, and one for guessing, on an axis of shares.

    `titles`: of all networks of the figure; `part`: the rows to draw, at `places`.
    """
    shown = titles.unique()
    for index, (title, look) in enumerate(zip(shown, cycle(_LOOKS), strict=False)):
        own = part[titles[part.index] == title]
        beside = places[own.index] + _APART * (index - (len(shown) - 1) / 2)
        reach = whiskers(own, share, low, high)
        bars: Any = {"elinewidth": 0.8, "capsize": 2, "label": title}
        axes.errorbar(beside, own[share], reach, **look, **_LINES, **bars)
    first = ~places.duplicated()
    dotted: Any = {"color": GREY, "lw": 0.8, "ls": (0, (1, 3)), "label": "guessing evenly"}
    axes.plot(places[first], part.loc[first, "chance"], **dotted)
    share_axis(axes, "y", margin=0.02)
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.5)


def _mark_published(axes: Axes, sets: pd.DataFrame, published: pd.DataFrame) -> None:
    values = [
        (place, top_1)
        for place, groups in enumerate(sets["groups"])
        for top_1 in published.loc[published["groups"] == groups, "top_1"]
    ]
    if values:
        stars: Any = {"ls": "none", "marker": "*", "ms": 11, "markerfacecolor": "white"}
        title = f"{_titles(published).iloc[0]}, as published"
        axes.plot(*np.transpose(values), color="black", label=title, **stars)


def _answers_axis(axes: Axes) -> None:
    axes.set_xlabel("number of answers, k")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _one_legend(figure: Figure, all_axes: Sequence[Axes]) -> None:
    entries = {
        label: handle
        for axes in all_axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(list(entries.values()), list(entries), loc="outside right center")
