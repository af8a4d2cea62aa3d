"""Pictures of an answer: what was measured, what the network saw of it, and what it says."""

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.figures.toolkit import BLUE, LIGHT_GREY, STYLE, enlarged, save_figure
from spacegrouper.prediction.answers import GUESSES, Answer
from spacegrouper.prediction.descriptions import facts, percent, title
from spacegrouper.prediction.trained_model import TrainedModel

_TILE = 2.3  # inches


@dataclass(frozen=True, eq=False)
class Picture:
    """An image (y, x) or (y, x, 3), uint8, or a curve (points,) over 2 theta, and what it is.

    `two_theta`: of a curve, its first and last angle, degrees.
    """

    caption: str
    values: NDArray[Any]
    two_theta: tuple[float, float] | None = None


def raw_pictures(answer: Answer, model: TrainedModel) -> list[Picture]:
    """Return the raw patterns, brightened, or the reflections of a powder."""
    if model.powder is not None:
        reflections = answer.raw[0, 0] / max(answer.raw.max(), 1)
        return [Picture("reflections of the powder", reflections, model.powder.two_theta)]
    patterns = zip(_views(model), answer.raw, strict=True)
    return [Picture(f"{view} view", _brightened(pattern)) for view, pattern in patterns]


def shaped_pictures(answer: Answer, model: TrainedModel) -> list[Picture]:
    """Return the shaped patterns; of powders there are none."""
    if answer.shaped is None:
        return []
    patterns = zip(_views(model), answer.shaped, strict=True)
    return [Picture(f"{view} view", pattern) for view, pattern in patterns]


def seen_pictures(answer: Answer, model: TrainedModel) -> list[Picture]:
    """Return the images that the network took, or the diffractogram."""
    descriptor = model.labels.descriptor
    size = f"{model.labels.image_size} {'points' if descriptor == 'diffractogram' else 'pixels'}"
    if model.powder is not None and descriptor == "diffractogram":
        curve = answer.seen[0][:, 0]
        return [Picture(f"{descriptor}, {size}", curve, model.powder.two_theta)]
    levels = [np.rint(255 * image).astype(np.uint8) for image in answer.seen]
    if len(levels) == 1:
        return [Picture(f"{descriptor}, {size}", levels[0])]
    images = zip(_views(model), levels, strict=True)
    return [Picture(f"{descriptor}, {view} view, {size}", image) for view, image in images]


@mpl.rc_context(STYLE)
def answer_figure(answer: Answer, model: TrainedModel) -> Figure:
    """Draw what was measured, the images that the network took, and its most probable classes."""
    figure = Figure(figsize=(5.2 * _TILE, 2 * _TILE + 0.9), layout="constrained")
    pictures, words = figure.subfigures(1, 2, squeeze=False, width_ratios=[3, 2.2])[0]
    figure.suptitle(textwrap.shorten(title(answer), 110), x=0.01, ha="left", weight="bold")
    raw, seen = pictures.subfigures(2, 1, squeeze=False)[:, 0]
    _draw_pictures(raw, "raw: ", raw_pictures(answer, model))
    _draw_pictures(seen, "seen: ", seen_pictures(answer, model))
    bars, lines = words.subplots(2, 1)
    _draw_guesses(bars, answer)
    _write_facts(lines, answer, model)
    return figure


def save_picture(figure: Figure, folder: Path, name: str) -> None:
    """Write `folder`/`name`.svg and .png; both are whole, or as they were before."""
    save_figure(figure, folder, name)


@mpl.rc_context(STYLE)
def png_address(picture: Picture) -> str:
    """Return a picture as the `data:` address of a PNG, which a page can hold."""
    file = BytesIO()
    if picture.two_theta is None:
        Image.fromarray(picture.values).save(file, format="PNG")
    else:
        figure = Figure(figsize=(7, 2.4), layout="constrained")
        _draw_curve(figure.subplots(), picture)
        figure.savefig(file, format="png", dpi=150)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _views(model: TrainedModel) -> list[str]:
    """Return the name of each view: the axis that the crystal is turned about."""
    return [view.axis for view in model.simulate.views]


def _brightened(pattern: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make faint and small spots visible: square roots of grey levels, spots grown to 3 x 3."""
    levels: NDArray[np.uint8] = np.rint(np.sqrt(enlarged(pattern) / 255.0) * 255.0).astype(np.uint8)
    return levels


def _draw_pictures(figure: Any, prefix: str, pictures: Sequence[Picture]) -> None:
    for axes, picture in zip(
        figure.subplots(1, len(pictures), squeeze=False)[0], pictures, strict=True
    ):
        axes.set_title(prefix + picture.caption, fontsize=9, loc="center")
        if picture.two_theta is not None:
            _draw_curve(axes, picture)
            continue
        axes.imshow(picture.values, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()


def _draw_curve(axes: Axes, picture: Picture) -> None:
    assert picture.two_theta is not None
    angles = np.linspace(*picture.two_theta, len(picture.values))
    axes.plot(angles, picture.values, color=BLUE, linewidth=0.8)
    axes.set_xlim(*picture.two_theta)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("2θ, degrees")
    axes.set_ylabel("intensity, strongest = 1")


def _draw_guesses(axes: Axes, answer: Answer) -> None:
    places = np.arange(len(answer.guesses))
    shares = [guess.probability for guess in answer.guesses]
    axes.barh(places, np.ones(len(places)), 0.55, color=LIGHT_GREY)
    axes.barh(places, shares, 0.55, color=BLUE)
    axes.set_yticks(places, [guess.name for guess in answer.guesses], fontsize=10)
    for place, share in zip(places, shares, strict=True):
        axes.text(1.02, place, percent(share), va="center", fontsize=10)
    # Answers of fewer classes keep bars of equal width.
    axes.set_ylim(GUESSES - 0.5, -0.5)
    axes.set_xlim(0, 1.2)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("The network's most probable answers")


def _write_facts(axes: Axes, answer: Answer, model: TrainedModel) -> None:
    lines = []
    for heading, text in facts(answer, model):
        # Spaces count in mathematical text only where they are escaped.
        lines += [r"$\bf{" + heading.replace(" ", r"\ ") + "}$", *textwrap.wrap(text, 62)]
    axes.text(0, 1, "\n".join(lines), va="top", fontsize=8.5, linespacing=1.35)
    axes.set_axis_off()
