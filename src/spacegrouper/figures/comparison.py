"""Figure of a network beside what it must beat."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spacegrouper.figures.looks import BLUE, HATCHED, ORANGE, STYLE, TITLE, WHISKERS
from spacegrouper.figures.toolkit import new_figure, share_axis, whiskers

_LOOKS = {
    "network": {"color": BLUE, "edgecolor": BLUE, "hatch": ""},
    "forest": HATCHED,
    "physics line": {"color": ORANGE, "edgecolor": ORANGE, "hatch": ""},
}


@mpl.rc_context(STYLE)
def comparison_figure(comparison: pd.DataFrame, crystals: int) -> Figure:
    """Draw how often the network, the forest and the physics line are right.

    `comparison`: as comparison.comparison_table returns it; `crystals`: how many were tested.
    """
    levels = comparison["level"].unique()
    height = max(2.1, 0.9 + 0.32 * len(comparison) + 0.2 * len(levels))
    figure, grid = new_figure(5.5, height, rows=len(levels), squeeze=False)
    for axes, level in zip(grid[:, 0], levels, strict=True):
        own = comparison[comparison["level"] == level]
        looks = {
            key: [_LOOKS[name][key] for name in own["answers"]]
            for key in ("color", "edgecolor", "hatch")
        }
        places = np.arange(len(own))
        reach = whiskers(own, "accuracy")
        bars = axes.barh(places, own["accuracy"], 0.7, xerr=reach, **looks, **WHISKERS)
        axes.bar_label(bars, [f"{100 * share:.1f}" for share in own["accuracy"]], padding=4)
        axes.set_yticks(places, own["answers"])
        axes.invert_yaxis()
        axes.set_title(f"{level} right", fontsize=9)
        share_axis(axes, "x")
    figure.supxlabel("share of the test crystals, 95 % interval", fontsize=9)
    figure.suptitle(f"Test crystals: n = {crystals}", **TITLE)
    return figure
