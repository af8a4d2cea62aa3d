"""Figures of the scores: each function takes results and returns a Figure.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; where two things
are compared, they differ in hatching or line style too, so the figures read in black and white.
Whiskers and bands are 95 % bootstrap intervals.
"""

from collections.abc import Iterable, Sequence
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
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.evaluation.samples import Picture, Sample
from spacegrouper.evaluation.scores import Scores
from spacegrouper.evaluation.symmetry import crystal_systems

BLUE = "#0072B2"
SKY_BLUE = "#56B4E9"
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
# Bars in one column of the figure of classes; more classes go to further columns, up to four.
_ROWS_OF_CLASSES = 36
_COLUMNS_OF_CLASSES = 4
# Up to this many classes the cells of the confusion matrix are wide enough for their counts.
_CLASSES_WITH_COUNTS = 20
_SMALLEST_TEXT = 5
# Width of the answer beside the square images of the overview, in images.
_ANSWER_WIDTH = 1.3
_WHISKERS: Any = {"ecolor": "black", "capsize": 2, "error_kw": {"linewidth": 0.9}}
_TITLE: Any = {"fontsize": 10, "x": 0.01, "ha": "left"}


def draw_scores(scores: Scores) -> dict[str, Figure]:
    """Draw every figure that the scores of a classifier of this label have, by name."""
    tables, summary = scores.tables, scores.summary
    label, crystals = summary["label"], summary["test_crystals"]
    figures = {
        "top_k": top_k_figure(tables["top_k"], crystals, label),
        "per_class": per_class_figure(tables["per_class"], label),
        "confusion": confusion_figure(tables["confusion"], label),
        "reliability": reliability_figure(tables["reliability"]),
        "refusal": refusal_figure(tables["refusal"]),
    }
    if label == "spacegroup":
        systems = tables["per_crystal_system"]
        errors = tables["crystal_system_errors"]
        figures["per_crystal_system"] = per_crystal_system_figure(systems)
        figures["crystal_system_errors"] = crystal_system_errors_figure(errors, systems)
        figures["symmetry"] = symmetry_figure(tables["symmetry"], crystals)
    return figures


