"""Images and curves for people, as techniques draw them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mark:
    """A spot of an image that has a name.

    Args:
        row, column: its pixel.
        text: the name, in matplotlib's mathtext.
        letters: how many are seen of the name.
    """

    row: int
    column: int
    text: str
    letters: int


@dataclass(frozen=True, eq=False)
class Picture:
    """An image for people: grey (y, x) or RGB (y, x, 3), uint8, or a curve (points,).

    Args:
        caption: what it is.
        values: the image, or the curve with its largest value near 1.
        spots: whether it consists of spots of a pixel or two, which a small figure would lose.
        range: of a curve, what the first and the last of its points stand for.
        axis: of a curve, what they are, such as `2θ, degrees`.
        quantity: of a curve, what its values are, such as `intensity, strongest = 1`.
        marks: spots of an image that a figure may name.
        lines: of a curve, places and heights (n, 2) of lines that are drawn below it.
    """

    caption: str
    values: NDArray[Any]
    spots: bool = False
    range: tuple[float, float] | None = None
    axis: str = ""
    quantity: str = ""
    marks: tuple[Mark, ...] = ()
    lines: NDArray[np.float64] | None = None
