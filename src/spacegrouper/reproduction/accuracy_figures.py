"""Figures of the accuracy of all networks: against the number of groups, and of k answers."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spacegrouper.figures.toolkit import BLUE, GREY, LIGHT_GREY, ORANGE, STYLE, VERMILION, whiskers
from spacegrouper.reproduction.results import network_title

# Colours (the rest of Okabe and Ito's), markers and line styles of the networks, in their order.
_LINES: tuple[tuple[str, str, str], ...] = (
    (BLUE, "o", "-"),
    ("#000000", "s", "--"),
    (VERMILION, "^", "-."),
    ("#009E73", "D", ":"),
    (ORANGE, "v", "-"),
    ("#CC79A7", "P", "--"),
    ("#56B4E9", "X", "-."),
    (GREY, "<", ":"),
)
# Networks stand this far beside one another where they share a place, of the gap between places.
_APART = 0.07
_GUESSING = "guessing evenly"
_PANELS_IN_A_ROW = 2


@mpl.rc_context(STYLE)
def accuracy_figure(scores: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Draw top-1 accuracy against the number of groups, a panel for each way of splitting.

    `scores`: as results.experiments_table returns it; `published`: as published_accuracies
    does, drawn beside the random split where a set has as many groups.
    """
    splits = list(scores["split"].unique())
    lines = _lines_of(scores)
    figure = Figure(figsize=(4.2 * len(splits) + 1.8, 4.2), layout="constrained")
    all_axes = list(figure.subplots(1, len(splits), squeeze=False, sharey=True)[0])
    for axes, split in zip(all_axes, splits, strict=True):
        part = scores[scores["split"] == split]
        sets = part.drop_duplicates("classes")
        places = {name: place for place, name in enumerate(sets["classes"])}
        for index, (title, line) in enumerate(lines.items()):
            of_network = _of(part, title)
            _draw_line(
                axes,
                of_network["classes"].map(places).to_numpy() + _shift(index, len(lines)),
                of_network,
                "top_1",
                line,
                title,
            )
        axes.plot(
            range(len(sets)), sets["chance"], color=GREY, lw=0.8, ls=(0, (1, 3)), label=_GUESSING
        )
        if split == "random":
            _mark_published(axes, sets, published)
        axes.set_xticks(
            range(len(sets)),
            [f"{groups}\nn = {n:,}" for groups, n in zip(sets["groups"], sets["n"], strict=True)],
        )
        axes.set_xlim(-0.5, len(sets) - 0.5)
        axes.set_title(f"{split} split")
        axes.set_xlabel("space groups told apart, and test crystals n")
        _share_axis(axes)
    all_axes[0].set_ylabel("top-1 accuracy, with 95 % interval")
    _one_legend(figure, all_axes)
    return figure


