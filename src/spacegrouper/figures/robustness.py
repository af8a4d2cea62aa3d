"""Figures of robustness: accuracy against what is not perfect, and what a network then sees."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from spacegrouper.evaluation.perturbations import UNPERTURBED, Perturbation, Point
from spacegrouper.figures.looks import BLUE, GREY, STYLE, TITLE, VERMILION
from spacegrouper.figures.toolkit import draw_image, new_figure, share_axis, strip_axes, whiskers

_TITLES: dict[Perturbation, str] = {
    "none": "Unperturbed",
    "vacancies": "Missing atoms",
    "displacement": "Displaced atoms",
    "photons": "Few photons",
    "misorientation": "Turned crystals",
    "beam_stop": "Beam stop",
}
_AXES: dict[Perturbation, str] = {
    "vacancies": "share of the atoms that are missing",
    "displacement": "rms along each direction, Å",
    "photons": "photons counted in a pattern",
    "misorientation": "turn about a random axis, degrees",
    "beam_stop": "radius, pixels",
}
_TILE = 1.25  # edge of an image in the figure of examples, inches


@mpl.rc_context(STYLE)
def robustness_figure(curves: pd.DataFrame) -> Figure:
    """Draw the accuracy against each perturbation, with 95 % intervals.

    `curves`: as robustness.curves_table returns them, with a column extinction_class_accuracy or
    without.
    """
    unperturbed = curves[curves["perturbation"] == "none"].iloc[0]
    names = [name for name in _AXES if (curves["perturbation"] == name).any()]
    figure, panels = new_figure(8.2, 5.2, 2, 3, sharey=True)
    grid = panels.ravel()
    for axes, name in zip(grid, names, strict=False):
        _draw_curve(axes, curves[curves["perturbation"] == name], unperturbed)
        axes.set(title=_TITLES[name], xlabel=_AXES[name])
        if name == "photons":
            axes.set_xscale("log")
        elif name == "vacancies":
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    for axes in grid[::3]:
        axes.set_ylabel("share of crystals named right")
    grid[-1].legend(
        *grid[0].get_legend_handles_labels(),
        loc="center left",
        title=f"n = {unperturbed['crystals']:.0f} test crystals,\nthe same at all values",
        alignment="left",
    )
    return figure


@mpl.rc_context(STYLE)
def examples_figure(
    title: str,
    images: Mapping[Point, NDArray[np.float32]],
    answers: Mapping[Point, tuple[str, bool]],
) -> Figure:
    """Draw an image of one crystal as the network sees it, at each point: a row a perturbation.

    `title`: says which crystal and which image; `images`: (size, size, 3), 0 to 1, of UNPERTURBED
    too, with which each row begins; `answers`: what the network names the crystal, and whether
    that is right.
    """
    rows: list[Sequence[Point]] = [
        [UNPERTURBED, *(point for point in images if point.perturbation == name)]
        for name in _AXES
        if any(point.perturbation == name for point in images)
    ]
    columns = max(len(row) for row in rows)
    size = (_TILE * columns + 0.5, (_TILE + 0.42) * len(rows) + 0.4)
    figure, grid = new_figure(*size, len(rows), columns, squeeze=False)
    figure.suptitle(title, **TITLE)
    strip_axes(grid.flat)
    for line, points in zip(grid, rows, strict=True):
        line[0].set_ylabel(_TITLES[points[1].perturbation])
        for axes, point in zip(line, points, strict=False):
            name, right = answers[point]
            draw_image(axes, images[point], white=1)
            axes.set_title(_value(point), fontsize=9, loc="center")
            sign, colour = ("✓", BLUE) if right else ("✗", VERMILION)
            axes.set_xlabel(f"{sign} {name}", fontsize=8, color=colour)
    return figure


def _draw_curve(axes: Axes, curve: pd.DataFrame, unperturbed: "pd.Series[Any]") -> None:
    level: Any = {"color": GREY, "linewidth": 0.9}
    axes.axhline(unperturbed["accuracy"], linestyle="--", label="unperturbed", **level)
    axes.axhline(unperturbed["chance"], linestyle=":", label="chance", **level)
    axes.errorbar(
        curve["value"],
        curve["accuracy"],
        yerr=whiskers(curve, "accuracy"),
        fmt="o-",
        color=BLUE,
        markersize=4,
        linewidth=1.3,
        elinewidth=1,
        capsize=2,
        label="named right, 95 % interval",
    )
    if "extinction_class_accuracy" in curve:
        axes.plot(
            curve["value"],
            curve["extinction_class_accuracy"],
            "s--",
            color=VERMILION,
            markersize=7,
            markerfacecolor="none",
            linewidth=1.1,
            zorder=3,
            label="extinction class right",
        )
    share_axis(axes, "y")
    axes.set_yticks(np.linspace(0, 1, 5))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def _value(point: Point) -> str:
    """Say how strong a perturbation is, as short as a small image's heading must be."""
    value = point.value
    if point == UNPERTURBED:
        return "unperturbed"
    if point.perturbation == "vacancies":
        return f"{100 * value:g} %"
    if point.perturbation == "photons":
        power = round(math.log10(value))
        number = f"$10^{{{power}}}$" if value == 10**power else f"{value:g}"
        return f"{number} photons"
    units = {"displacement": " Å", "misorientation": "°", "beam_stop": " pixels"}
    return f"{value:g}{units[point.perturbation]}"