@mpl.rc_context(STYLE)
def top_k_figure(top_k: pd.DataFrame, crystals: int, label: str) -> Figure:
    """Draw the share of right answers among the first k, beside that of guessing.

    `top_k`: as metrics.top_k_table returns it; `crystals`: how many were tested; `label`: what is
    told apart, as split.label.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(top_k))
    bars = axes.bar(
        places - 0.2,
        top_k["accuracy"],
        0.38,
        color=BLUE,
        yerr=_whiskers(top_k, "accuracy"),
        label="network, 95 % interval",
        **_WHISKERS,
    )
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
    axes.set_ylabel(f"true {label_noun(label)} among the first k answers")
    _share_axis(axes, "y")
    axes.set_title(f"Test crystals: n = {crystals}", pad=16)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def per_class_figure(table: pd.DataFrame, label: str) -> Figure:
    """Draw each class's share of right answers, with its number of test crystals.

    `table`: as metrics.per_class returns it; `label`: what is told apart, as split.label.
    """
    columns = min(ceil(len(table) / _ROWS_OF_CLASSES), _COLUMNS_OF_CLASSES)
    rows = ceil(len(table) / columns)
    figure = Figure(figsize=(max(5.0, 4.2 * columns), 1.1 + 0.24 * rows), layout="constrained")
    all_axes = figure.subplots(1, columns, squeeze=False)[0]
    for column, axes in enumerate(all_axes):
        part = table.iloc[column * rows : (column + 1) * rows]
        _draw_classes(axes, part, label, rows)
    figure.suptitle(
        f"Test crystals whose {label_noun(label)} is named right: {table['correct'].sum()} of "
        f"{table['crystals'].sum()}",
        **_TITLE,
    )
    figure.supxlabel("share of the n test crystals named right, 95 % interval", fontsize=9)
    return figure


@mpl.rc_context(STYLE)
def per_crystal_system_figure(table: pd.DataFrame) -> Figure:
    """Draw, for each crystal system, the share of right space groups and right crystal systems.

    `table`: as metrics.per_crystal_system returns it.
    """
    figure = Figure(figsize=(5.5, 1.4 + 0.45 * len(table)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    axes.barh(
        places - 0.19,
        table["recall"],
        0.36,
        color=BLUE,
        xerr=_whiskers(table, "recall"),
        label="space group right",
        **_WHISKERS,
    )
    axes.barh(
        places + 0.19,
        table["system_recall"],
        0.36,
        color="white",
        edgecolor=VERMILION,
        hatch="////",
        xerr=_whiskers(table, "system_recall", "system_low", "system_high"),
        label="crystal system right",
        **_WHISKERS,
    )
    axes.set_yticks(places, _names_with_counts(table["crystal_system"], table["crystals"]))
    axes.invert_yaxis()
    axes.set_xlabel("share of the crystal system's test crystals, 95 % interval")
    _share_axis(axes, "x")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def crystal_system_errors_figure(errors: pd.DataFrame, systems: pd.DataFrame) -> Figure:
    """Draw the rates of wrong predictions from each true crystal system (row) to the predicted one.

    `errors`: as metrics.crystal_system_errors returns it; `systems`: as metrics.per_crystal_system
    does, from which come the number of crystals and the share of all wrong answers of a row.
    """
    rates = errors.to_numpy()
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    axes = figure.subplots()
    highest = max(float(np.nanmax(rates)), 0.01)
    colours = mpl.colormaps["Blues"].with_extremes(bad=LIGHT_GREY)
    image = axes.imshow(rates, cmap=colours, vmin=0, vmax=highest, interpolation="nearest")
    axes.spines[:].set_visible(True)
    axes.set_xticks(range(len(errors)), list(errors.columns), rotation=45, ha="right")
    known = systems.set_index("crystal_system")
    axes.set_yticks(
        range(len(errors)),
        [
            _wrong_of_system(name, known.loc[name]) if name in known.index else f"{name} (n = 0)"
            for name in errors.index
        ],
    )
    for row, column in zip(*np.nonzero(rates > 0), strict=True):
        rate = rates[row, column]
        axes.text(
            column,
            row,
            f"{100 * rate:.1f}",
            ha="center",
            va="center",
            color="white" if rate > 0.6 * highest else "black",
        )
    for place in range(len(errors)):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=GREY))
    axes.set_xlabel("crystal system of the space group named")
    axes.set_ylabel("true crystal system; all wrong answers, 95 % interval")
    axes.set_title(
        f"Wrong space groups of {systems['crystals'].sum()} test crystals, per cent;\n"
        "on the diagonal the crystal system is right, grey has no crystals"
    )
    bar = figure.colorbar(
        image,
        shrink=0.7,
        label="share of the true system's crystals",
        format=PercentFormatter(1, decimals=None),
    )
    bar.outline.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def symmetry_figure(table: pd.DataFrame, crystals: int) -> Figure:
    """Draw how often the answer shares the truth's space group, extinction class, and so on.

    `table`: as metrics.symmetry_table returns it; `crystals`: how many were tested.
    """
    figure = Figure(figsize=(7, 1.2 + 0.36 * len(table)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(table))
    bars = axes.barh(
        places,
        table["accuracy"],
        0.66,
        color=[BLUE] + [SKY_BLUE] * (len(table) - 1),
        edgecolor=BLUE,
        xerr=_whiskers(table, "accuracy"),
        **_WHISKERS,
    )
    axes.bar_label(bars, [f"{100 * share:.1f}" for share in table["accuracy"]], padding=4)
    axes.axvline(table["accuracy"].iloc[0], color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_yticks(
        places,
        [
            f"{level} ({classes})"
            for level, classes in zip(table["level"], table["classes"], strict=True)
        ],
    )
    axes.invert_yaxis()
    _share_axis(axes, "x")
    figure.supxlabel(
        "share of crystals whose answer is of the true class, 95 % interval", fontsize=9
    )
    figure.suptitle(f"Test crystals: n = {crystals} (in brackets: classes told apart)", **_TITLE)
    return figure


@mpl.rc_context(STYLE)
def reliability_figure(table: pd.DataFrame) -> Figure:
    """Draw how often answers are right against how sure they are, before and after calibration.

    `table`: as calibration.reliability_table returns it, once for each kind that the column
    `probabilities` names. Below: how many crystals are answered how surely.
    """
    kinds = list(table["probabilities"].unique())
    figure = Figure(figsize=(0.7 + 3.2 * len(kinds), 5.0), layout="constrained")
    grid = figure.subplots(2, len(kinds), squeeze=False, height_ratios=[3, 1], sharex=True)
    for (axes, below), kind in zip(grid.T, kinds, strict=True):
        own = table[table["probabilities"] == kind]
        crystals = own["crystals"].sum()
        gaps = (own["crystals"] * (own["accuracy"] - own["probability"])).abs()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8, label="reliable")
        axes.errorbar(
            own["probability"],
            own["accuracy"],
            _whiskers(own, "accuracy"),
            color=BLUE,
            marker="o",
            markersize=4,
            linewidth=1,
            elinewidth=0.9,
            ecolor="black",
            capsize=2,
            label="network, 95 % interval",
        )
        axes.set_title(
            f"{kind}: n = {crystals}\nexpected calibration error "
            f"{100 * gaps.sum() / crystals:.1f} %",
            fontsize=9,
        )
        _share_axis(axes, "y")
        below.bar(
            own["first"],
            own["crystals"] / crystals,
            own["last"] - own["first"],
            align="edge",
            color=BLUE,
            edgecolor="white",
        )
        _share_axis(below, "y")
        _share_axis(below, "x")
    grid[0, 0].set_ylabel("share of right answers")
    grid[1, 0].set_ylabel("share of\nthe crystals")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.supxlabel("probability of the class named", fontsize=9)
    figure.legend(handles, labels, loc="outside upper left", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def refusal_figure(table: pd.DataFrame) -> Figure:
    """Draw the accuracy of the answers that are left when the least sure ones are refused.

    `table`: as calibration.refusal_table returns it.
    """
    figure = Figure(figsize=(5, 3.8), layout="constrained")
    axes = figure.subplots()
    share = table["share_answered"]
    axes.fill_between(share, table["low"], table["high"], color=LIGHT_GREY, label="95 % interval")
    axes.plot(
        share, table["accuracy"], color=BLUE, marker="o", markersize=3.5, label="right answers"
    )
    axes.plot(
        share,
        table["threshold"],
        color=VERMILION,
        linestyle="--",
        label="smallest probability answered",
    )
    axes.set_xlabel("share of the test crystals that is answered, the surest first")
    axes.set_ylabel("share of the answers; probability")
    _share_axis(axes, "x")
    _share_axis(axes, "y")
    axes.set_title(f"Test crystals: n = {table['answered'].max()}")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def confusion_figure(confusion: pd.DataFrame, label: str) -> Figure:
    """Draw how the crystals of each true class (row) spread over the answers (columns).

    `confusion`: as metrics.confusion_table returns it; `label`: what is told apart, as
    split.label. The shade is the share of the row; with few classes the cells also hold the
    counts. Lines part the crystal systems of space groups.
    """
    counts = confusion.to_numpy()
    names = confusion.index.to_numpy()
    classes = len(names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # A line of text takes three quarters of a cell's height.
    legible = classes * _SMALLEST_TEXT / 0.75 / 72
    edge = max(float(np.clip(0.36 * classes, 4.5, 10.5)), 1 + legible)
    figure = Figure(figsize=(edge + 1, edge), layout="constrained")
    axes = figure.subplots()
    # The square root makes single mistakes among many crystals visible.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(shares, cmap="Blues", norm=norm, interpolation="nearest")
    axes.spines[:].set_visible(True)
    size = float(np.clip(72 * (edge - 1) / classes * 0.75, _SMALLEST_TEXT, 9))
    axes.set_xticks(range(classes), [str(name) for name in names], rotation=90)
    axes.set_yticks(range(classes), [str(name) for name in names])
    axes.tick_params(labelsize=size, length=2)
    title = f"Test crystals: n = {counts.sum()}"
    if label == "spacegroup":
        systems = crystal_systems(names)
        for place in np.flatnonzero(systems[1:] != systems[:-1]) + 0.5:
            axes.axvline(place, color=GREY, linewidth=0.5)
            axes.axhline(place, color=GREY, linewidth=0.5)
        title += "; lines part the crystal systems"
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
    axes.set_xlabel(f"{label_noun(label)} named by the network")
    axes.set_ylabel(f"true {label_noun(label)}")
    axes.set_title(title)
    bar = figure.colorbar(
        image,
        shrink=0.6,
        label="share of the row's crystals",
        format=PercentFormatter(1),
    )
    bar.outline.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def history_figure(history: pd.DataFrame, kept_epoch: int) -> Figure:
    """Draw the loss and the accuracy of each epoch, and mark the epoch whose weights are kept.

    `history`, `kept_epoch`: as model_folder.read_history returns them.
    """
    marker = "." if len(history) == 1 else None  # one epoch alone makes no line
    kept = history[history["epoch"] == kept_epoch].iloc[0]
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
    loss_axes.set_ylabel("cross-entropy of all heads, nats")
    loss_axes.set_ylim(bottom=0)
    loss_axes.set_title("Loss")
    accuracy_axes.set_ylabel("top-1 accuracy")
    _share_axis(accuracy_axes, "y")
    accuracy_axes.set_title("Accuracy")
    handles, labels = loss_axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


@mpl.rc_context(STYLE)
def overview_figure(samples: Sequence[Sample], label: str) -> Figure:
    """Draw a row for each crystal: its pictures, as many of each, and the network's answer.

    `label`: what is told apart, as split.label.
    """
    tile = 1.7
    rows = len(samples)
    headings = [picture.caption for picture in samples[0].pictures] + ["answer of the network"]
    pictures = len(headings) - 1
    gaps = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    width = tile * (pictures + _ANSWER_WIDTH)
    figure = Figure(figsize=(width, tile * rows + 0.35), layout=gaps)
    ratios = [1] * pictures + [_ANSWER_WIDTH]
    grid = figure.subplots(rows, len(headings), squeeze=False, width_ratios=ratios)
    for axes, heading in zip(grid[0], headings, strict=True):
        axes.set_title(heading, fontsize=9, loc="center")
    for row, sample in zip(grid, samples, strict=True):
        for axes, picture in zip(row[:-1], sample.pictures, strict=True):
            draw_picture(axes, picture)
        row[-1].set_axis_off()
        _write_answer(row[-1], sample, label)
    return figure


def draw_picture(axes: Axes, picture: Picture) -> None:
    """Draw a picture as it is, without axes."""
    axes.imshow(picture.visible, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


@mpl.rc_context(STYLE)
def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write `folder`/`name`.svg and .png (200 dots an inch); same figure, same bytes.

    Neither replaces an earlier file before both are written.
    """
    vector, raster = folder / f"{name}.svg", folder / f"{name}.png"
    with written_aside(vector) as svg, written_aside(raster) as png:
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=200)


