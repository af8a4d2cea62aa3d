"""One number for a crystal as seen from an origin, in a cell: the larger, the better the setting.

It is a sum over structure factors with fixed, irregular weights. It is continuous and periodic in
the atoms' places and does not depend on their order, so that neither rounding errors nor wrapping
can tip a choice, as they would if lists of numbers were compared.
"""

import itertools
import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# The structure factors that are scored: half of those up to index 5, the others are conjugate.
# In group Fd-3 (203), those of lower indices are the same with the axes exchanged.
_HIGHEST = 5
_SPAN = 2 * _HIGHEST + 1
_SCORED = [
    (h, k, l)
    for h, k, l in itertools.product(range(-_HIGHEST, _HIGHEST + 1), repeat=3)
    if (h, k, l) > (0, 0, 0)
]


def _phases() -> NDArray[np.complex128]:
    """Return two phases for each structure factor, (2, h from 0 on, all k, all l), the rest 0."""
    # Without a pattern: multiples of irrational numbers, modulo a turn.
    irrational = [(1 + math.sqrt(5)) / 2, 1 + math.sqrt(2)]
    turns = np.outer(irrational, np.arange(1, len(_SCORED) + 1) ** 2)
    phases = np.zeros((2, _HIGHEST + 1, _SPAN, _SPAN), dtype=np.complex128)
    h, k, l = np.array(_SCORED).T
    phases[:, h, k + _HIGHEST, l + _HIGHEST] = np.exp(2j * math.pi * turns)
    return phases


_PHASES = _phases()
_COSINES, _SINES = _PHASES.real.copy(), _PHASES.imag.copy()


def setting_scores(
    frac_coords: NDArray[np.float64],
    weights: NDArray[np.float64],
    cells: NDArray[np.int64],
    origins: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return two scores of each setting: (m, 2).

    Args:
        frac_coords: (b, n, 3), of the atoms in each of b cells.
        weights: (n,), of the atoms.
        cells: (m,), which of the cells a setting has; those of one cell follow one another.
        origins: (m, 3), of the settings, in units of the vectors of their cells.
    """
    scale = math.sqrt(len(_SCORED) * float(weights @ weights))
    return np.asarray(_sums(frac_coords, weights, cells, origins, _COSINES, _SINES) / scale)


@njit(cache=True, nogil=True)
def _sums(
    frac_coords: Any, weights: Any, cells: Any, origins: Any, cosines: Any, sines: Any
) -> Any:
    """Return Re sum_h F(h) P(h) exp(-2 pi i h.o) for each origin o and two rows of phases P.

    The sums run over one index after the other, so that no exponential is computed for each.
    """
    sums = np.empty((len(cells), 2))
    real = np.empty((2, _HIGHEST + 1, _SPAN * _SPAN))
    imaginary = np.empty_like(real)
    waves = np.empty((3, 2, _SPAN))
    plane = np.empty((2, _SPAN * _SPAN))
    line = np.empty((2, _SPAN))
    for setting in range(len(cells)):
        if setting == 0 or cells[setting] != cells[setting - 1]:
            _add_waves(frac_coords[cells[setting]], weights, waves, real[0], imaginary[0])
            _turn(real, imaginary, cosines, sines)
        for axis in range(3):
            _fill_powers(-origins[setting, axis], waves[axis])
        for row in range(2):
            plane[:] = 0
            for h in range(_HIGHEST + 1):
                x, y = waves[0, 0, h + _HIGHEST], waves[0, 1, h + _HIGHEST]
                for place in range(_SPAN * _SPAN):
                    plane[0, place] += real[row, h, place] * x - imaginary[row, h, place] * y
                    plane[1, place] += real[row, h, place] * y + imaginary[row, h, place] * x
            line[:] = 0
            for k in range(_SPAN):
                x, y = waves[1, 0, k], waves[1, 1, k]
                for l in range(_SPAN):
                    line[0, l] += plane[0, k * _SPAN + l] * x - plane[1, k * _SPAN + l] * y
                    line[1, l] += plane[0, k * _SPAN + l] * y + plane[1, k * _SPAN + l] * x
            total = 0.0
            for l in range(_SPAN):
                total += line[0, l] * waves[2, 0, l] - line[1, l] * waves[2, 1, l]
            sums[setting, row] = total
    return sums


@njit(cache=True, nogil=True)
def _add_waves(coords: Any, weights: Any, waves: Any, real: Any, imaginary: Any) -> None:
    """Fill in the structure factors, (h from 0 on, all k and l), from powers of three waves."""
    real[:] = 0
    imaginary[:] = 0
    plane = np.empty((2, _SPAN * _SPAN))
    for atom in range(len(coords)):
        for axis in range(3):
            _fill_powers(coords[atom, axis], waves[axis])
        for k in range(_SPAN):
            x, y = weights[atom] * waves[1, 0, k], weights[atom] * waves[1, 1, k]
            for l in range(_SPAN):
                plane[0, k * _SPAN + l] = x * waves[2, 0, l] - y * waves[2, 1, l]
                plane[1, k * _SPAN + l] = x * waves[2, 1, l] + y * waves[2, 0, l]
        for h in range(_HIGHEST + 1):
            x, y = waves[0, 0, h + _HIGHEST], waves[0, 1, h + _HIGHEST]
            # A long loop, which the compiler turns into vector instructions.
            for place in range(_SPAN * _SPAN):
                a, b = plane[0, place], plane[1, place]
                real[h, place] += x * a - y * b
                imaginary[h, place] += x * b + y * a


@njit(cache=True, nogil=True)
def _turn(real: Any, imaginary: Any, cosines: Any, sines: Any) -> None:
    """Multiply the first row of structure factors by two rows of phases, in place."""
    for h in range(_HIGHEST + 1):
        for place in range(_SPAN * _SPAN):
            k, l = place // _SPAN, place % _SPAN
            x, y = real[0, h, place], imaginary[0, h, place]
            for row in range(2):
                c, s = cosines[row, h, k, l], sines[row, h, k, l]
                real[row, h, place] = x * c - y * s
                imaginary[row, h, place] = x * s + y * c


@njit(cache=True, nogil=True, inline="always")
def _fill_powers(turns: float, powers: Any) -> None:
    """Fill in cosines and sines, (2, 11), of -5 to 5 times so many turns."""
    x, y = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    powers[0, _HIGHEST], powers[1, _HIGHEST] = 1.0, 0.0
    for power in range(1, _HIGHEST + 1):
        last_x, last_y = powers[0, _HIGHEST + power - 1], powers[1, _HIGHEST + power - 1]
        powers[0, _HIGHEST + power] = last_x * x - last_y * y
        powers[1, _HIGHEST + power] = last_x * y + last_y * x
        powers[0, _HIGHEST - power] = powers[0, _HIGHEST + power]
        powers[1, _HIGHEST - power] = -powers[1, _HIGHEST + power]
