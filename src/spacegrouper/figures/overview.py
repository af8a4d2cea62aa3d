"""The figure of sample crystals, from pattern to answer."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from spacegrouper.crystals.class_names import class_name
from spacegrouper.figures.samples import Sample, visible
from spacegrouper.figures.toolkit import BLUE, LIGHT_GREY, STYLE, VERMILION, draw_image

# Width of the answer beside the square images of the overview, in images.
_ANSWER_WIDTH = 1.3


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
            draw_image(axes, visible(picture))
        row[-1].set_axis_off()
        _write_answer(row[-1], sample, label)
    return figure


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
