"""A picture of each micrograph: what was found in it, and what the answer is."""

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spacegrouper.figures.looks import BLUE, ORANGE, STYLE, VERMILION
from spacegrouper.figures.shares import percent
from spacegrouper.prediction.list_descriptions import group_name
from spacegrouper.prediction.micrograph_descriptions import pattern_facts
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.prediction.verdicts import micrograph_verdict
from spacegrouper.techniques.micrographs.chain import IndexedMicrograph, MeasuredMicrograph

_TILE = 4.6  # inches
_FACTS = 2.1  # inches below it
_MOST_LABELS = 26  # indices that are written
_COLUMNS = 3


@mpl.rc_context(STYLE)
def micrograph_figure(answer: MicrographAnswer, threshold: float | None = None) -> Figure:
    """Draw the answer, and each micrograph with beam, mask, spots and indices over it."""
    patterns = answer.given.patterns
    indexed = answer.given.indexed or (None,) * len(patterns)
    columns = min(len(patterns), _COLUMNS)
    rows = -(-len(patterns) // columns)
    figure = Figure(
        figsize=(_TILE * columns + 0.4, (_TILE + _FACTS) * rows + 2.2), layout="constrained"
    )
    sentence = textwrap.fill(micrograph_verdict(answer, threshold), 60 * columns)
    figure.suptitle(sentence, x=0.01, ha="left", weight="bold", fontsize=10)
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[(_TILE + _FACTS) * rows, 2.2])[
        :, 0
    ]
    grid = parts[0].subplots(rows, columns, squeeze=False).ravel()
    for axes, measured, one in zip(grid, patterns, indexed, strict=False):
        _draw_pattern(axes, measured, one)
    for axes in grid[len(patterns) :]:
        axes.set_axis_off()
    _write_answer(parts[1].subplots(), answer)
    return figure


def _draw_pattern(
    axes: Axes, measured: MeasuredMicrograph, indexed: IndexedMicrograph | None
) -> None:
    lattice, counts = measured.lattice, measured.micrograph.counts
    low, high = np.quantile(counts, (0.01, 0.997))
    grey = np.sqrt(np.clip((counts - low) / max(high - low, 1e-12), 0, 1))
    axes.imshow(grey, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    if measured.ground.hidden.any():
        axes.contour(measured.ground.hidden, [0.5], colors=ORANGE, linewidths=1.2)
    on = lattice.on
    axes.scatter(
        lattice.spots[on, 1], lattice.spots[on, 0], s=26, facecolors="none", edgecolors=BLUE,
        linewidths=0.8,
    )  # fmt: skip
    axes.scatter(
        lattice.spots[~on, 1], lattice.spots[~on, 0], s=26, marker="x", color=VERMILION,
        linewidths=0.8,
    )  # fmt: skip
    axes.plot(lattice.origin[1], lattice.origin[0], "+", color=VERMILION, markersize=14)
    for vector in lattice.vectors:
        axes.annotate(
            "", tuple(lattice.origin[::-1] + vector[::-1]), tuple(lattice.origin[::-1]),
            arrowprops={"arrowstyle": "->", "color": VERMILION, "linewidth": 1.2},
        )  # fmt: skip
    if indexed is not None:
        _write_indices(axes, measured, indexed)
    axes.set(xticks=[], yticks=[])
    axes.set_title(textwrap.shorten(measured.micrograph.name, 60), fontsize=9)
    lines = [f"{heading}: {text}" for heading, text in pattern_facts(measured, indexed)]
    wrapped = [part for line in lines for part in textwrap.wrap(line, 68, subsequent_indent="   ")]
    axes.text(0, -0.02, "\n".join(wrapped), transform=axes.transAxes, va="top", fontsize=7.5)


def _write_indices(axes: Axes, measured: MeasuredMicrograph, indexed: IndexedMicrograph) -> None:
    lattice = measured.lattice
    far = np.linalg.norm(lattice.nodes @ lattice.vectors, axis=1)
    chosen = [
        place for place in np.argsort(far, kind="stable") if lattice.on[place] and far[place] > 0
    ]
    for place in chosen[:_MOST_LABELS]:
        hkl = lattice.nodes[place] @ indexed.zone.vectors
        row, column = lattice.spots[place]
        text = axes.annotate(
            _indices(hkl.tolist()), (column, row), (3, 3), textcoords="offset points", fontsize=6.5,
            color=BLUE,
        )  # fmt: skip
        text.set_clip_on(True)


def _indices(hkl: list[int]) -> str:
    separator = " " if max(map(abs, hkl)) > 9 else ""
    return separator.join(f"{abs(index)}\u0305" if index < 0 else str(index) for index in hkl)


def _write_answer(axes: Axes, answer: MicrographAnswer) -> None:
    lines = []
    if answer.ranked:
        lines = [
            f"{rank}  {group_name(group)}  {percent(group.probability)}"
            for rank, group in enumerate(answer.ranked.ranking.groups, start=1)
        ]
    words = [part for text in answer.limits for part in textwrap.wrap(text, 100)]
    axes.text(0, 1, "\n".join(lines), va="top", fontsize=9)
    left = 0.3 if lines and len(answer.given.patterns) > 1 else 0.0
    top = 1.0 if left or not lines else 0.42
    axes.text(left, top, "\n".join(words), va="top", fontsize=7.5)
    handles = [
        Line2D([], [], marker="o", ls="", mfc="none", color=BLUE, label="spot on the lattice"),
        Line2D([], [], marker="x", ls="", color=VERMILION, label="other spot"),
        Line2D([], [], marker="+", ls="", color=VERMILION, label="beam"),
        Line2D([], [], color=ORANGE, label="hidden: beam stop or saturated"),
    ]
    axes.legend(handles=handles, loc="lower left", ncols=4, fontsize=7.5, bbox_to_anchor=(0, -0.1))
    axes.set_axis_off()
