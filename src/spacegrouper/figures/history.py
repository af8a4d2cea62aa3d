"""The figure of a training's history."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spacegrouper.figures.looks import BLUE, GREY, OPEN_POINTS, STYLE, VERMILION
from spacegrouper.figures.toolkit import new_figure, share_axis


@mpl.rc_context(STYLE)
def history_figure(history: pd.DataFrame, kept_epoch: int) -> Figure:
    """Draw the loss and the accuracy of each epoch, and mark the epoch whose weights are kept.

    `history`, `kept_epoch`: as model_folder.read_history returns them.
    """
    marker = "." if len(history) == 1 else None  # one epoch alone makes no line
    kept = history[history["epoch"] == kept_epoch].iloc[0]
    figure, (loss_axes, accuracy_axes) = new_figure(8, 3.3, columns=2)
    for axes, name in ((loss_axes, "loss"), (accuracy_axes, "accuracy")):
        for column, look in (
            (name, {"color": BLUE, "label": "training"}),
            (f"validation_{name}", {"color": VERMILION, "ls": "--", "label": "validation"}),
        ):
            axes.plot(history["epoch"], history[column], marker=marker, **look)
        axes.axvline(kept_epoch, color=GREY, linewidth=0.8, linestyle=":")
        found = kept[f"validation_{name}"]
        axes.plot(kept_epoch, found, "o", label=f"kept: epoch {kept_epoch}", **OPEN_POINTS)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss_axes.set(ylabel="cross-entropy of all heads, nats", title="Loss")
    loss_axes.set_ylim(bottom=0)
    accuracy_axes.set(ylabel="top-1 accuracy", title="Accuracy")
    share_axis(accuracy_axes, "y")
    legend = loss_axes.get_legend_handles_labels()
    figure.legend(*legend, loc="outside lower center", ncols=3)
    return figure
