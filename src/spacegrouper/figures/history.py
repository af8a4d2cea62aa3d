"""The figure of a training's history."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spacegrouper.figures.toolkit import BLUE, GREY, STYLE, VERMILION, share_axis


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
    share_axis(accuracy_axes, "y")
    accuracy_axes.set_title("Accuracy")
    handles, labels = loss_axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure
