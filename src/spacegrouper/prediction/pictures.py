"""Pictures of an answer: what was measured, what the network saw of it, and what it says."""

import base64
import textwrap
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.picture import Picture
from spacegrouper.figures.looks import BLUE, LIGHT_GREY, STYLE, VERMILION
from spacegrouper.figures.samples import visible
from spacegrouper.figures.shares import percent
from spacegrouper.prediction.descriptions import facts, heading_of_guesses, title
from spacegrouper.prediction.guesses import GUESSES, Guess
from spacegrouper.prediction.verdicts import network_verdict
from spacegrouper.techniques.images import in_view_colours

if TYPE_CHECKING:
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel

_TILE = 2.3  # inches
_LINES = 0.3  # of the curve's height, that lines below it take


def measured_pictures(answer: "Answer", model: "TrainedModel") -> Mapping[str, Sequence[Picture]]:
    """Return what was measured of the crystal, as its technique has it, by headings."""
    return model.labels.technique.pictures(answer.arrays, model.labels.presentation.made_with)


def seen_pictures(answer: "Answer", model: "TrainedModel") -> list[Picture]:
    """Return the images that the network took, or the curve; nothing where it took numbers."""
    shown = model.labels.presentation
    descriptor = DESCRIPTORS[shown.descriptor]
    size = f"{shown.image_size} {descriptor.unit}"
    if descriptor.axis is not None:
        axis, first, last = descriptor.axis(shown.made_with)
        curve = answer.seen[0][:, 0]
        caption = f"{descriptor.name}, {size}"
        quantity = "the network's input"
        return [Picture(caption, curve, range=(first, last), axis=axis, quantity=quantity)]
    images = descriptor.drawn(answer.seen)
    levels = [in_view_colours(np.rint(255 * image).astype(np.uint8)) for image in images]
    if len(levels) == 1:
        return [Picture(f"{descriptor.name}, {size}", levels[0])]
    names = model.labels.technique.view_names
    views = names(shown.made_with) if names else [str(place) for place in range(1, len(levels) + 1)]
    return [
        Picture(f"{descriptor.name}, {view} view, {size}", image)
        for view, image in zip(views, levels, strict=True)
    ]


@mpl.rc_context(STYLE)
def answer_figure(
    answer: "Answer", model: "TrainedModel", threshold: float | None = None
) -> Figure:
    """Draw what was measured, the images that the network took, and its most probable classes."""
    figure = Figure(figsize=(5.2 * _TILE, 2 * _TILE + 0.9), layout="constrained")
    pictures, words = figure.subfigures(1, 2, squeeze=False, width_ratios=[3, 2.2])[0]
    heading = textwrap.shorten(title(answer), 110)
    sentence = textwrap.fill(network_verdict(answer, model, threshold), 130)
    figure.suptitle(f"{heading}\n{sentence}", x=0.01, ha="left", weight="bold")
    rows = {
        "raw: ": next(iter(measured_pictures(answer, model).values())),
        "seen: ": seen_pictures(answer, model),
    }
    rows = {prefix: row for prefix, row in rows.items() if row}
    parts = pictures.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (prefix, row) in zip(parts, rows.items(), strict=True):
        _draw_pictures(part, prefix, row)
    bars, lines = words.subplots(2, 1, height_ratios=[1, 1.6])
    draw_guesses(bars, answer.guesses, [guess.name for guess in answer.guesses])
    bars.set_title(heading_of_guesses(answer, model) or "The most probable answers")
    write_facts(lines, facts(answer, model))
    return figure


@mpl.rc_context(STYLE)
def png_address(picture: Picture) -> str:
    """Return a picture as the `data:` address of a PNG, which a page can hold."""
    file = BytesIO()
    if picture.range is None:
        Image.fromarray(visible(picture)).save(file, format="PNG")
    else:
        figure = Figure(figsize=(7, 2.4), layout="constrained")
        _draw_curve(figure.subplots(), picture)
        figure.savefig(file, format="png", dpi=150)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _draw_pictures(figure: Any, prefix: str, pictures: Sequence[Picture]) -> None:
    for axes, picture in zip(
        figure.subplots(1, len(pictures), squeeze=False)[0], pictures, strict=True
    ):
        axes.set_title(prefix + picture.caption, fontsize=9, loc="center")
        if picture.range is not None:
            _draw_curve(axes, picture)
            continue
        axes.imshow(visible(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()


def _draw_curve(axes: Axes, picture: Picture) -> None:
    assert picture.range is not None
    angles = np.linspace(*picture.range, len(picture.values))
    axes.plot(angles, picture.values, color=BLUE, linewidth=0.8)
    axes.set_xlim(*picture.range)
    axes.set_ylim(bottom=0)
    if picture.lines is not None:
        places, heights = picture.lines.T
        axes.vlines(places, -0.05 - _LINES * heights, -0.05, color=VERMILION, linewidth=0.8)
        axes.set_ylim(bottom=-0.1 - _LINES)
        axes.set_yticks(np.linspace(0, 1, 5))  # the lines are on no scale
        axes.axhline(0, color=LIGHT_GREY, linewidth=0.5)
    axes.set_xlabel(picture.axis)
    axes.set_ylabel(picture.quantity)


def draw_guesses(axes: Axes, guesses: Sequence[Guess], names: Sequence[str]) -> None:
    """Draw the most probable classes as bars."""
    places = np.arange(len(guesses))
    shares = [guess.probability for guess in guesses]
    axes.barh(places, np.ones(len(places)), 0.55, color=LIGHT_GREY)
    axes.barh(places, shares, 0.55, color=BLUE)
    axes.set_yticks(places, names, fontsize=10)
    for place, share in zip(places, shares, strict=True):
        axes.text(1.02, place, percent(share), va="center", fontsize=10)
    # Answers of fewer classes keep bars of equal width.
    axes.set_ylim(GUESSES - 0.5, -0.5)
    axes.set_xlim(0, 1.2)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def write_facts(
    axes: Axes, rows: Sequence[tuple[str, str]], width: int = 62, room: int = 19
) -> None:
    """Write headings and texts below each other.

    `width`: letters of a line; `room`: lines that the axes hold, more are smaller.
    """
    lines = []
    for heading, text in rows:
        # Spaces count in mathematical text only where they are escaped.
        lines += [r"$\bf{" + heading.replace(" ", r"\ ") + "}$", *textwrap.wrap(text, width)]
    size = 8.5 * min(1, room / max(len(lines), 1))
    axes.text(0, 1, "\n".join(lines), va="top", fontsize=size, linespacing=1.35)
    axes.set_axis_off()
