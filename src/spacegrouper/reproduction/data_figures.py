"""Figures of the crystals: how many each space group has, and what becomes of them."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.figures.looks import BLUE, GREY, LIGHT_GREY, ORANGE, STYLE, TITLE, VERMILION
from spacegrouper.figures.toolkit import new_figure
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

_SPACE_GROUPS = np.arange(1, 231)
# What crystals are used for: column, name in the legend, and how its bar is filled.
_USES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("train", "training set", {"color": BLUE}),
    ("validation", "validation set", {"color": ORANGE, "hatch": "////"}),
    ("test", "test set", {"color": VERMILION, "hatch": "...."}),
    ("unseen", "of untrained groups", {"color": GREY, "hatch": "xxxx"}),
    ("unused", "not used", {"color": "white"}),
)
# A part of a bar holds its number of crystals where it is as wide as this share of the axis.
_WIDE_ENOUGH = 0.07
_CENTRED: Any = {"ha": "center", "va": "center", "fontsize": 8}
_BOX = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"}


@mpl.rc_context(STYLE)
def population_figure(table: pd.DataFrame) -> Figure:
    """Draw how many crystals each space group has, logarithmic, under the crystal systems.

    `table`: columns spacegroup and crystals, as in statistics/per_space_group.csv.
    """
    figure, axes = new_figure(9, 3.4)
    axes.bar(table["spacegroup"], table["crystals"], 0.8, color=BLUE)
    axes.set_yscale("log")
    # A group of one crystal has a bar too.
    axes.set_ylim(0.7, 1.5 * table["crystals"].max())
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(0, 231)
    axes.xaxis.set_major_locator(MultipleLocator(20))
    axes.xaxis.set_minor_locator(MultipleLocator(5))
    axes.set_xlabel("space group, number in the International Tables")
    axes.set_ylabel("crystals")
    systems = crystal_systems(_SPACE_GROUPS)
    for place, system in enumerate(CRYSTAL_SYSTEMS):
        members = _SPACE_GROUPS[systems == system]
        if place % 2 == 0:
            shade = {"color": LIGHT_GREY, "alpha": 0.5, "lw": 0, "zorder": 0}
            axes.axvspan(members[0] - 0.5, members[-1] + 0.5, **shade)
        # Two triclinic groups have no room for their name: it stands above that of the next.
        where, side = ((0.5, 1.07), "left") if place == 0 else ((members.mean(), 1.01), "center")
        axes.annotate(system, where, xycoords=("data", "axes fraction"), ha=side, fontsize=8)
    crystals = table["crystals"].sum()
    figure.suptitle(f"Crystals: n = {crystals:,} in {len(table)} space groups", **TITLE)
    return figure


@mpl.rc_context(STYLE)
def usage_figure(table: pd.DataFrame) -> Figure:
    """Draw what becomes of all crystals, a bar for each set of classes.

    `table`: as tables.usage_table returns it.
    """
    columns = [column for column, _, _ in _USES]
    crystals = int(table[columns].iloc[0].sum())
    figure, axes = new_figure(8, 1.7 + 0.45 * len(table))
    left = np.zeros(len(table))
    for column, title, fill in _USES:
        counts = table[column].to_numpy()
        edge = {"edgecolor": "black", "lw": 0.5, "label": title}
        axes.barh(range(len(table)), counts, 0.7, left, **edge, **fill)
        for place in np.flatnonzero(counts >= _WIDE_ENOUGH * crystals):
            middle = left[place] + counts[place] / 2
            axes.text(middle, place, f"{counts[place]:,}", bbox=_BOX, **_CENTRED)
        left += counts
    names = [
        f"{name} ({n} groups)" for name, n in zip(table["classes"], table["groups"], strict=True)
    ]
    axes.set_yticks(range(len(table)), names)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, crystals)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("crystals")
    figure.suptitle(f"Crystals: n = {crystals:,} for each set of classes", **TITLE)
    figure.legend(loc="outside lower center", ncols=len(_USES), handleheight=1.2)
    return figure
