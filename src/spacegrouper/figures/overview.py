"""The figure of sample crystals, from pattern to answer."""

import textwrap
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spacegrouper.crystals.class_names import class_name
from spacegrouper.figures.looks import BLUE, LIGHT_GREY, NARROW_GAPS, STYLE, VERMILION
from spacegrouper.figures.samples import Sample, visible
from spacegrouper.figures.shares import percent
from spacegrouper.figures.spot_marks import mark_spots
from spacegrouper.figures.toolkit import draw_image, head_columns, new_figure, plain_text

_TILE = 1.7  # edge of an image, inches
_LARGE_FIGURE = 4.0  # edge of an image for which marks are made, inches
# Width of the answer beside the square images of the overview, in images.
_ANSWER_WIDTH = 1.3
_LETTERS = 24  # of an id in a line of it


@mpl.rc_context(STYLE)
def overview_figure(samples: Sequence[Sample], label: str) -> Figure:
    """Draw a row for each crystal: its pictures, as many of each, and the network's answer.

    `label`: what is told apart, as split.label.
    """
    rows = len(samples)
    headings = [picture.caption for picture in samples[0].pictures] + ["answer of the network"]
    widths = [1] * (len(headings) - 1) + [_ANSWER_WIDTH]
    lines = 1 + max(heading.count("\n") for heading in headings)
    size = (_TILE * sum(widths), _TILE * rows + 0.2 + 0.2 * lines)
    figure, grid = new_figure(*size, rows, len(widths), squeeze=False, width_ratios=widths)
    figure.set_layout_engine("constrained", **NARROW_GAPS | {"h_pad": 0.06})
    head_columns(grid, headings)
    for row, sample in zip(grid, samples, strict=True):
        for axes, picture in zip(row[:-1], sample.pictures, strict=True):
            draw_image(axes, visible(picture))
            mark_spots(axes, picture.marks, len(picture.values), _LARGE_FIGURE / _TILE)
        for axes in row:
            axes.set_axis_off()
        _write_answer(row[-1], sample, label)
    return figure


def _write_answer(axes: Axes, sample: Sample, label: str) -> None:
    sign, colour = ("✓ right", BLUE) if sample.right else ("✗ wrong", VERMILION)
    name = textwrap.fill(sample.material_id, _LETTERS, max_lines=2)
    true, predicted = (class_name(label, each) for each in (sample.true, sample.predicted))
    axes.text(0, 0.80, plain_text(name), weight="bold")
    axes.text(0, 0.64, plain_text(f"is {true}"))
    axes.text(0, 0.40, plain_text(f"named {predicted}"))
    axes.text(0, 0.24, f"{sign}, {percent(sample.probability)}", color=colour)
    axes.barh(0.12, 1, 0.08, color=LIGHT_GREY)
    axes.barh(0.12, sample.probability, 0.08, color=colour)
    axes.set(xlim=(0, 1), ylim=(0, 1), box_aspect=1 / _ANSWER_WIDTH)
