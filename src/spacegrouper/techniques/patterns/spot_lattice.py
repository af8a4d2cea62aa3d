"""The plane lattice that the spots of one pattern lie on, found from the spots alone.

Spots lie in rows: their components u along one axis are multiples m of a distance 1 / q, and within
a row their components v along the other axis are whole multiples n of 1 / p, off by a part t of it
that grows from row to row:

    u = m / q,   v = (n + m t) / p

So over the N spots

    S_u(q) = |sum_j exp(2 pi i q u_j)|^2 / N^2

is 1 at the true q and its multiples, and over the rows m, of N_m spots,

    S_v(p) = sum_m [|sum_(j in m) exp(2 pi i p v_j)|^2 - N_m] / sum_m (N_m^2 - N_m)

is 1 at the true p, whatever t is. All spots count alike: the weak ones between the strong make a
lattice a finer one. The smallest q, then p, with nearly the largest sum is taken. The lattice is
then fitted to the spots by least squares from the middle outwards, its two vectors free.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SPOT_REACH = 2  # pixels, in rows and columns: a spot is the brightest of its surroundings
_MOST_SPOTS = 300  # the brightest
_FEWEST_SPOTS = 4
LONGEST, _STEP = 90.0, 0.1  # Angstrom, of periods that are tried
_CLEAR = 0.15  # smaller sums are no lattice
_NEARLY = 0.8  # of the largest sum: those above count as equally large
_DIP = 0.25  # below it, a sum has left its maximum at 0
_NEAR = 0.2  # of the distance of nodes: a spot that near to one belongs to it
_REACHES = (0.3, 0.5, 0.75, 1.0, 1.0)  # of the farthest spot: how far each fit looks
_OFFSETS = 240  # that are tried


class Spots(NamedTuple):
    """The spots of a pattern, the brightest first: (n,) rows and columns."""

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]


@njit(cache=True, nogil=True)
def spots_of(pattern: Any, faintest: float) -> Any:
    """Return the spots of a pattern, (height, width) grey levels, to a part of a pixel.

    A spot's place is the vertex of parabolas through its brightest pixel and the neighbours.
    """
    height, width = pattern.shape
    # Empty, of a type that the compiler knows.
    rows, columns, levels = [0.0][:0], [0.0][:0], [0.0][:0]
    for row in range(_SPOT_REACH, height - _SPOT_REACH):
        for column in range(_SPOT_REACH, width - _SPOT_REACH):
            level = pattern[row, column]
            if level > faintest and _is_brightest(pattern, row, column):
                above, below = pattern[row - 1, column], pattern[row + 1, column]
                left, right = pattern[row, column - 1], pattern[row, column + 1]
                rows.append(row + _vertex(above, level, below))
                columns.append(column + _vertex(left, level, right))
                levels.append(float(level))
    order = np.argsort(-np.array(levels), kind="mergesort")[:_MOST_SPOTS]
    return Spots(np.array(rows)[order], np.array(columns)[order])


@njit(cache=True, nogil=True, inline="always")
def _is_brightest(pattern: Any, row: int, column: int) -> bool:
    """Tell whether a pixel is the brightest around; of equal ones, the first in row order is."""
    level = pattern[row, column]
    for i in range(row - _SPOT_REACH, row + _SPOT_REACH + 1):
        for j in range(column - _SPOT_REACH, column + _SPOT_REACH + 1):
            other = pattern[i, j]
            if other > level or (other == level and (i < row or (i == row and j < column))):
                return False
    return True


@njit(cache=True, nogil=True, inline="always")
def _vertex(before: float, level: float, after: float) -> float:
    """Return where a parabola through three levels, one step apart, is highest, -1/2 to 1/2."""
    bend = float(before) + float(after) - 2.0 * float(level)
    if before == 0 or after == 0 or bend >= 0:
        return 0.0
    return 0.5 * (float(before) - float(after)) / bend


@njit(cache=True, nogil=True)
def lattice_of_spots(u: Any, v: Any) -> Any:
    """Return the lattice of spots at u, v, (n,), 1/Angstrom.

    Returns (2, 2), 1/Angstrom: components u and v of the step from row to row, and of that within a
    row; 0 where there is no lattice.
    """
    none = np.zeros((2, 2))
    if u.size < _FEWEST_SPOTS:
        return none
    q = _period(_in_rows(np.zeros(u.size), u, 0.0))
    if q == 0:
        return none
    q = _fitted_row(u, q)
    row = np.rint(u * q)
    order = np.argsort(row, kind="mergesort")
    order = order[np.abs(u * q - row)[order] < _NEAR]
    if order.size < _FEWEST_SPOTS:
        return none
    rows, along = row[order], v[order]
    p = _period(_in_rows(rows, along, float(order.size)))
    if p == 0:
        return none
    t = _offset(rows, along, p)
    return _fitted(u, v, np.array([[1 / q, t / p], [0.0, 1 / p]]))


@njit(cache=True, nogil=True)
def _in_rows(rows: Any, along: Any, selves: float) -> Any:
    """Return the sum over rows of |sum exp(2 pi i p v)|^2 at each period, as a share of the most.

    `rows`: (n,), equal ones together; `selves`: taken off each sum, as what spots add to it by
    themselves, so that a row of one spot counts for nothing.
    """
    count = int(LONGEST / _STEP)
    sums = np.empty(count)
    real, imaginary = np.ones(along.size), np.zeros(along.size)
    turn_real, turn_imaginary = np.empty(along.size), np.empty(along.size)
    for spot in range(along.size):
        turn_real[spot] = math.cos(2 * math.pi * _STEP * along[spot])
        turn_imaginary[spot] = math.sin(2 * math.pi * _STEP * along[spot])
    for period in range(count):
        total = -selves
        spot = 0
        while spot < along.size:
            row, x, y = rows[spot], 0.0, 0.0
            while spot < along.size and rows[spot] == row:
                x += real[spot]
                y += imaginary[spot]
                spot += 1
            total += x * x + y * y
        sums[period] = total
        # Each spot's wave at the next period, by a turn: much faster than sines.
        for spot in range(along.size):
            x = real[spot] * turn_real[spot] - imaginary[spot] * turn_imaginary[spot]
            imaginary[spot] = real[spot] * turn_imaginary[spot] + imaginary[spot] * turn_real[spot]
            real[spot] = x
    if sums[0] <= 0:
        return np.zeros(count)
    return sums / sums[0]


@njit(cache=True, nogil=True)
def _period(sums: Any) -> Any:
    """Return the smallest period, Angstrom, whose sum is nearly the largest; 0 where none is."""
    start = 1
    while start < sums.size and sums[start] > _DIP:
        start += 1
    if start >= sums.size - 1:
        return 0.0
    largest = sums[start:].max()
    if largest < _CLEAR:
        return 0.0
    for place in range(start, sums.size - 1):
        before, here, after = sums[place - 1], sums[place], sums[place + 1]
        if here >= before and here >= after and here >= _NEARLY * largest:
            return (place + _vertex(before, here, after)) * _STEP
    return 0.0


@njit(cache=True, nogil=True)
def _fitted_row(u: Any, q: float) -> float:
    """Return the period that fits the rows best, from the middle outwards."""
    farthest = np.abs(u).max()
    for reach in _REACHES:
        up, down = 0.0, 0.0
        for spot in range(u.size):
            m = np.rint(u[spot] * q)
            if abs(u[spot]) <= reach * farthest and abs(u[spot] * q - m) < _NEAR:
                up += m * m
                down += m * u[spot]
        if down > 0:
            q = up / down
    return q


@njit(cache=True, nogil=True)
def _offset(rows: Any, along: Any, p: float) -> float:
    """Return the offset from row to row, -1/2 to 1/2, that most spots have."""
    number = np.unique(rows)
    real, imaginary = np.zeros(number.size), np.zeros(number.size)
    for spot in range(rows.size):
        row = np.searchsorted(number, rows[spot])
        real[row] += math.cos(2 * math.pi * along[spot] * p)
        imaginary[row] += math.sin(2 * math.pi * along[spot] * p)
    best, offset = -np.inf, 0.0
    for step in range(-_OFFSETS // 2, _OFFSETS // 2):
        total = 0.0
        for row in range(number.size):
            phase = 2 * math.pi * number[row] * step / _OFFSETS
            total += real[row] * math.cos(phase) + imaginary[row] * math.sin(phase)
        if total > best:
            best, offset = total, step / _OFFSETS
    return offset


@njit(cache=True, nogil=True)
def _fitted(u: Any, v: Any, vectors: Any) -> Any:
    """Return the lattice that fits the spots best by least squares, from the middle outwards."""
    farthest = (u * u + v * v).max()
    m, n, near = _nodes(u, v, vectors)
    for reach in _REACHES:
        sums, right = np.zeros((2, 2)), np.zeros((2, 2))
        for spot in range(u.size):
            if near[spot] and u[spot] ** 2 + v[spot] ** 2 <= reach * reach * farthest:
                sums[0, 0] += m[spot] ** 2
                sums[0, 1] += m[spot] * n[spot]
                sums[1, 1] += n[spot] ** 2
                right[0, 0] += m[spot] * u[spot]
                right[0, 1] += m[spot] * v[spot]
                right[1, 0] += n[spot] * u[spot]
                right[1, 1] += n[spot] * v[spot]
        determinant = sums[0, 0] * sums[1, 1] - sums[0, 1] ** 2
        # Spots of one row alone, as the innermost may be, fit no lattice.
        if determinant > 1e-3 * sums[0, 0] * sums[1, 1]:
            fit = np.empty((2, 2))
            for axis in range(2):
                fit[0, axis] = sums[1, 1] * right[0, axis] - sums[0, 1] * right[1, axis]
                fit[1, axis] = sums[0, 0] * right[1, axis] - sums[0, 1] * right[0, axis]
            vectors = fit / determinant
            m, n, near = _nodes(u, v, vectors)
    return vectors


@njit(cache=True, nogil=True)
def _nodes(u: Any, v: Any, vectors: Any) -> Any:
    """Return the nearest node of each spot, and whether it is near."""
    area = vectors[0, 0] * vectors[1, 1] - vectors[0, 1] * vectors[1, 0]
    row = (u * vectors[1, 1] - v * vectors[1, 0]) / area
    place = (v * vectors[0, 0] - u * vectors[0, 1]) / area
    m, n = np.rint(row), np.rint(place)
    return m, n, (np.abs(row - m) < _NEAR) & (np.abs(place - n) < _NEAR)
