"""Shaped diffraction patterns: neighbouring spots joined by lines, so that a pattern gains shape.

Method: Tiong, Kim, Han, Kim, npj Comput. Mater. 6:196 (2020), by default in the form of the program
that the authors released: it joins bright pixels, not spots, and made the data of the paper. The
values are those of the released program before its cast to 8 bits; the cast here clamps 256 to 255
where the program wraps it to 0. Values are the same 0 to 256 whatever the bits of the grey levels:
one of 16 bits counts 1/257. nodes.py joins spots instead, as the paper's text says. The rules
of both are in docs/shaping.md.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.techniques.images import levels_of_one
from spacegrouper.techniques.patterns.nodes import join_nodes
from spacegrouper.techniques.patterns.settings import Shape

# The released program joins every pair of a pattern with no more distances than this, counted
# from both ends of each pair.
_FEW_DISTANCES = 100


def normalise(raw: Levels, settings: Shape) -> NDArray[np.float32]:
    """Scale a pattern so that its brightest pixel outside the direct beam is 256.

    The central window keeps its original values, white being 255, and so does a pattern that is
    dark outside the window. `raw`: (height, width); returns the same shape.
    """
    window = settings.window(len(raw))
    normalised: NDArray[np.float32] = _normalise(raw, *window, levels_of_one(raw.dtype))
    return normalised


def shape_pattern(raw: Levels, settings: Shape) -> NDArray[np.float32]:
    """Return the shaped pattern, values 0 to 256, of a raw one; (height, width) both."""
    normalised = normalise(raw, settings)
    bright = normalised >= settings.threshold
    shaped = normalised.copy()
    if settings.method == "pixels":
        _join_pixels(shaped, bright, settings.minimum_distance, settings.reach)
    else:
        join_nodes(shaped, raw, bright, settings.reach)
    _restore(shaped, normalised, settings.restore_above)
    return shaped


def shape_patterns(raw: Levels, settings: Shape) -> Levels:
    """Return the shaped patterns of (..., height, width) raw ones, levels of as many bits."""
    shaped = np.empty_like(raw)
    for index in np.ndindex(raw.shape[:-2]):
        shaped[index] = as_levels(shape_pattern(raw[index], settings), raw.dtype)
    return shaped


def as_levels(values: NDArray[np.float32], dtype: np.dtype[Any]) -> Levels:
    """Cut values of 0 to 256 to whole grey levels of 8 or 16 bits; from 255 on they are white.

    Levels that `normalise` has left as they are become the same again: 257 is a sum of two powers
    of two, so that (n / 257) 257 is rounded to n (Goldberg, ACM Comput. Surv. 23, 5, 1991).
    """
    clamped = np.minimum(values, np.float32(255)) * np.float32(levels_of_one(dtype))
    levels: Levels = clamped.astype(dtype)
    return levels


@njit(cache=True, nogil=True)
def _normalise(raw: Any, first: int, last: int, levels_of_one: int) -> Any:
    height, width = raw.shape
    brightest = 0
    for row in range(height):
        for column in range(width):
            if not (first <= row <= last and first <= column <= last):
                brightest = max(brightest, raw[row, column])
    normalised = (raw / levels_of_one).astype(np.float32)
    if brightest == 0:
        return normalised
    for row in range(height):
        for column in range(width):
            if not (first <= row <= last and first <= column <= last):
                normalised[row, column] = raw[row, column] / brightest * 256
    return normalised


@njit(cache=True, nogil=True)
def _restore(image: Any, normalised: Any, above: float) -> None:
    """Give the pixels whose normalised value is above a limit that value again."""
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if normalised[row, column] > above:
                image[row, column] = normalised[row, column]


@njit(cache=True, nogil=True)
def _join_pixels(image: Any, bright: Any, minimum_distance: float, reach: float) -> None:
    """Set to 255 the lines between bright pixels, as the released program does."""
    rows, columns = np.nonzero(bright)
    smallest, few = _smallest_distance(rows, columns, minimum_distance)
    _draw_lines(image, rows, columns, np.inf if few else reach * smallest)


@njit(cache=True, nogil=True)
def _smallest_distance(rows: Any, columns: Any, minimum: float) -> Any:
    """Return the smallest distance between spots, and whether there are few distances at all.

    A distance is sqrt(dx^2 + dy^2 - 2), of pixels apart in both row and column. The pixels come
    in row order, so a search may stop at the first row that is farther off than the best so far.
    """
    smallest = np.inf
    found = 0
    for i in range(rows.size):
        for j in range(i + 1, rows.size):
            down = rows[j] - rows[i]
            if found > _FEW_DISTANCES and down * down - 2 >= smallest * smallest:
                break
            across = columns[j] - columns[i]
            if down == 0 or across == 0:
                continue
            distance = np.sqrt(float(down * down + across * across - 2))
            if distance >= minimum:
                found += 2
                smallest = min(smallest, distance)
    return smallest, found <= _FEW_DISTANCES


@njit(cache=True, nogil=True)
def _draw_lines(image: Any, rows: Any, columns: Any, limit: float) -> None:
    """Draw the line of every pair of pixels up to `limit` apart, from both of its ends."""
    for i in range(rows.size):
        for j in range(i + 1, rows.size):
            down = rows[j] - rows[i]
            if down > limit:
                break
            across = columns[j] - columns[i]
            if down == 0 or across == 0:
                continue
            if np.sqrt(float(down * down + across * across)) <= limit:
                _draw_line(image, rows[i], columns[i], rows[j], columns[j])
                _draw_line(image, rows[j], columns[j], rows[i], columns[i])


@njit(cache=True, nogil=True)
def _draw_line(image: Any, row: int, column: int, end_row: int, end_column: int) -> None:
    """Set to 255 the pixels nearest to evenly spaced points, halves rounded to even.

    One point fewer than the longer side has pixels: this is how the released program spaces them,
    and the point steps are computed as it does, because a half rounds either way by the last bit.
    """
    points = max(abs(end_row - row), abs(end_column - column))
    image[row, column] = 255
    if points < 2:
        return
    row_step = (end_row - row) / (points - 1)
    column_step = (end_column - column) / (points - 1)
    for point in range(1, points - 1):
        image[int(np.rint(point * row_step + row)), int(np.rint(point * column_step + column))] = (
            255
        )
    image[end_row, end_column] = 255
