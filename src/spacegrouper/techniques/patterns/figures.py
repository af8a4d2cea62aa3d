"""Figures of what a dataset of patterns holds.

Tables are those of statistics.py: `per_space_group` is what per_space_group_table returns, and so
on.
"""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spacegrouper.figures import space_groups
from spacegrouper.figures.looks import BLUE, GREY, ORANGE, STYLE, TITLE, VERMILION
from spacegrouper.figures.shares import percent
from spacegrouper.figures.toolkit import cut_into_columns, logarithmic_axis, new_figure
from spacegrouper.settings import View
from spacegrouper.techniques.patterns.statistics import OCCUPIED, Measure

_VIEW_COLOURS = (BLUE, VERMILION, ORANGE, GREY)
_VIEW_LINES = ("-", "--", ":", "-.")
_TITLES: dict[Measure, str] = {
    "raw_lit": "raw, lit",
    "raw_bright": "raw, bright",
    "shaped_lit": "shaped, lit",
    "shaped_bright": "shaped, bright",
    "nodes": "nodes",
}


def class_balance_figure(per_space_group: pd.DataFrame) -> Figure:
    """Draw how many crystals and how many prototypes each space group has, logarithmic."""
    return space_groups.class_balance_figure(per_space_group, "prototypes", "prototypes", 1.5)


@mpl.rc_context(STYLE)
def crystal_systems_figure(per_crystal_system: pd.DataFrame) -> Figure:
    """Draw how many crystals each crystal system has."""
    figure, axes = new_figure(5.5, 3.2)
    places = np.arange(len(per_crystal_system))
    bars = axes.barh(places, per_crystal_system["crystals"], 0.7, color=BLUE)
    axes.bar_label(bars, fmt="%d", padding=3)
    names = [
        f"{system} ({groups} space group{'' if groups == 1 else 's'})"
        for system, groups in zip(
            per_crystal_system["crystal_system"], per_crystal_system["space_groups"], strict=True
        )
    ]
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("crystals")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.suptitle(f"Crystals: n = {per_crystal_system['crystals'].sum()}", **TITLE)
    return figure


@mpl.rc_context(STYLE)
def brightness_figure(per_space_group: pd.DataFrame) -> Figure:
    """Draw each space group's mean grey level, raw and shaped, and its spread between crystals."""
    parts, rows = cut_into_columns(per_space_group)
    size = (max(6.5, 5.2 * len(parts)), 1.4 + 0.22 * rows)
    figure, grid = new_figure(*size, columns=2 * len(parts), squeeze=False)
    whiskers = {"ecolor": GREY, "elinewidth": 1, "capsize": 2}
    for part, pair in zip(parts, grid.reshape(-1, 2), strict=True):
        for axes, name, colour, marker in zip(
            pair, ("raw", "shaped"), (BLUE, VERMILION), "os", strict=True
        ):
            brightness, spread = f"{name}_brightness", f"{name}_spread"
            points = {"fmt": marker, "markersize": 4, "color": colour}
            axes.errorbar(
                part[brightness], np.arange(len(part)), xerr=part[spread], **points, **whiskers
            )
            space_groups.name_space_groups(axes, part, rows)
            axes.set_xlim(
                0, 1.05 * max((per_space_group[brightness] + per_space_group[spread]).max(), 1e-3)
            )
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
            axes.set_title(name)
        pair[1].set_yticklabels([])
    figure.supxlabel(
        "mean grey level of a crystal's patterns: mean and standard deviation over n crystals",
        fontsize=9,
    )
    figure.suptitle(f"Crystals: n = {per_space_group['crystals'].sum()}", **TITLE)
    return figure


@mpl.rc_context(STYLE)
def occupied_pixels_figure(histograms: pd.DataFrame, views: Sequence[View]) -> Figure:
    """Draw how many pixels of the patterns are lit, and how many bright."""
    figure, grid = new_figure(8, 5.6, 2, 2, sharex=True)
    for axes, measure in zip(grid.flat, OCCUPIED, strict=True):
        _draw_histograms(axes, histograms, measure, views)
        axes.set_title(_TITLES[measure])
    figure.supxlabel("pixels", fontsize=9)
    figure.supylabel("share of patterns for each factor of two", fontsize=9)
    _finish_histograms(figure, histograms)
    return figure


@mpl.rc_context(STYLE)
def nodes_figure(histograms: pd.DataFrame, views: Sequence[View]) -> Figure:
    """Draw how many nodes the patterns have."""
    figure, axes = new_figure(5.5, 3.8)
    # They are few: no logarithm spreads them better.
    _draw_histograms(axes, histograms, "nodes", views, linear=True)
    axes.set_xlabel("nodes in a pattern")
    axes.set_ylabel("share of patterns for each number of nodes")
    _finish_histograms(figure, histograms)
    return figure


def view_name(view: View) -> str:
    """Return axis and angles of a view, such as `x 45°`."""
    return f"{view.axis} " + " and ".join(f"{angle:g}°" for angle in view.angles)


def _draw_histograms(
    axes: Axes,
    histograms: pd.DataFrame,
    measure: Measure,
    views: Sequence[View],
    linear: bool = False,
) -> None:
    of_measure = histograms[histograms["measure"] == measure]
    for index, view in enumerate(views):
        part = of_measure[of_measure["view"] == index]
        shares = part["patterns"].to_numpy() / part["patterns"].sum()
        name = view_name(view)
        # No value of 0 finds a place on a logarithmic axis.
        if shares[0] > 0:
            name += f" ({percent(shares[0])} have none)"
        edges = np.append(part["first"], part["last"].iloc[-1] + 1) - 0.5
        filled = np.flatnonzero(shares[1:])
        rows = slice(filled[0] + 1, filled[-1] + 2) if filled.size else slice(1, 2)
        edges = edges[rows.start : rows.stop + 1]
        axes.stairs(
            # Rows are not equally wide, so it is areas that stand for shares.
            shares[rows] / np.diff(edges if linear else np.log2(edges)),
            edges,
            color=_VIEW_COLOURS[index % len(_VIEW_COLOURS)],
            linestyle=_VIEW_LINES[index % len(_VIEW_LINES)],
            linewidth=1.3,
            label=name,
        )
    if not linear:
        logarithmic_axis(axes)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.legend()


def _finish_histograms(figure: Figure, histograms: pd.DataFrame) -> None:
    per_view = histograms.groupby(["measure", "view"])["patterns"].sum()
    figure.suptitle(f"Patterns: n = {per_view.iloc[0]} in each view", **TITLE)
