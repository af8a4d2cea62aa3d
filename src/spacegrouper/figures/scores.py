"""Figures of the scores on the test set; whiskers are 95 % intervals.

Tables are those of metrics.py: `top_k` is what top_k_table returns, and so on. `label`: what is
told apart, as split.label; `crystals`: how many were tested.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from spacegrouper.crystals.class_names import class_name, label_noun
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.evaluation.scores import Scores
from spacegrouper.figures.calibration import refusal_figure, reliability_figure
from spacegrouper.figures.looks import (
    BLUE,
    GREY,
    HATCHED,
    LIGHT_GREY,
    PHYSICS_LINE,
    SKY_BLUE,
    STYLE,
    TITLE,
    WHISKERS,
)
from spacegrouper.figures.toolkit import (
    cut_into_columns,
    draw_matrix,
    name_rows,
    names_with_counts,
    new_figure,
    plain_text,
    share_axis,
    whiskers,
)

_COLUMNS_OF_CLASSES = 4
# Up to this many classes the cells of the confusion matrix are wide enough for their counts.
_CLASSES_WITH_COUNTS = 20
_SMALLEST_TEXT = 5


def draw_scores(scores: Scores) -> dict[str, Figure]:
    """Draw every figure that the scores of a classifier of this label have, by name."""
    tables, summary = scores.tables, scores.summary
    label, crystals = summary["label"], summary["test_crystals"]
    figures = {
        "top_k": top_k_figure(tables["top_k"], crystals, label),
        "per_class": per_class_figure(tables["per_class"], label),
        "confusion": confusion_figure(tables["confusion"], label),
        "reliability": reliability_figure(
            tables["reliability"],
            {
                "as trained": summary.get(
                    "expected_calibration_error_before", summary["expected_calibration_error"]
                ),
                "calibrated": summary["expected_calibration_error"],
            },
        ),
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

    Of space groups with the physics line, which is a column of the table.
    """
    figure, axes = new_figure(5, 3.4)
    places = np.arange(len(top_k))
    bars = axes.bar(
        places - 0.2,
        top_k["accuracy"],
        0.38,
        color=BLUE,
        yerr=whiskers(top_k, "accuracy"),
        label="network, 95 % interval",
        **WHISKERS,
    )
    guessing = {**HATCHED, "edgecolor": GREY, "label": "guessing evenly"}
    axes.bar(places + 0.2, top_k["chance"], 0.38, **guessing)
    if "physics_line" in top_k:
        axes.hlines(top_k["physics_line"], places, places + 0.42, **PHYSICS_LINE)
    axes.bar_label(bars, [f"{100 * share:.1f}" for share in top_k["accuracy"]], padding=2)
    axes.set_xticks(places, [f"top-{k}" for k in top_k["k"]])
    axes.set_ylabel(f"true {label_noun(label)} among the first k answers")
    share_axis(axes, "y")
    axes.set_title(f"Test crystals: n = {crystals}", pad=16)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@mpl.rc_context(STYLE)
def per_class_figure(per_class: pd.DataFrame, label: str) -> Figure:
    """Draw each class's share of right answers, with its number of test crystals."""
    parts, rows = cut_into_columns(per_class, _COLUMNS_OF_CLASSES)
    size = (max(5.0, 4.2 * len(parts)), 1.1 + 0.24 * rows)
    figure, grid = new_figure(*size, columns=len(parts), squeeze=False)
    for axes, part in zip(grid[0], parts, strict=True):
        _draw_classes(axes, part, label, rows)
    figure.suptitle(
        f"Test crystals whose {label_noun(label)} is named right: {per_class['correct'].sum()} of "
        f"{per_class['crystals'].sum()}",
        **TITLE,
    )
    figure.supxlabel("share of the n test crystals named right, 95 % interval", fontsize=9)
    return figure


@mpl.rc_context(STYLE)
def per_crystal_system_figure(systems: pd.DataFrame) -> Figure:
    """Draw, for each crystal system, the share of right space groups and right crystal systems.

    With the physics line of space groups, where that is a column of the table.
    """
    figure, axes = new_figure(5.5, 1.4 + 0.45 * len(systems))
    places = np.arange(len(systems))
    looks = {
        "": {"color": BLUE, "label": "space group right"},
        "system_": {**HATCHED, "label": "crystal system right"},
    }
    for offset, (name, look) in zip((-0.19, 0.19), looks.items(), strict=True):
        reach = whiskers(systems, f"{name}recall", f"{name}low", f"{name}high")
        axes.barh(places + offset, systems[f"{name}recall"], 0.36, xerr=reach, **look, **WHISKERS)
    if "physics_line" in systems:
        axes.vlines(systems["physics_line"], places - 0.4, places, **PHYSICS_LINE)
    axes.set_yticks(places, names_with_counts(systems["crystal_system"], systems["crystals"]))
    axes.invert_yaxis()
    axes.set_xlabel("share of the crystal system's test crystals, 95 % interval")
    share_axis(axes, "x")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


