"""Figures with a row for each space group, in columns."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.figures.looks import BLUE, LIGHT_GREY, OPEN_POINTS, STYLE, TITLE
from spacegrouper.figures.toolkit import (
    cut_into_columns,
    logarithmic_axis,
    name_rows,
    names_with_counts,
    new_figure,
)


def space_group_columns(
    table: pd.DataFrame, height: float
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Return a figure, and for each of its columns the axes and the part of the table in it.

    `table`: columns spacegroup and crystals; `height`: of the figure without its rows, inches.
    """
    parts, rows = cut_into_columns(table)
    size = (max(5.5, 3.6 * len(parts)), height + 0.22 * rows)
    figure, grid = new_figure(*size, columns=len(parts), squeeze=False)
    for axes, part in zip(grid[0], parts, strict=True):
        name_space_groups(axes, part, rows)
        axes.set_axisbelow(True)
    return figure, list(zip(grid[0], parts, strict=True))


def name_space_groups(axes: Axes, part: pd.DataFrame, rows: int) -> None:
    """Name the rows of one of the columns by space group and crystals, and draw its grid."""
    names = map(space_group_name, part["spacegroup"])
    name_rows(axes, names_with_counts(names, part["crystals"]), rows)
    axes.grid(axis="x", color=LIGHT_GREY, linewidth=0.5)


@mpl.rc_context(STYLE)
def class_balance_figure(table: pd.DataFrame, kinds: str, label: str, height: float) -> Figure:
    """Draw how many crystals, and of how many kinds, each space group has.

    Logarithmic where the largest number is more than a hundred times the smallest.

    `table`: columns spacegroup, crystals and `kinds`, which the legend calls `label`; `height`: as
    for `space_group_columns`.
    """
    figure, columns = space_group_columns(table, height)
    for axes, part in columns:
        places = np.arange(len(part))
        axes.hlines(places, part[kinds], part["crystals"], LIGHT_GREY, linewidth=2, zorder=1)
        # Where both numbers are the same, the point is seen within the diamond.
        axes.plot(part[kinds], places, "D", markersize=7, label=label, **OPEN_POINTS)
        axes.plot(part["crystals"], places, "o", markersize=4, color=BLUE, label="crystals")
        # One scale for all columns, with room for whole markers.
        if table["crystals"].max() > 100 * table[kinds].min():
            axes.set_xlim(0.7, 1.6 * table["crystals"].max())
            logarithmic_axis(axes)
        else:
            axes.set_xlim(0, 1.05 * table["crystals"].max())
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel("number in the space group (n: its crystals)", fontsize=9)
    figure.suptitle(f"{table['crystals'].sum()} crystals in {len(table)} space groups", **TITLE)
    legend = columns[0][0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside upper right", ncols=2)
    return figure
