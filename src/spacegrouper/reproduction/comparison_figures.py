"""Figures of two networks side by side: by space group, by crystal system, and their mistakes.

Each function takes the tables of one or two networks, by the title that the figure gives them.
"""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.figures.looks import BLUE, LIGHT_GREY, OPEN_POINTS, STYLE
from spacegrouper.figures.toolkit import (
    cut_into_columns,
    draw_matrix,
    name_rows,
    names_with_counts,
    new_figure,
    share_axis,
    whiskers,
)
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

# How the points of the first and the second network differ, beside their height.
_POINTS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "marker": "o"},
    {"marker": "s", **OPEN_POINTS},
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
    parts, rows = cut_into_columns(first)
    size = (max(6.0, 4.6 * len(parts)), 1.4 + 0.24 * rows)
    figure, grid = new_figure(*size, columns=len(parts), squeeze=False)
    for axes, part in zip(grid[0], parts, strict=True):
        _draw_points(axes, {title: table.loc[part.index] for title, table in tables.items()})
        names = names_with_counts(map(space_group_name, part["class"]), part["crystals"])
        name_rows(axes, names, rows)
    what = "share of the space group's n test crystals that are named right, 95 % interval"
    _finish(figure, what)
    return figure


@mpl.rc_context(STYLE)
def per_crystal_system_comparison(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the share of right space groups and of right systems, for each crystal system.

    `tables`: columns crystal_system, crystals, recall, low, high, system_recall, system_low,
    system_high, as in per_crystal_system.csv; the networks were tested with the same crystals.
    """
    first = next(iter(tables.values()))
    names = names_with_counts(first["crystal_system"], first["crystals"])
    size = (8, 1.6 + 0.36 * len(first))
    figure, panels = new_figure(*size, columns=2, sharey=True, gridspec_kw={"wspace": 0.08})
    for axes, prefix, what in zip(
        panels, ("", "system_"), ("space group", "crystal system"), strict=True
    ):
        _draw_points(axes, tables, prefix)
        name_rows(axes, names, len(names))
        axes.set_title(f"{what} right")
    panels[0].set_ylim(len(first) - 0.5, -0.5)
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
    systems = list(CRYSTAL_SYSTEMS)
    figure, (panels,) = new_figure(
        4.3 * len(tables) + 0.9, 4.6, 1, len(tables), squeeze=False, sharey=True
    )
    rates = {
        title: table.reindex(index=systems, columns=systems).to_numpy()
        for title, table in tables.items()
    }
    highest = max((np.nanmax(values, initial=0) for values in rates.values()), default=0)
    # The square root makes rare mistakes visible beside frequent ones.
    norm = PowerNorm(0.5, vmin=0, vmax=max(highest, 0.01))
    for axes, (title, values) in zip(panels, rates.items(), strict=True):
        texts = np.where(values > _WORTH_WRITING, np.char.mod("%.1f", 100 * values), "")
        image = draw_matrix(axes, values, norm, texts, 7.5)
        axes.set_xticks(range(len(systems)), systems, rotation=90)
        axes.set(title=title, xlabel="crystal system named")
    names = names_with_counts(systems, (crystals.get(system, 0) for system in systems))
    panels[0].set_yticks(range(len(systems)), names)
    panels[0].set_ylabel("true crystal system")
    bar = figure.colorbar(
        image,
        ax=list(panels),
        shrink=0.7,
        format=PercentFormatter(1),
        label="wrongly named, of the true system's crystals",
    )
    bar.outline.set_visible(False)
    return figure


def _draw_points(axes: Axes, tables: Mapping[str, pd.DataFrame], prefix: str = "") -> None:
    places = np.arange(len(next(iter(tables.values()))))
    axes.hlines(places, 0, 1, LIGHT_GREY, linewidth=0.5, zorder=0)
    for index, (title, table) in enumerate(tables.items()):
        beside = places + (_APART * (2 * index - 1) if len(tables) > 1 else 0)
        reach = whiskers(table, f"{prefix}recall", f"{prefix}low", f"{prefix}high")
        look: Any = {"ls": "none", "ms": 4, "elinewidth": 1, "label": title} | _POINTS[index]
        axes.errorbar(table[f"{prefix}recall"], beside, xerr=reach, **look)
    share_axis(axes, "x", margin=0.02)


def _finish(figure: Figure, what: str) -> None:
    figure.supxlabel(what, fontsize=9)
    legend = figure.axes[0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside upper left", ncols=2)
