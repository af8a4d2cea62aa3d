"""Lines between spots: the shaping as the text of its paper has it.

Method: Tiong, Kim, Han, Kim, npj Comput. Mater. 6:196 (2020): two nodes (spots) are connected when
their distance is below 1.7 times the smallest distance of nodes, by lines that are thicker between
larger nodes. What the text leaves open (what a node is, where it lies, how thick a line is) is
chosen here and in docs/shaping.md. The program that its authors released does otherwise:
see techniques/patterns/shaping.py.
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def join_nodes(image: Any, raw: Any, bright: Any, reach: float) -> None:
    """Set to 255 the lines between nodes nearer than `reach` times the smallest distance.

    A node is a connected component (8 neighbours) of the `bright` pixels. It lies at its centroid,
    weighted with the `raw` grey levels, and is as large as it has pixels. A line covers the pixels
    whose centres are no farther from the straight segment between two centroids than the mean
    radius of two discs as large as the nodes.

    `image`: (height, width), changed in place; `raw`, `bright`: (height, width), grey levels, which
    are above 0 where bright, and booleans.
    """
    rows, columns, radii = _find_nodes(raw, bright)
    limit = reach * _smallest_distance(rows, columns)
    for i in range(rows.size):
        for j in range(i + 1, rows.size):
            # The nodes come in order of row.
            if rows[j] - rows[i] >= limit:
                break
            if _distance(rows[j] - rows[i], columns[j] - columns[i]) < limit:
                half_width = (radii[i] + radii[j]) / 2
                # A line is filled row by row, so it must not be flatter than it is steep.
                if abs(rows[j] - rows[i]) >= abs(columns[j] - columns[i]):
                    _fill_line(image, rows[i], columns[i], rows[j], columns[j], half_width)
                else:
                    _fill_line(image.T, columns[i], rows[i], columns[j], rows[j], half_width)


@njit(cache=True, nogil=True)
def _find_nodes(raw: Any, bright: Any) -> Any:
    """Return the rows and columns of the nodes' centroids and their radii, in order of row."""
    height, width = bright.shape
    waiting = bright.copy()
    pixels = np.count_nonzero(bright)
    stack = np.empty((pixels, 2), dtype=np.int64)
    rows, columns, radii = np.empty(pixels), np.empty(pixels), np.empty(pixels)
    nodes = 0
    for first_row in range(height):
        for first_column in range(width):
            if not waiting[first_row, first_column]:
                continue
            waiting[first_row, first_column] = False
            stack[0] = first_row, first_column
            stacked = 1
            # Sums of whole numbers: exact, so they do not depend on the order of the pixels.
            size, weight, row_moment, column_moment = 0, 0, 0, 0
            while stacked:
                stacked -= 1
                row, column = stack[stacked]
                level = int(raw[row, column])
                size += 1
                weight += level
                row_moment += level * row
                column_moment += level * column
                for near_row in range(max(0, row - 1), min(height, row + 2)):
                    for near_column in range(max(0, column - 1), min(width, column + 2)):
                        if waiting[near_row, near_column]:
                            waiting[near_row, near_column] = False
                            stack[stacked] = near_row, near_column
                            stacked += 1
            rows[nodes] = row_moment / weight
            columns[nodes] = column_moment / weight
            radii[nodes] = np.sqrt(size / np.pi)
            nodes += 1
    order = np.argsort(rows[:nodes])
    return rows[order], columns[order], radii[order]


@njit(cache=True, nogil=True)
def _smallest_distance(rows: Any, columns: Any) -> float:
    """Return the smallest distance of two nodes, which come in order of row; infinite for one."""
    smallest = np.inf
    for i in range(rows.size):
        for j in range(i + 1, rows.size):
            if rows[j] - rows[i] >= smallest:
                break
            smallest = min(smallest, _distance(rows[j] - rows[i], columns[j] - columns[i]))
    return smallest


@njit(cache=True, nogil=True)
def _distance(down: float, across: float) -> float:
    return np.sqrt(down * down + across * across)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _fill_line(
    image: Any, row: float, column: float, end_row: float, end_column: float, half_width: float
) -> None:
    """Set to 255 the pixels no farther than `half_width` from a segment of at most 45 degrees.

    The angle is that between the segment and the direction of rising row.
    """
    height, width = image.shape
    down, across = end_row - row, end_column - column
    square = down * down + across * across
    # Cut along a row, a line is wider than across its direction; at 45 degrees the most.
    margin = np.sqrt(2.0) * half_width
    top, bottom = min(row, end_row) - half_width, max(row, end_row) + half_width
    for y in range(max(0, int(np.ceil(top))), min(height - 1, int(np.floor(bottom))) + 1):
        middle = column + (y - row) * across / down
        left, right = int(np.floor(middle - margin)), int(np.ceil(middle + margin))
        for x in range(max(0, left), min(width - 1, right) + 1):
            along = ((y - row) * down + (x - column) * across) / square
            along = min(max(along, 0.0), 1.0)
            if _distance(y - row - along * down, x - column - along * across) <= half_width:
                image[y, x] = 255