@mpl.rc_context(STYLE)
def crystal_system_errors_figure(errors: pd.DataFrame, systems: pd.DataFrame) -> Figure:
    """Draw the rates of wrong predictions from each true crystal system (row) to the predicted one.

    From `systems`, as metrics.per_crystal_system returns it, come the number of crystals and the
    share of all wrong answers of a row.
    """
    rates = errors.to_numpy()
    figure, axes = new_figure(7.0, 5.0)
    texts = np.where(rates > 0, np.char.mod("%.1f", 100 * rates), "")
    image = draw_matrix(axes, rates, Normalize(0, max(float(np.nanmax(rates)), 0.01)), texts)
    axes.set_xticks(range(len(errors)), list(errors.columns), rotation=45, ha="right")
    known = systems.set_index("crystal_system")
    names = [
        _wrong_of_system(name, known.loc[name]) if name in known.index else f"{name} (n = 0)"
        for name in errors.index
    ]
    axes.set_yticks(range(len(errors)), names)
    for place in range(len(errors)):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=GREY))
    axes.set_xlabel("crystal system of the space group named")
    axes.set_ylabel("true crystal system; all wrong answers, 95 % interval")
    axes.set_title(
        f"Wrong space groups of {systems['crystals'].sum()} test crystals, per cent;\n"
        "on the diagonal the crystal system is right, grey has no crystals"
    )
    percent = PercentFormatter(1, decimals=None)
    label = "share of the true system's crystals"
    figure.colorbar(image, shrink=0.7, label=label, format=percent).outline.set_visible(False)
    return figure


@mpl.rc_context(STYLE)
def symmetry_figure(symmetry: pd.DataFrame, crystals: int) -> Figure:
    """Draw how often the answer shares the truth's space group, extinction class, and so on."""
    figure, axes = new_figure(7, 1.2 + 0.36 * len(symmetry))
    places = np.arange(len(symmetry))
    bars = axes.barh(
        places,
        symmetry["accuracy"],
        0.66,
        color=[BLUE] + [SKY_BLUE] * (len(symmetry) - 1),
        edgecolor=BLUE,
        xerr=whiskers(symmetry, "accuracy"),
        **WHISKERS,
    )
    axes.bar_label(bars, [f"{100 * share:.1f}" for share in symmetry["accuracy"]], padding=4)
    axes.axvline(symmetry["accuracy"].iloc[0], color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    names = [
        f"{level} ({n})" for level, n in zip(symmetry["level"], symmetry["classes"], strict=True)
    ]
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    share_axis(axes, "x")
    figure.supxlabel(
        "share of crystals whose answer is of the true class, 95 % interval", fontsize=9
    )
    figure.suptitle(f"Test crystals: n = {crystals} (in brackets: classes told apart)", **TITLE)
    return figure


@mpl.rc_context(STYLE)
def confusion_figure(confusion: pd.DataFrame, label: str) -> Figure:
    """Draw how the crystals of each true class (row) spread over the answers (columns).

    The shade is the share of the row; with few classes the cells also hold the counts. Lines part
    the crystal systems of space groups.
    """
    counts = confusion.to_numpy()
    names = confusion.index.to_numpy()
    classes = len(names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # A line of text takes three quarters of a cell's height.
    legible = classes * _SMALLEST_TEXT / 0.75 / 72
    edge = max(float(np.clip(0.36 * classes, 4.5, 10.5)), 1 + legible)
    figure, axes = new_figure(edge + 1, edge)
    size = float(np.clip(72 * (edge - 1) / classes * 0.75, _SMALLEST_TEXT, 9))
    written = (counts > 0) & (classes <= _CLASSES_WITH_COUNTS)
    # The square root makes single mistakes among many crystals visible.
    norm = PowerNorm(0.5, vmin=0, vmax=1)
    image = draw_matrix(axes, shares, norm, np.where(written, counts.astype(str), ""), size)
    written_names = [plain_text(class_name(label, name)) for name in names]
    axes.set_xticks(range(classes), written_names, rotation=90)
    axes.set_yticks(range(classes), written_names)
    axes.tick_params(labelsize=size, length=2)
    title = f"Test crystals: n = {counts.sum()}"
    if label == "spacegroup":
        systems = crystal_systems(names)
        for place in np.flatnonzero(systems[1:] != systems[:-1]) + 0.5:
            axes.axvline(place, color=GREY, linewidth=0.5)
            axes.axhline(place, color=GREY, linewidth=0.5)
        title += "; lines part the crystal systems"
    noun = label_noun(label)
    axes.set(xlabel=f"{noun} named by the network", ylabel=f"true {noun}", title=title)
    shade = f"share of the true {noun}'s\ncrystals, square-root scale"
    bar = figure.colorbar(image, shrink=0.6, label=shade, format=PercentFormatter(1))
    bar.outline.set_visible(False)
    return figure


def _wrong_of_system(name: str, row: "pd.Series[Any]") -> str:
    """Name a crystal system, its crystals, and its share of wrong answers with the interval."""
    wrong, low, high = (100 * (1 - row[column]) for column in ("recall", "high", "low"))
    return f"{name} (n = {row['crystals']:.0f})\n{wrong:.1f} % ({low:.1f} to {high:.1f})"


def _draw_classes(axes: Axes, table: pd.DataFrame, label: str, rows: int) -> None:
    places = np.arange(len(table))
    axes.barh(places, np.ones(len(table)), 0.74, color=LIGHT_GREY)
    reach = whiskers(table, "recall")
    axes.barh(places, table["recall"], 0.74, color=BLUE, xerr=reach, **WHISKERS)
    names = [plain_text(class_name(label, name)) for name in table["class"]]
    name_rows(axes, names_with_counts(names, table["crystals"]), rows)
    share_axis(axes, "x")