@mpl.rc_context(STYLE)
def top_k_figure(top_k: pd.DataFrame) -> Figure:
    """Draw the accuracy of the first k answers, a panel for each set of classes.

    `top_k`: as results.top_k_of_all returns it, of one way of splitting.
    """
    sets = list(top_k["classes"].unique())
    columns = min(_PANELS_IN_A_ROW, len(sets))
    rows = -(-len(sets) // columns)
    lines = _lines_of(top_k)
    figure = Figure(figsize=(3.8 * columns + 1.8, 3.2 * rows), layout="constrained")
    all_axes = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for axes in all_axes[len(sets) :]:
        axes.set_axis_off()
    for axes, name in zip(all_axes, sets, strict=False):
        part = top_k[top_k["classes"] == name]
        for index, (title, line) in enumerate(lines.items()):
            of_network = _of(part, title)
            ks = of_network["k"].to_numpy() + _shift(index, len(lines))
            _draw_line(axes, ks, of_network, "accuracy", line, title)
        guessing = part.drop_duplicates("k")
        axes.plot(
            guessing["k"], guessing["chance"], color=GREY, lw=0.8, ls=(0, (1, 3)), label=_GUESSING
        )
        first = part.iloc[0]
        axes.set_title(f"{first['groups']} groups, n = {first['n']:,}")
        _answers_axis(axes)
        _share_axis(axes)
    for axes in all_axes[::columns]:
        axes.set_ylabel("true group among the first k,\nwith 95 % interval")
    _one_legend(figure, all_axes[: len(sets)])
    return figure


@mpl.rc_context(STYLE)
def unseen_groups_figure(unseen: pd.DataFrame) -> Figure:
    """Draw how often embeddings name groups that no network has been trained on.

    `unseen`: columns network, descriptor, groups, n, k, accuracy, low, high, untrained_accuracy,
    chance; of networks trained on the same classes, with the same split. On the left the trained
    networks; on the right, of the same networks, what training adds to their accuracy.
    """
    lines = _lines_of(unseen)
    figure = Figure(figsize=(9.4, 3.8), layout="constrained")
    axes, gain_axes = figure.subplots(1, 2)
    for index, (title, line) in enumerate(lines.items()):
        of_network = _of(unseen, title)
        ks = of_network["k"].to_numpy() + _shift(index, len(lines))
        _draw_line(axes, ks, of_network, "accuracy", line, title)
        colour, marker, style = line
        gain = of_network["accuracy"] - of_network["untrained_accuracy"]
        gain_axes.plot(of_network["k"], gain, color=colour, marker=marker, ls=style, lw=1.2, ms=5)
    guessing = unseen.drop_duplicates("k")
    axes.plot(
        guessing["k"], guessing["chance"], color=GREY, lw=0.8, ls=(0, (1, 3)), label=_GUESSING
    )
    gain_axes.axhline(0, color=GREY, lw=0.8)
    gain_axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    gain_axes.set_ylabel("gain over the untrained network, percentage points")
    axes.set_ylabel("true group among the first k, with 95 % interval")
    first = unseen.iloc[0]
    axes.set_title(f"{first['groups']} untrained groups, n = {first['n']:,}")
    gain_axes.set_title("What training adds")
    _answers_axis(axes)
    _answers_axis(gain_axes)
    _share_axis(axes)
    _one_legend(figure, [axes])
    return figure


def _lines_of(table: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Give each network of a table its colour, marker and line style, by its title."""
    networks = table[["network", "descriptor"]].drop_duplicates().itertuples(index=False)
    return {
        network_title(network, descriptor): _LINES[place % len(_LINES)]
        for place, (network, descriptor) in enumerate(networks)
    }


def _of(table: pd.DataFrame, title: str) -> pd.DataFrame:
    networks = zip(table["network"], table["descriptor"], strict=True)
    wanted = [network_title(network, descriptor) == title for network, descriptor in networks]
    rows: pd.DataFrame = table[wanted]
    return rows


def _shift(index: int, networks: int) -> float:
    return _APART * (index - (networks - 1) / 2)


def _draw_line(
    axes: Axes,
    places: Any,
    table: pd.DataFrame,
    score: str,
    line: tuple[str, str, str],
    title: str,
) -> None:
    low, high = ("low", "high") if score == "accuracy" else (f"{score}_low", f"{score}_high")
    colour, marker, style = line
    axes.errorbar(
        places,
        table[score],
        whiskers(table, score, low, high),
        color=colour,
        marker=marker,
        ls=style,
        lw=1.2,
        ms=5,
        elinewidth=0.8,
        capsize=2,
        label=title,
    )


def _mark_published(axes: Axes, sets: pd.DataFrame, published: pd.DataFrame) -> None:
    values = [
        (place, top_1)
        for place, groups in enumerate(sets["groups"])
        for top_1 in published.loc[published["groups"] == groups, "top_1"]
    ]
    if values:
        first = published.iloc[0]
        axes.plot(
            *np.transpose(values),
            marker="*",
            ls="none",
            ms=11,
            color="black",
            markerfacecolor="white",
            label=f"{network_title(first['network'], first['descriptor'])}, as published",
        )


def _answers_axis(axes: Axes) -> None:
    axes.set_xlabel("number of answers, k")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _share_axis(axes: Axes) -> None:
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=LIGHT_GREY, linewidth=0.5)


def _one_legend(figure: Figure, all_axes: Sequence[Axes]) -> None:
    entries: dict[str, Any] = {}
    for axes in all_axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(list(entries.values()), list(entries), loc="outside right center")
