"""Figures of what a dataset of bitmaps holds.

Tables are those of statistics.py: `per_space_group` is what per_space_group_table returns, and so
on.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.figures import space_groups
from spacegrouper.figures.looks import (
    BLUE,
    GREY,
    HATCHED,
    LIGHT_GREY,
    OPEN_POINTS,
    STYLE,
    TITLE,
    VERMILION,
)
from spacegrouper.figures.toolkit import draw_image, new_figure

_MEAN_IMAGES_IN_A_ROW = 12  # at most, views counted one by one


def class_balance_figure(per_space_group: pd.DataFrame) -> Figure:
    """Draw how many crystals and how many different bitmaps each space group has, logarithmic."""
    return space_groups.class_balance_figure(
        per_space_group, "distinct_bitmaps", "different bitmaps", 1.8
    )


@mpl.rc_context(STYLE)
def brightness_figure(brightness_distribution: pd.DataFrame, brightness: pd.DataFrame) -> Figure:
    """Draw how bright the crystals are."""
    figure, axes = new_figure(5.5, 3.4)
    counts = brightness_distribution.groupby("from")["crystals"].sum()
    step = int((brightness_distribution["below"] - brightness_distribution["from"]).iloc[0])
    axes.bar(counts.index, counts / counts.sum(), step, align="edge", color=BLUE, edgecolor="white")
    mean = brightness.loc[brightness["view"] == "all", "mean"].iloc[0]
    axes.axvline(mean, color=VERMILION, linestyle="--", label=f"mean: {mean:.1f}")
    axes.set_xlabel("mean grey level of a crystal's bitmaps (0 to 255)")
    axes.set_ylabel(f"share of crystals for each {step} grey levels")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.set_title(f"Crystals: n = {counts.sum()}")
    axes.legend()
    return figure


@mpl.rc_context(STYLE)
def brightness_per_space_group_figure(per_space_group: pd.DataFrame) -> Figure:
    """Draw how bright the crystals of each space group are."""
    figure, columns = space_groups.space_group_columns(per_space_group, 1.8)
    low, high = per_space_group["minimum"].min(), per_space_group["maximum"].max()
    margin = 0.04 * max(high - low, 1)
    for axes, part in columns:
        places = np.arange(len(part))
        axes.hlines(
            places, part["minimum"], part["maximum"], GREY, linewidth=1, label="smallest to largest"
        )
        middle: Any = {"color": BLUE, "linewidth": 5, "alpha": 0.45, "label": "5 % to 95 %"}
        axes.hlines(places, part["percent_5"], part["percent_95"], **middle)
        axes.plot(part["median"], places, "|", color=BLUE, markersize=9, mew=2, label="median")
        axes.plot(part["mean"], places, "D", markersize=4, label="mean", **OPEN_POINTS)
        axes.set_xlim(low - margin, high + margin)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    figure.supxlabel("mean grey level of a crystal's bitmaps, over n crystals", fontsize=9)
    figure.suptitle(f"Crystals: n = {per_space_group['crystals'].sum()}", **TITLE)
    legend = columns[0][0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside upper right", ncols=2 if len(columns) == 1 else 4)
    return figure


@mpl.rc_context(STYLE)
def pixel_value_figure(pixel_values: pd.DataFrame) -> Figure:
    """Draw how many pixels of each view have which value, logarithmic."""
    views = [part for _, part in pixel_values.groupby("view")]
    figure, grid = new_figure(
        5.5, 1.0 + 1.25 * len(views), len(views), squeeze=False, sharex=True, sharey=True
    )
    for axes, part in zip(grid[:, 0], views, strict=True):
        shares = part["pixels"] / part["pixels"].sum()
        axes.bar(part["value"], shares, 1.0, color=BLUE)
        axes.set_title(f"view {part['view'].iloc[0]}", fontsize=9)
        axes.set_yscale("log")
    grid[-1, 0].set(xlim=(-4, 260), xticks=[0, 51, 102, 153, 204, 255])
    figure.supxlabel("grey level of a pixel (0: background)", fontsize=9)
    figure.supylabel("share of the view's pixels", fontsize=9)
    pixels = pixel_values.groupby("view")["pixels"].sum().iloc[0]
    figure.suptitle(f"Pixels: n = {pixels} in each view", **TITLE)
    return figure


@mpl.rc_context(STYLE)
def decidability_figure(decidability: pd.DataFrame) -> Figure:
    """Draw what any classifier of these bitmaps can reach, beside naming the largest class."""
    figure, axes = new_figure(6.5, 1.6 + 0.62 * len(decidability))
    places = np.arange(len(decidability))
    repeated = decidability["crystals_of_repeated"].iloc[0]
    bars: dict[str, tuple[Any, Any]] = {
        "ceiling of the accuracy": (decidability["ceiling"], {"color": BLUE}),
        f"on the {repeated} crystals with repeated bitmaps": (
            decidability["ceiling_of_repeated"],
            {**HATCHED, "edgecolor": BLUE},
        ),
        "always naming the largest class": (
            decidability["majority"],
            {"color": LIGHT_GREY, "edgecolor": GREY},
        ),
    }
    for row, (name, (values, look)) in enumerate(bars.items()):
        shown = axes.barh(places + 0.27 * (row - 1), values.fillna(0), 0.25, label=name, **look)
        written = ["" if np.isnan(value) else f"{100 * value:.1f}" for value in values]
        axes.bar_label(shown, written, padding=3, fontsize=8)
    axes.set_yticks(
        places,
        [
            f"{level} ({n})"
            for level, n in zip(decidability["level"], decidability["classes"], strict=True)
        ],
    )
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.08), xticks=np.arange(0, 1.01, 0.2))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("share of crystals answered right")
    crystals, bitmaps = decidability[["crystals", "distinct_bitmaps"]].iloc[0]
    figure.suptitle(
        f"{crystals} crystals, {bitmaps} different bitmaps (in brackets: classes)", **TITLE
    )
    figure.legend(loc="outside lower center", ncols=1)
    return figure


@mpl.rc_context(STYLE)
def mean_images_figure(
    images: Mapping[int, NDArray[np.float64]], per_space_group: pd.DataFrame
) -> Figure:
    """Draw the mean of the bitmaps of each space group, its views side by side.

    `images`: as statistics.mean_images returns them.
    """
    views, height, width = next(iter(images.values())).shape
    columns = max(1, min(_MEAN_IMAGES_IN_A_ROW // views, len(images)))
    rows = ceil(len(images) / columns)
    # Wide enough for a name, such as `194 P63/mmc (n = 1234)`.
    cell = max(1.9, 0.85 * views)
    edges = cell * columns, 0.55 + rows * (0.22 + cell * height / (views * width))
    figure, grid = new_figure(*edges, rows, columns, squeeze=False)
    crystals = per_space_group.set_index("spacegroup")["crystals"]
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (group, image) in zip(grid.flat, images.items(), strict=False):
        draw_image(axes, np.concatenate(list(image), axis=1))
        for edge in range(1, views):
            axes.axvline(edge * width - 0.5, color=GREY, linewidth=0.5)
        axes.set_title(f"{space_group_name(group)} (n = {crystals[group]})", fontsize=8, pad=3)
    figure.suptitle(f"Mean bitmaps of {len(images)} space groups", **TITLE)
    return figure
