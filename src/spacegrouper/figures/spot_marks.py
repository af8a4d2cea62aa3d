"""Rings about spots of an image, with what they are called beside them, where there is room."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from spacegrouper.contract.picture import Mark

_COLOUR = "#F0E442"  # yellow of Okabe and Ito: seen on black by colour-blind readers too
# Of a large figure: the radius of what is in a label's way about a spot, width and height of a
# letter and of a label, and the least distance of a label, in pixels of an image of 256.
_SPOT, _LETTER, _LABEL, _APART = 5, 2.4, 6, 14


def mark_spots(axes: Axes, marks: Sequence[Mark], pixels: int, scale: float = 1) -> None:
    """Ring the spots of a square image and write their names beside them.

    `pixels`: of an edge of the image; `scale`: how much more of the image a letter takes than in a
    figure of 4 inches.
    """
    unit = scale * pixels / 256
    spots = [np.array([mark.column, mark.row], float) for mark in marks]
    # Of what is in a label's way: the middle, and half of the width and height.
    boxes = [(spot, np.array([_SPOT, _SPOT]) * unit) for spot in spots]
    for spot, mark in zip(spots, marks, strict=True):
        axes.plot(
            *spot, marker="o", markersize=9 / scale**0.5, markerfacecolor="none", color=_COLOUR
        )
        size = np.array([_LETTER * mark.letters + _LABEL, _LABEL]) * unit
        place = _free_place(spot, size, boxes, pixels, unit)
        boxes.append((place, size))
        axes.annotate(
            mark.text,
            (spot[0], spot[1]),
            (place[0], place[1]),
            color=_COLOUR,
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": _COLOUR, "linewidth": 0.5, "shrinkB": 4.5},
        )


def _free_place(
    spot: Any, size: Any, boxes: list[tuple[Any, Any]], pixels: int, unit: float
) -> Any:
    """Return the middle of a label: as near its spot as others allow, outwards if possible."""
    centre = (pixels - 1) / 2
    outwards = np.arctan2(spot[1] - centre, spot[0] - centre)
    for distance in np.arange(_APART, 100, 6) * unit:
        for aside in np.radians([0, 30, -30, 60, -60, 90, -90, 120, -120, 150, -150, 180]):
            angle = outwards + aside
            place = spot + distance * np.array([np.cos(angle), np.sin(angle)])
            inside = np.all(abs(place - centre) + size <= centre)
            if inside and all(np.any(abs(place - other) >= size + half) for other, half in boxes):
                return place
    return spot
