"""Figures of two networks side by side: by space group, by crystal system, and their mistakes.

Each function takes the tables of one or two networks, by the title that the figure gives them.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.figures.toolkit import BLUE, LIGHT_GREY, ROWS_OF_NAMES, STYLE, VERMILION, whiskers
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

# How the points of the first and the second network differ, beside their height.
_POINTS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "marker": "o"},
    {"color": VERMILION, "marker": "s", "markerfacecolor": "white"},
)
_APART = 0.2
# Wrong predictions are written where they are more than this share of the true system's crystals.
_WORTH_WRITING = 0.0005


@mpl.rc_context(STYLE)
def per_space_group_comparison(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the share of right answers of each space group, with its interval.

    `tables`: columns class, crystals, recall, low, high, as in per_class.csv; the networks were
    tested with the same crystals.
    """
    first = next(iter(tables.values()))
    columns = ceil(len(first) / ROWS_OF_NAMES)
    rows = ceil(len(first) / columns)
    figure = Figure(figsize=(max(6.0, 4.6 * columns), 1.4 + 0.24 * rows), layout="constrained")
    for column, axes in enumerate(figure.subplots(1, columns, squeeze=False)[0]):
        part = slice(column * rows, (column + 1) * rows)
        names = [
            f"{space_group_name(group)} (n = {crystals})"
            for group, crystals in zip(first["class"][part], first["crystals"][part], strict=True)
        ]
        _draw_points(axes, {title: table[part] for title, table in tables.items()}, names)
        # Columns of unequal length keep rows of equal height.
        axes.set_ylim(rows - 0.4, -0.6)
    _finish(
        figure, "share of the space group's n test crystals that are named right, 95 % interval"
    )
    return figure


@mpl.rc_context(STYLE)
def per_crystal_system_comparison(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the share of right space groups and of right systems, for each crystal system.

    `tables`: columns crystal_system, crystals, recall, low, high, system_recall, system_low,
    system_high, as in per_crystal_system.csv; the networks were tested with the same crystals.
    """
    first = next(iter(tables.values()))
    names = [
        f"{system} (n = {crystals})"
        for system, crystals in zip(first["crystal_system"], first["crystals"], strict=True)
    ]
    figure = Figure(figsize=(8, 1.6 + 0.36 * len(first)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.08})
    _draw_points(left, tables, names)
    left.set_title("space group right")
    of_system = {"system_recall": "recall", "system_low": "low", "system_high": "high"}
    systems = {
        title: table.drop(columns=list(of_system.values())).rename(columns=of_system)
        for title, table in tables.items()
    }
    _draw_points(right, systems, names)
    right.set_title("crystal system right")
    left.set_ylim(len(first) - 0.5, -0.5)
    _finish(figure, "share of the crystal system's n test crystals, 95 % interval")
    return figure


@mpl.rc_context(STYLE)
def crystal_system_errors_comparison(
    tables: Mapping[str, pd.DataFrame], crystals: Mapping[str, int]
) -> Figure:
    """Draw at which rate crystals of each system (row) are named wrong, by the system named.

    `tables`: rates, rows and columns the crystal systems, as in crystal_system_errors.csv; a
    system without test crystals has none, or no numbers. `crystals`: how many were tested of each.
    The diagonal holds wrong groups of the right system.
    """
    figure = Figure(figsize=(4.3 * len(tables) + 0.9, 4.6), layout="constrained")
    all_axes = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    rates = {
        title: table.reindex(index=list(CRYSTAL_SYSTEMS), columns=list(CRYSTAL_SYSTEMS)).to_numpy()
        for title, table in tables.items()
    }
    highest = max((np.nanmax(values, initial=0) for values in rates.values()), default=0)
    # The square root makes rare mistakes visible beside frequent ones.
    norm = PowerNorm(0.5, vmin=0, vmax=max(highest, 0.01))
    for axes, (title, values) in zip(all_axes, rates.items(), strict=True):
        axes.set_facecolor(LIGHT_GREY)  # seen where there are no crystals
        image = axes.imshow(values, cmap="Blues", norm=norm, interpolation="nearest")
        axes.spines[:].set_visible(True)
        for row, column in np.argwhere(values > _WORTH_WRITING):
            axes.text(
                column,
                row,
                f"{100 * values[row, column]:.1f}",
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if norm(values[row, column]) > 0.6 else "black",
            )
        axes.set_xticks(range(len(CRYSTAL_SYSTEMS)), CRYSTAL_SYSTEMS, rotation=90)
        axes.set_title(title)
        axes.set_xlabel("crystal system named")
    all_axes[0].set_yticks(
        range(len(CRYSTAL_SYSTEMS)),
        [f"{system} (n = {crystals.get(system, 0)})" for system in CRYSTAL_SYSTEMS],
    )
    all_axes[0].set_ylabel("true crystal system")
    bar = figure.colorbar(
        image,
        ax=list(all_axes),
        shrink=0.7,
        format=PercentFormatter(1),
        label="wrongly named, of the true system's crystals",
    )
    bar.outline.set_visible(False)
    return figure


def _draw_points(axes: Axes, tables: Mapping[str, pd.DataFrame], names: list[str]) -> None:
    places = np.arange(len(names))
    axes.hlines(places, 0, 1, LIGHT_GREY, linewidth=0.5, zorder=0)
    for index, (title, table) in enumerate(tables.items()):
        axes.errorbar(
            table["recall"],
            places + (_APART * (2 * index - 1) if len(tables) > 1 else 0),
            xerr=whiskers(table, "recall"),
            ls="none",
            ms=4,
            elinewidth=1,
            capsize=0,
            label=title,
            **_POINTS[index],
        )
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _finish(figure: Figure, what: str) -> None:
    figure.supxlabel(what, fontsize=9)
    handles, titles = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside upper left", ncols=2)
