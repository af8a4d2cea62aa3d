"""Figures of the crystals: how many each space group has, and what becomes of them."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.figures.toolkit import BLUE, GREY, LIGHT_GREY, ORANGE, STYLE, VERMILION
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

_SPACE_GROUPS = np.arange(1, 231)
# What crystals are used for: column, name in the legend, and how its bar is filled.
_USES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("train", "learnt from", {"color": BLUE}),
    ("validation", "validating", {"color": ORANGE, "hatch": "////"}),
    ("test", "testing", {"color": VERMILION, "hatch": "...."}),
    ("unseen", "of untrained groups", {"color": GREY, "hatch": "xxxx"}),
    ("unused", "not used", {"color": "white"}),
)
# A part of a bar holds its number of crystals where it is as wide as this share of the axis.
_WIDE_ENOUGH = 0.07


@mpl.rc_context(STYLE)
def population_figure(table: pd.DataFrame) -> Figure:
    """Draw how many crystals each space group has, logarithmic, under the crystal systems.

    `table`: columns spacegroup and crystals, as in statistics/per_space_group.csv.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(table["spacegroup"], table["crystals"], 0.8, color=BLUE)
    axes.set_yscale("log")
    # A group of one crystal has a bar too.
    axes.set_ylim(0.7, 1.5 * table["crystals"].max())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(0, 231)
    axes.xaxis.set_major_locator(MultipleLocator(20))
    axes.xaxis.set_minor_locator(MultipleLocator(5))
    axes.set_xlabel("space group, number in the International Tables")
    axes.set_ylabel("crystals")
    systems = crystal_systems(_SPACE_GROUPS)
    for place, system in enumerate(CRYSTAL_SYSTEMS):
        members = _SPACE_GROUPS[systems == system]
        if place % 2 == 0:
            axes.axvspan(
                members[0] - 0.5, members[-1] + 0.5, color=LIGHT_GREY, alpha=0.5, lw=0, zorder=0
            )
        # Two triclinic groups have no room for their name: it stands above that of the next.
        axes.annotate(
            system,
            (members[0] - 0.5 if place == 0 else members.mean(), 1.07 if place == 0 else 1.01),
            xycoords=("data", "axes fraction"),
            ha="left" if place == 0 else "center",
            fontsize=8,
        )
    figure.suptitle(
        f"Crystals: n = {table['crystals'].sum():,} in {len(table)} space groups",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


@mpl.rc_context(STYLE)
def usage_figure(table: pd.DataFrame) -> Figure:
    """Draw what becomes of all crystals, a bar for each set of classes.

    `table`: as tables.usage_table returns it.
    """
    columns = [column for column, _, _ in _USES]
    crystals = int(table[columns].iloc[0].sum())
    figure = Figure(figsize=(8, 1.7 + 0.45 * len(table)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(table))
    for column, title, fill in _USES:
        counts = table[column].to_numpy()
        axes.barh(
            range(len(table)), counts, 0.7, left, edgecolor="black", lw=0.5, label=title, **fill
        )
        for place in np.flatnonzero(counts >= _WIDE_ENOUGH * crystals):
            axes.text(
                left[place] + counts[place] / 2,
                place,
                f"{counts[place]:,}",
                ha="center",
                va="center",
                fontsize=8,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"},
            )
        left += counts
    axes.set_yticks(
        range(len(table)),
        [f"{name} ({n} groups)" for name, n in zip(table["classes"], table["groups"], strict=True)],
    )
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, crystals)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("crystals")
    figure.suptitle(
        f"Crystals: n = {crystals:,} for each set of classes", fontsize=10, x=0.01, ha="left"
    )
    figure.legend(loc="outside lower center", ncols=len(_USES), handleheight=1.2)
    return figure
