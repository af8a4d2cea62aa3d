"""Figures of how far probabilities can be trusted; bands and whiskers are 95 % intervals.

Tables are those of evaluation/calibration.py: `refusal` is what refusal_table returns, and so on.
"""

from collections.abc import Mapping

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from spacegrouper.figures.looks import BLUE, GREY, LIGHT_GREY, STYLE, VERMILION
from spacegrouper.figures.toolkit import new_figure, share_axis, whiskers


@mpl.rc_context(STYLE)
def reliability_figure(reliability: pd.DataFrame, errors: Mapping[str, float]) -> Figure:
    """Draw how often answers are right against how sure they are, before and after calibration.

    `reliability`: once for each kind that the column `probabilities` names; `errors`: of each kind,
    the expected calibration error.
    """
    kinds = list(reliability["probabilities"].unique())
    figure, grid = new_figure(0.7 + 3.2 * len(kinds), 4.2, columns=len(kinds), squeeze=False)
    for axes, kind in zip(grid[0], kinds, strict=True):
        own = reliability[reliability["probabilities"] == kind]
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=0.8, label="reliable")
        axes.errorbar(
            own["probability"],
            own["accuracy"],
            whiskers(own, "accuracy"),
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
            f"{kind}: n = {own['crystals'].sum()}, {own['crystals'].max()} at most in a point\n"
            f"expected calibration error {100 * errors[kind]:.1f} %",
            fontsize=9,
        )
        for which in "xy":
            share_axis(axes, which)
    grid[0, 0].set_ylabel("share of right answers")
    figure.supxlabel("mean probability of the class named", fontsize=9)
    legend = grid[0, 0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside upper left", ncols=2)
    return figure


@mpl.rc_context(STYLE)
def refusal_figure(refusal: pd.DataFrame) -> Figure:
    """Draw the accuracy of the answers that are left when the least sure ones are refused."""
    figure, axes = new_figure(5, 3.8)
    share = refusal["share_answered"]
    axes.fill_between(
        share, refusal["low"], refusal["high"], color=LIGHT_GREY, label="95 % interval"
    )
    points = {"color": BLUE, "marker": "o", "markersize": 3.5}
    axes.plot(share, refusal["accuracy"], label="right answers", **points)
    axes.plot(
        share, refusal["threshold"], "--", color=VERMILION, label="smallest probability answered"
    )
    axes.set_xlabel("share of the test crystals that is answered, the surest first")
    axes.set_ylabel("share of the answers; probability")
    share_axis(axes, "x")
    share_axis(axes, "y")
    axes.set_title(f"Test crystals: n = {refusal['answered'].max()}")
    figure.legend(loc="outside lower center", ncols=2)
    return figure
