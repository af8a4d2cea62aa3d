"""What each pixel receives at most, from the lattice alone and in single precision.

|F_cell| is at most the sum of the form factors. With t the distance of s.a_i from the nearest whole
number, and d that of N_i s.a_i, each lattice factor is, of its largest value N_i^2, the share

    sin^2(pi d) / [N_i^2 sin^2(pi t)] <= x / max(sin^2(pi t), x),   x = sin^2(pi d) / N_i^2.

The series of sin^2 alternates. Cut after a negative term it is a lower bound, at t = 1/2 by 1.2 %,
and cut after a positive one an upper bound, by 0.1 %. Of a crystal that fades out the share is
exp(-pi^2 N_i^2 t^2 / 3).

Of roundings there are two kinds (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd
ed., SIAM 2002, chapters 3 and 5). Let u = 2^-24. s.a_i is off by less than 6 u |s| |a_i|: two
roundings of the factors, one of the product, two of the sum, and what double precision adds. N_i t
is off by N_i times that and u N_i / 2. So t is lowered by e = u (6 |s| |a_i| + 1), and d raised by
N_i e. All others are relative: of sin^2, whose term k takes 3 k + 1 roundings, below 34 u; of all
that is multiplied, below 260 u = 1.6e-5. Bounds are raised by 1e-4, and by 2^-100 for what is too
small for single precision.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from spacegrouper.techniques.patterns.cell_sum import polynomial

_RAISED, _LEAST = np.float32(1 + 1e-4), np.float32(2.0**-100)
_ZERO, _HALF = np.float32(0), np.float32(0.5)
_SPREAD = np.float32(math.pi**2 / 3)


def _squared_sine(terms: int) -> tuple[np.float32, ...]:
    """Return the series of sin^2(pi t) / t^2 in t^2, from the highest power."""
    return tuple(
        np.float32((-1) ** (k + 1) * 2 ** (2 * k - 1) * math.pi ** (2 * k) / math.factorial(2 * k))
        for k in range(terms, 0, -1)
    )


_LOW, _HIGH = _squared_sine(4), _squared_sine(5)


@njit(cache=True, nogil=True)
def lattice_bounds(
    s: Any, shares: Any, lattices: Any, extent: Any, longest_s: float, unit_roundoff: float
) -> Any:
    """Return upper bounds of the intensities, (pixels,), of the most that a pixel can receive.

    `s`: (3, pixels), 1/Angstrom, and `shares`: (pixels,), what each would receive if all atoms
    scattered in phase, of the largest, both in single precision; `lattices`: (turns, 3, 3), whose
    intensities are added, Angstrom; `extent`: of the crystal; `longest_s`: the largest |s|;
    `unit_roundoff`: of single precision.
    """
    bounds = np.full(shares.size, _LEAST)
    for turn in range(lattices.shape[0]):
        lattice = lattices[turn].astype(np.float32)
        errors = np.empty(3, np.float32)
        for axis in range(3):
            a, b, c = lattices[turn, axis, 0], lattices[turn, axis, 1], lattices[turn, axis, 2]
            length = np.sqrt(a * a + b * b + c * c)
            errors[axis] = unit_roundoff * (6 * longest_s * length + 1)
        counts = extent.cells.astype(np.float32)
        if extent.gaussian:
            _add_gaussian(bounds, s, shares, lattice, counts, errors)
        else:
            _add_block(bounds, s, shares, lattice, counts, errors)
    return bounds


@njit(cache=True, nogil=True, inline="always")
def _index(s: Any, pixel: int, vector: Any) -> Any:
    """Return s.a of a pixel and a vector of the lattice."""
    return s[0, pixel] * vector[0] + s[1, pixel] * vector[1] + s[2, pixel] * vector[2]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_block(bounds: Any, s: Any, shares: Any, lattice: Any, counts: Any, errors: Any) -> None:
    """Add the bounds of a block with sharp faces."""
    # Without branches, which the compiler turns into vector instructions.
    for pixel in range(bounds.size):
        bound = shares[pixel] * _RAISED
        for axis in range(3):
            index = _index(s, pixel, lattice[axis])
            off = abs(index - np.rint(index))
            several = counts[axis] * off
            least = max(off - errors[axis], _ZERO)
            most = min(abs(several - np.rint(several)) + counts[axis] * errors[axis], _HALF)
            low = polynomial(_LOW, least * least) * (least * least)
            high = polynomial(_HIGH, most * most) * (most * most)
            high /= counts[axis] * counts[axis]
            bound *= high / max(low, high)
        bounds[pixel] += bound


@njit(cache=True, nogil=True)
def _add_gaussian(bounds: Any, s: Any, shares: Any, lattice: Any, counts: Any, errors: Any) -> None:
    """Add the bounds of a crystal that fades out."""
    for pixel in range(bounds.size):
        exponent = _ZERO
        for axis in range(3):
            index = _index(s, pixel, lattice[axis])
            off = counts[axis] * max(abs(index - np.rint(index)) - errors[axis], _ZERO)
            exponent += off * off
        bounds[pixel] += shares[pixel] * _RAISED * np.exp(-_SPREAD * exponent)