def space_group_name(number: int) -> str:
    """Return number and short Hermann-Mauguin symbol, such as `225 Fm-3m`."""
    # gemmi writes hexagonal axes of a rhombohedral group as H; its standard symbol begins with R.
    symbol = gemmi.find_spacegroup_by_number(int(number)).short_name().replace("H", "R", 1)
    return f"{number} {symbol}"


def class_name(label: str, name: object) -> str:
    """Return how a class is written: a space group by `space_group_name`, others as they are."""
    return space_group_name(int(str(name))) if label == "spacegroup" else str(name)


def label_noun(label: str) -> str:
    """Say what is told apart: `space group`, `crystal system`, or what the label is called."""
    return "space group" if label == "spacegroup" else label.replace("_", " ")


def _whiskers(
    table: pd.DataFrame, share: str, low: str = "low", high: str = "high"
) -> NDArray[np.float64]:
    """Return the lengths of the whiskers below and above each share; (2, rows)."""
    lengths = np.stack([table[share] - table[low], table[high] - table[share]])
    return np.maximum(lengths, 0)


def _names_with_counts(names: Iterable[object], crystals: Iterable[int]) -> list[str]:
    return [f"{name} (n = {count})" for name, count in zip(names, crystals, strict=True)]


def _wrong_of_system(name: str, row: "pd.Series[Any]") -> str:
    """Name a crystal system, its crystals, and its share of wrong answers with the interval."""
    wrong, low, high = (100 * (1 - row[column]) for column in ("recall", "high", "low"))
    return f"{name} (n = {row['crystals']:.0f})\n{wrong:.1f} % ({low:.1f} to {high:.1f})"


def _draw_classes(axes: Axes, table: pd.DataFrame, label: str, rows: int) -> None:
    places = np.arange(len(table))
    axes.barh(places, np.ones(len(table)), 0.74, color=LIGHT_GREY)
    axes.barh(
        places,
        table["recall"],
        0.74,
        color=BLUE,
        xerr=_whiskers(table, "recall"),
        **_WHISKERS,
    )
    names = [class_name(label, name) for name in table["class"]]
    axes.set_yticks(places, _names_with_counts(names, table["crystals"]))
    # Columns of unequal length keep bars of equal width.
    axes.set_ylim(rows - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    _share_axis(axes, "x")


def _write_answer(axes: Axes, sample: Sample, label: str) -> None:
    sign, colour = ("✓ right", BLUE) if sample.right else ("✗ wrong", VERMILION)
    axes.text(0.0, 0.80, sample.material_id, weight="bold", fontsize=9)
    axes.text(0.0, 0.64, f"is {class_name(label, sample.true)}", fontsize=9)
    axes.text(0.0, 0.40, f"named {class_name(label, sample.predicted)}", fontsize=9)
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
