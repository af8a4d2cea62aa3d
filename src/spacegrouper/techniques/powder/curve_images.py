"""Diffractograms as images: a line drawn as matplotlib's Agg does it, then turned and changed.

The line is drawn from its exact outline (docs/powder.md).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.techniques.powder.settings import Augment

LINE_WIDTH = 1.0  # pixels

_TOP = 1.05  # of the image; the highest peak is 1
# As Agg joins the parts of a line: how far edges of the inner side are cut where they meet, and the
# largest distance of a round corner's polygon from its arc, of which nearly flat ones have none.
_INNER_MITER = 1.01  # radii
_ARC_ERROR = 0.125  # pixels
_FLAT_ARC = 1 / 1024  # radii


def draw_images(
    diffractograms: NDArray[np.float32], size: int, line_width: float = LINE_WIDTH
) -> NDArray[np.uint8]:
    """Draw diffractograms (n, points), 0 to 1, as a white line on black; (n, size, size).

    The line, `line_width` pixels wide, runs over the whole width; the image is 1.05 high.
    """
    images = np.empty((len(diffractograms), size, size), dtype=np.uint8)
    for image, heights in zip(images, diffractograms, strict=True):
        _draw(image, heights * (size / _TOP), line_width / 2)
    return images


def augment_images(
    images: NDArray[np.uint8], augment: Augment, generators: Sequence[np.random.Generator]
) -> NDArray[np.uint8]:
    """Rotate images (n, size, size) about their centres, then change their contrast.

    Rotation interpolates linearly, what comes in from outside is black; contrast multiplies the
    differences from the image's mean grey level.
    """
    changed = np.empty_like(images)
    for row, (image, generator) in enumerate(zip(images, generators, strict=True)):
        turn = np.radians(augment.rotation * generator.uniform(-1, 1))
        factor = 1 + augment.contrast * generator.uniform(-1, 1)
        _turn(changed[row], image, np.cos(turn), np.sin(turn))
        if factor != 1:
            mean = changed[row].mean()
            grey = mean + factor * (changed[row] - mean)
            changed[row] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return changed


@njit(cache=True, nogil=True)
def _draw(image: Any, heights: Any, radius: float) -> None:
    """Draw the line of heights (points,), pixels, over the width of an image (size, size).

    The outline runs along the upper side of the line, and back along the lower one.
    """
    size = len(image)
    spacing = size / (len(heights) - 1)
    # Of each row, what the coverage of a pixel has more than that of its left neighbour.
    changes = np.zeros((size, size + 1))
    last = len(heights) - 1
    # Both ends lie outside the image; the left one counts, as it is where pixels become covered.
    _add_edge(changes, -radius, heights[0] - radius, -radius, heights[0] + radius)
    for side in (1, -1):
        # Rightwards above the line, leftwards below it.
        first = 0 if side == 1 else last
        x, y = first * spacing - side * radius, heights[first] + side * radius
        for step in range(1, last):
            middle = first + side * step
            before = heights[middle] - heights[middle - side]
            after = heights[middle + side] - heights[middle]
            x, y = _join(
                changes,
                x,
                y,
                middle * spacing,
                heights[middle],
                side * spacing,
                before,
                after,
                radius,
            )
        end = last - first
        _add_edge(changes, x, y, end * spacing + side * radius, heights[end] + side * radius)
    for row in range(size):
        covered = 0.0
        for column in range(size):
            covered += changes[size - 1 - row, column]
            # Where the line overlaps itself, Agg adds up what is covered, to no more than all.
            image[row, column] = int(min(abs(covered), 1.0) * 255 + 0.5)


@njit(cache=True, nogil=True)
def _join(
    changes: Any,
    x: float,
    y: float,
    corner_x: float,
    corner_y: float,
    across: float,
    before: float,
    after: float,
    radius: float,
) -> Any:
    """Add the outline on the left of a corner, from (x, y) on; return the point that it reaches.

    `across`: both parts of the line in x; `before`, `after`: the parts in y.
    """
    length_before, length_after = np.hypot(across, before), np.hypot(across, after)
    # Unit vectors to the left of both parts.
    x_1, y_1 = -before / length_before, across / length_before
    x_2, y_2 = -after / length_after, across / length_after
    turn = np.arctan2(x_1 * y_2 - y_1 * x_2, x_1 * x_2 + y_1 * y_2)
    miter = 1 / np.cos(turn / 2)
    if turn > 0:
        # The inner side: the edges are cut where they meet, unless they are too short for that.
        cut = miter <= max(min(length_before, length_after) / radius, _INNER_MITER)
        points = 0
    else:
        cut = 1 - 1 / miter < _FLAT_ARC
        points = int(-turn / (2 * np.arccos(radius / (radius + _ARC_ERROR))))
    if cut:
        scale = radius * miter / np.hypot(x_1 + x_2, y_1 + y_2)
        next_x, next_y = corner_x + scale * (x_1 + x_2), corner_y + scale * (y_1 + y_2)
        _add_edge(changes, x, y, next_x, next_y)
        return next_x, next_y
    for point in range(points + 2):
        angle = turn * point / (points + 1)
        cos, sin = np.cos(angle), np.sin(angle)
        next_x = corner_x + radius * (cos * x_1 - sin * y_1)
        next_y = corner_y + radius * (sin * x_1 + cos * y_1)
        _add_edge(changes, x, y, next_x, next_y)
        x, y = next_x, next_y
    return x, y


@njit(cache=True, nogil=True)
def _add_edge(changes: Any, x: float, y: float, end_x: float, end_y: float) -> None:
    """Add the part of each pixel to the right of an edge: downwards positive, upwards negative.

    `changes`: (size, size + 1), row 0 at y = 0. Summed over a closed outline, this is the part
    of a pixel that is inside, as often as the outline runs around it.
    """
    if y == end_y:
        return
    direction = 1.0
    if y > end_y:
        x, y, end_x, end_y, direction = end_x, end_y, x, y, -1.0
    size = len(changes)
    slope = (end_x - x) / (end_y - y)
    for row in range(max(int(np.floor(y)), 0), min(int(np.ceil(end_y)), size)):
        bottom, top = max(y, float(row)), min(end_y, row + 1.0)
        one, other = x + slope * (bottom - y), x + slope * (top - y)
        left, right = max(min(one, other), 0.0), min(max(one, other), float(size))
        left, right = min(left, float(size)), max(right, 0.0)
        part = direction * (top - bottom)
        before, before_that = 0.0, 0.0
        for column in range(int(left), min(int(right) + 1, size) + 1):
            # The mean of what is right of the edge, of x from 0 to the end of this column.
            reached = column + 1.0
            if reached < right:
                until = (reached - left) ** 2 / (2 * (right - left))
            else:
                until = reached - (left + right) / 2
            changes[row, column] += part * (until - 2 * before + before_that)
            before, before_that = until, before


@njit(cache=True, nogil=True)
def _turn(turned: Any, image: Any, cos: float, sin: float) -> None:
    """Turn an image (size, size) counter-clockwise about its centre."""
    size = len(image)
    centre = (size - 1) / 2
    for row in range(size):
        for column in range(size):
            across, down = column - centre, row - centre
            x = centre + cos * across - sin * down
            y = centre + sin * across + cos * down
            left, top = int(np.floor(x)), int(np.floor(y))
            grey = 0.0
            for j in range(top, top + 2):
                for i in range(left, left + 2):
                    if 0 <= i < size and 0 <= j < size:
                        grey += image[j, i] * (1 - abs(x - i)) * (1 - abs(y - j))
            turned[row, column] = int(grey + 0.5)
