"""Figures of the scores: each function takes results and returns a Figure.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; where two things
are compared, they differ in hatching or line style too, so the figures read in black and white.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

import gemmi
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.lib.stride_tricks import sliding_window_view

from spacegrouper.config.sections import Settings
from spacegrouper.evaluation.metrics import crystal_systems
from spacegrouper.evaluation.samples import Sample, raw_image, shaped_images

BLUE = "#0072B2"
ORANGE = "#E69F00"
VERMILION = "#D55E00"
GREY = "#767676"
LIGHT_GREY = "#D9D9D9"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    # Without a fixed salt the names inside an SVG differ from run to run.
    "svg.hashsalt": "spacegrouper",
}
# Bars in one column of the figure of space groups; more groups go to further columns.
_ROWS_OF_SPACE_GROUPS = 36
# Up to this many classes the cells of the confusion matrix are wide enough for their counts.
_CLASSES_WITH_COUNTS = 20
# Width of the answer beside the square images of the overview, in images.
_ANSWER_WIDTH = 1.3


@mpl.rc_context(STYLE)
def top_k_figure(top_k: pd.DataFrame, crystals: int) -> Figure:
    """Draw the share of right answers among the first k, beside that of guessing.

    `top_k`: as metrics.top_k_table returns it; `crystals`: how many were tested.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(top_k))
    bars = axes.bar(places - 0.2, top_k["accuracy"], 0.38, color=BLUE, label="network")
    axes.bar(
        places + 0.2,
        top_k["chance"],
        0.38,
        color="white",
        edgecolor=GREY,
        hatch="////",
        label="guessing evenly",
    )
    axes.bar_label(bars, [f"{100 * share:.1f}" for share in top_k["accuracy"]], padding=2)
    axes.set_xticks(places, [f"top-{k}" for k in top_k["k"]])
    axes.set_ylabel("true space group among the first k answers")
    _share_axis(axes, "y")
    axes.set_title(f"Test crystals: n = {crystals}", pad=16)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def per_space_group_figure(table: pd.DataFrame) -> Figure:
    """Draw each space group's share of right answers, with its number of test crystals.

    `table`: as metrics.per_space_group returns it.
    """
    columns = ceil(len(table) / _ROWS_OF_SPACE_GROUPS)
    rows = ceil(len(table) / columns)
    figure = Figure(figsize=(max(5.0, 4.2 * columns), 1.1 + 0.24 * rows), layout="constrained")
    all_axes = figure.subplots(1, columns, squeeze=False)[0]
    for column, axes in enumerate(all_axes):
        part = table.iloc[column * rows : (column + 1) * rows]
        _draw_space_groups(axes, part, rows)
    figure.suptitle(
        f"Test crystals whose space group is named right: {table['correct'].sum()} of "
        f"{table['crystals'].sum()}",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    figure.supxlabel("share of the space group's n test crystals that are named right", fontsize=9)
    return figure


@mpl.rc_context(STYLE)
def per_crystal_system_figure(table: pd.DataFrame) -> Figure:
    """Draw, for each crystal system, the share of right space groups and right crystal systems.

    `table`: as metrics.per_crystal_system returns it.
    """
    figure = Figure(figsize=(5, 1.4 + 0.42 * len(table)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    axes.barh(places - 0.19, table["recall"], 0.36, color=BLUE, label="space group right")
    axes.barh(
        places + 0.19,
        table["system_recall"],
        0.36,
        color="white",
        edgecolor=VERMILION,
        hatch="////",
        label="crystal system right",
    )
    axes.set_yticks(
        places,
        [
            f"{system} (n = {crystals})"
            for system, crystals in zip(table["crystal_system"], table["crystals"], strict=True)
        ],
    )
    axes.invert_yaxis()
    axes.set_xlabel("share of the crystal system's test crystals")
    _share_axis(axes, "x")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def confusion_figure(confusion: pd.DataFrame) -> Figure:
    """Draw how the crystals of each true space group (row) spread over the answers (columns).

    `confusion`: as metrics.confusion_table returns it. The shade is the share of the row; with few
    classes the cells also hold the counts. Lines part the crystal systems.
    """
    counts = confusion.to_numpy()
    groups = confusion.index.to_numpy()
    classes = len(groups)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    edge = float(np.clip(0.36 * classes, 4.5, 10.5))
    figure = Figure(figsize=(edge + 1, edge), layout="constrained")
    axes = figure.subplots()
    # The square root makes single mistakes among many crystals visible.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(shares, cmap="Blues", norm=norm, interpolation="nearest")
    axes.spines[:].set_visible(True)
    size = float(np.clip(72 * (edge - 1) / classes * 0.75, 5, 9))
    axes.set_xticks(range(classes), [str(group) for group in groups], rotation=90)
    axes.set_yticks(range(classes), [str(group) for group in groups])
    axes.tick_params(labelsize=size, length=2)
    systems = crystal_systems(groups)
    for place in np.flatnonzero(systems[1:] != systems[:-1]) + 0.5:
        axes.axvline(place, color=GREY, linewidth=0.5)
        axes.axhline(place, color=GREY, linewidth=0.5)
    if classes <= _CLASSES_WITH_COUNTS:
        for row, column in zip(*np.nonzero(counts), strict=True):
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                fontsize=size,
                color="white" if norm(shares[row, column]) > 0.6 else "black",
            )
    axes.set_xlabel("space group named by the network")
    axes.set_ylabel("true space group")
    axes.set_title(f"Test crystals: n = {counts.sum()}; lines part the crystal systems")
    bar = figure.colorbar(
        image,
        shrink=0.6,
        label="share of the true group's crystals",
        format=PercentFormatter(1),
    )
    bar.outline.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def history_figure(history: pd.DataFrame) -> Figure:
    """Draw the loss and the accuracy of each epoch, and mark the epoch whose weights are kept.

    `history`: columns epoch, loss, accuracy, validation_loss, validation_accuracy. The kept epoch
    is that of the smallest validation loss.
    """
    marker = "." if len(history) == 1 else None  # one epoch alone makes no line
    kept = history.iloc[int(history["validation_loss"].to_numpy().argmin())]
    figure = Figure(figsize=(8, 3.3), layout="constrained")
    loss_axes, accuracy_axes = figure.subplots(1, 2)
    for axes, name in ((loss_axes, "loss"), (accuracy_axes, "accuracy")):
        axes.plot(history["epoch"], history[name], color=BLUE, marker=marker, label="training")
        axes.plot(
            history["epoch"],
            history[f"validation_{name}"],
            color=VERMILION,
            linestyle="--",
            marker=marker,
            label="validation",
        )
        axes.axvline(kept["epoch"], color=GREY, linewidth=0.8, linestyle=":")
        axes.plot(
            kept["epoch"],
            kept[f"validation_{name}"],
            "o",
            color=VERMILION,
            markerfacecolor="white",
            label=f"kept: epoch {kept['epoch']:.0f}",
        )
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss_axes.set_ylabel("cross-entropy of the three heads, nats")
    loss_axes.set_ylim(bottom=0)
    loss_axes.set_title("Loss")
    accuracy_axes.set_ylabel("top-1 accuracy")
    _share_axis(accuracy_axes, "y")
    accuracy_axes.set_title("Accuracy")
    handles, labels = loss_axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


@mpl.rc_context(STYLE)
def overview_figure(samples: Sequence[Sample], settings: Settings) -> Figure:
    """Draw a row for each crystal: a raw pattern, the shaped images, the network's answer.

    `settings`: they name the views.
    """
    tile = 1.7
    rows = len(samples)
    views = [view.axis for view in settings.simulate.views]
    headings = [
        f"raw pattern, {views[0]} view",
        *(f"shaped, {view} view" for view in views),
        "answer of the network",
    ]
    gaps = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    figure = Figure(figsize=(tile * (4 + _ANSWER_WIDTH), tile * rows + 0.35), layout=gaps)
    grid = figure.subplots(rows, 5, squeeze=False, width_ratios=[1, 1, 1, 1, _ANSWER_WIDTH])
    for axes, heading in zip(grid[0], headings, strict=True):
        axes.set_title(heading, fontsize=9, loc="center")
    for row, sample in zip(grid, samples, strict=True):
        # A spot is a pixel or two: each is grown to three, or it would vanish in a small figure.
        neighbours = sliding_window_view(np.pad(raw_image(sample), 1), (3, 3))
        raw = neighbours.max(axis=(2, 3))
        row[0].imshow(raw, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for axes, image in zip(row[1:4], shaped_images(sample), strict=True):
            axes.imshow(image, interpolation="nearest")
        for axes in row:
            axes.set_axis_off()
        _write_answer(row[4], sample)
    return figure


@mpl.rc_context(STYLE)
def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write `folder`/`name`.svg and .png (200 dots an inch); same figure, same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{name}.png", dpi=200)


def space_group_name(number: int) -> str:
    """Return number and short Hermann-Mauguin symbol, such as `225 Fm-3m`."""
    # gemmi writes hexagonal axes of a rhombohedral group as H; its standard symbol begins with R.
    symbol = gemmi.find_spacegroup_by_number(int(number)).short_name().replace("H", "R", 1)
    return f"{number} {symbol}"


def _draw_space_groups(axes: Axes, table: pd.DataFrame, rows: int) -> None:
    places = np.arange(len(table))
    axes.barh(places, np.ones(len(table)), 0.74, color=LIGHT_GREY)
    axes.barh(places, table["recall"], 0.74, color=BLUE)
    axes.set_yticks(
        places,
        [
            f"{space_group_name(number)} (n = {crystals})"
            for number, crystals in zip(table["spacegroup"], table["crystals"], strict=True)
        ],
    )
    # Columns of unequal length keep bars of equal width.
    axes.set_ylim(rows - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    _share_axis(axes, "x")


def _write_answer(axes: Axes, sample: Sample) -> None:
    sign, colour = ("✓ right", BLUE) if sample.right else ("✗ wrong", VERMILION)
    axes.text(0.0, 0.80, sample.material_id, weight="bold", fontsize=9)
    axes.text(0.0, 0.64, f"is {space_group_name(sample.spacegroup)}", fontsize=9)
    axes.text(0.0, 0.40, f"named {space_group_name(sample.predicted)}", fontsize=9)
    axes.text(0.0, 0.24, f"{sign}, {100 * sample.probability:.1f} %", fontsize=9, color=colour)
    axes.barh(0.12, 1, 0.08, color=LIGHT_GREY)
    axes.barh(0.12, sample.probability, 0.08, color=colour)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_box_aspect(1 / _ANSWER_WIDTH)


def _share_axis(axes: Any, which: str) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xlim if which == "x" else axes.set_ylim)(0, 1)
    axis.set_major_formatter(PercentFormatter(1))
    axis.set_major_locator(MaxNLocator(5))
