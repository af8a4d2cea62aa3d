"""Bitmaps of the habits of crystals: silhouettes, or faces as bright as the light falls on them."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.techniques.morphology.habit import Facet, habit
from spacegrouper.techniques.morphology.settings import Morphology

_BATCH = 64  # crystals handed on at a time
_MARGIN = 0.05  # of the bitmap's half width, left free around the crystal
# Lines drawn in each row of pixels; along them pixels are covered exactly.
_LINES = 16
# The light comes from the left above, from behind the viewer's shoulder: right, up, towards viewer.
_LIGHT = np.array([-0.3, 0.4, 1.0]) / np.linalg.norm([-0.3, 0.4, 1.0])
_AMBIENT = 0.2  # brightness of a face that no light falls on, which still is not the background


def draw_crystals(
    crystals: Sequence[Crystal], settings: Morphology, processes: int
) -> Iterator[Patterns]:
    """Draw the habits of standardised crystals, 64 at a time; no result depends on the processes.

    The values are grey levels, (n, views, pixels, pixels). A drawing has no intensity:
    intensity_max is not a number. A crystal without a space group or a habit is rejected.
    """
    drawn = map_in_order(partial(_draw, settings=settings), crystals, processes)
    while batch := list(islice(drawn, _BATCH)):
        values, reasons = zip(*batch, strict=True)
        bitmaps = np.stack(values)
        yield Patterns(bitmaps, np.full(bitmaps.shape[:2], np.nan), reasons)


def _draw(crystal: Crystal, settings: Morphology) -> tuple[NDArray[np.uint8], str]:
    """Return a crystal's bitmaps, and why there are none."""
    try:
        if not space_group_of(crystal):
            raise ValueError("no `spacegroup` from 1 to 230; standardise it first")
        return draw_habit(habit(crystal, settings.largest_index), settings), ""
    except ValueError as error:
        edge = settings.pixels
        return np.zeros((len(settings.views), edge, edge), dtype=np.uint8), str(error)


def draw_habit(facets: tuple[Facet, ...], settings: Morphology) -> NDArray[np.uint8]:
    """Return bitmaps of a crystal seen from far away: (views, pixels, pixels).

    Row 0 is on top, where the crystal's z axis points as far as it can be seen, or its x axis if
    z points almost at the viewer. The centre of the crystal is that of the bitmap; one scale, the
    same for all views, lets it just fit. `silhouette`: 255 where the crystal is, 0 elsewhere;
    `shaded`: by Lambert's law, 51 where the light passes a face by. Edges are antialiased: a
    pixel is as bright as the average over its area.
    """
    frames = [_frame(view) for view in settings.views]
    extent = max(np.abs(face.polygon @ frame[:2].T).max() for frame in frames for face in facets)
    scale = (1 - _MARGIN) * settings.pixels / 2 / extent
    bitmaps = np.zeros((len(frames), settings.pixels, settings.pixels))
    for bitmap, frame in zip(bitmaps, frames, strict=True):
        for facet in facets:
            right, up, towards = frame @ facet.normal
            # The faces of a convex body that can be seen hide no other one.
            if towards <= 0:
                continue
            brightness = 1.0
            if settings.drawing == "shaded":
                light = max(0.0, float(_LIGHT @ (right, up, towards)))
                brightness = _AMBIENT + (1 - _AMBIENT) * light
            across, height = scale * frame[:2] @ facet.polygon.T
            half = settings.pixels / 2
            _fill(bitmap, half + across, half - height, brightness)
    return np.asarray(np.rint(255 * np.clip(bitmaps, 0, 1)), dtype=np.uint8)


def _frame(view: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the directions to the right, up and towards the viewer, one a row."""
    towards = np.asarray(view) / np.linalg.norm(view)
    axis = np.array([0.0, 0.0, 1.0]) if abs(towards[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(axis, towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


@njit(cache=True, nogil=True)
def _fill(bitmap: Any, across: Any, down: Any, brightness: float) -> None:
    """Add the brightness to the pixels of a convex polygon, as far as it covers each of them.

    across, down: (corners,), in pixels from the upper left corner of the bitmap.
    """
    corners = len(across)
    first = max(0, int(np.floor(down.min() * _LINES - 0.5)))
    last = min(bitmap.shape[0] * _LINES - 1, int(np.ceil(down.max() * _LINES - 0.5)))
    for line in range(first, last + 1):
        height = (line + 0.5) / _LINES
        left, right = np.inf, -np.inf
        for corner in range(corners):
            following = (corner + 1) % corners
            start, end = down[corner], down[following]
            # Half open, so that a line through a corner meets just one of its two edges.
            if (start <= height) != (end <= height):
                share = (height - start) / (end - start)
                crossing = across[corner] + share * (across[following] - across[corner])
                left, right = min(left, crossing), max(right, crossing)
        if right <= left:
            continue
        row = bitmap[line // _LINES]
        for column in range(max(0, int(left)), min(len(row), int(np.ceil(right)))):
            covered = min(right, column + 1.0) - max(left, float(column))
            row[column] += brightness * covered / _LINES
