"""The intensities of chosen pixels: the sum over the atoms of one cell, in either precision.

The same loops compute in double and in single precision. Single precision takes a third of the
time, and what it costs in digits is known beforehand, so that intensities can be bounded by it.

Its error. Let u = 2^-24, h the s.a_i of a pixel in double precision, x the coordinates of an atom,
and sums of k rounded numbers have errors below gamma_k = k u / (1 - k u) of the sum of magnitudes
(N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, chapters 3, 4):

- The phase h x + k y + l z takes two roundings of the factors, one of the product and two of the
  sum: it is off by gamma_5 P at most, P = sum |h_i| max |x_i|, and its wave exp(2 pi i phase) by
  2 pi times that, below 32 u P. What is taken off to the nearest whole number is exact.
- sin and cos of half the angle are off by 8.1 u each: their series, whose terms k take 3 k + 2
  and 3 k + 1 roundings, by 7.1 and 8.0 u at 1/2, and what is left out of them by 1.0 and 0.1 u. So
  1 - 2 sin^2 is off by 36 u, 2 sin cos by 24 u, and the wave by less than 44 u.
- The sum over n atoms is off by gamma_n of n. All further is done in double precision.

Together |F_cell| is off by less than u (32 P + 48 + n) times the sum of the form factors. The
errors of double precision, which obey the same formula with its own u, are in the 4 u to spare.
Where P is so large that a phase has no digits left, the bound exceeds 1 and says nothing.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNIT_ROUNDOFF = 2.0**-24  # of single precision
_BLOCK = 1024  # pixels at a time, whose numbers stay in the fast caches


class Pixels(NamedTuple):
    """What is known of each pixel before any crystal.

    `s`: (3, pixels) scattering vectors, 1/Angstrom; `photons`: (pixels,) what a form factor of 1
    would scatter to each; `shells`: (pixels,) which of n different |s| each has; `form_factors`:
    (elements, n).
    """

    s: NDArray[np.float64]
    photons: NDArray[np.float64]
    shells: NDArray[np.int32]
    form_factors: NDArray[np.float64]


class Atoms(NamedTuple):
    """The atoms of a cell, element by element.

    `elements`: (n,) rows of the form factors; `ends`: (n,) where the atoms of each end;
    `coordinates`: (3, atoms) fractional. Their precision is that of the sum.
    """

    elements: NDArray[np.int64]
    ends: NDArray[np.int64]
    coordinates: NDArray[np.floating[Any]]


class Extent(NamedTuple):
    """How large a crystal is.

    `cells`: (3,) along a, b and c; `gaussian`: whether it fades out instead of being a block with
    sharp faces. Then cell n counts as sqrt(6 / pi) exp(-6 n^2 / N^2): N cells in all, with the
    standard deviation of the block's, N / sqrt(12).
    """

    cells: NDArray[np.int64]
    gaussian: bool


class Precision(NamedTuple):
    """The constants of a sum, in its precision; others would raise all of it to double.

    `sine`, `cosine`: the Taylor series of sin(pi t) / t and cos(pi t) in t^2, for |t| <= 1/2, from
    the highest power. Unlike the library's functions, polynomials are computed for several pixels
    at once.
    """

    half: Any
    one: Any
    sine: tuple[Any, ...]
    cosine: tuple[Any, ...]


def _precision(number: Any, sine_terms: int, cosine_terms: int) -> Precision:
    sine = [(-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(11)]
    cosine = [(-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k) for k in range(12)]
    return Precision(
        half=number(0.5),
        one=number(1),
        sine=tuple(number(term) for term in sine[sine_terms - 1 :: -1]),
        cosine=tuple(number(term) for term in cosine[cosine_terms - 1 :: -1]),
    )


DOUBLE = _precision(float, 11, 12)
SINGLE = _precision(np.float32, 6, 7)


def single_precision_error(
    longest_s: float, lattice: NDArray[np.float64], coordinates: NDArray[np.floating[Any]]
) -> float:
    """Return by how much single precision may miss |F_cell|, as a share of the sum of form factors.

    `longest_s`: the largest |s| of a pixel, 1/Angstrom; `lattice`: (3, 3), Angstrom, in any
    orientation; `coordinates`: (3, atoms).
    """
    # |s.a| is at most |s| |a|.
    indices = longest_s * np.linalg.norm(lattice, axis=1)
    phase = float(indices @ np.abs(coordinates).max(axis=1))
    return UNIT_ROUNDOFF * (32 * phase + 48 + coordinates.shape[1])


@njit(cache=True, nogil=True, error_model="numpy")
def intensities_at(
    chosen: Any,
    pixels: Any,
    atoms: Any,
    lattices: Any,
    extent: Any,
    precision: Any,
    error: float,
) -> Any:
    """Return the intensities of chosen pixels, (n,), or upper bounds of them.

    `chosen`: (n,) numbers of pixels; `lattices`: (turns, 3, 3), whose intensities are added;
    `extent`: of the crystal; `error`: 0, or what is added to |F_cell|, as a share of the sum of
    form factors.
    """
    # Loops here and below, as expressions of arrays take longer to compile.
    found = np.zeros(chosen.size)
    for start in range(0, chosen.size, _BLOCK):
        block = chosen[start : start + _BLOCK]
        for turn in range(lattices.shape[0]):
            indices = _miller_indices(block, pixels.s, lattices[turn])
            squares = _squared_amplitudes(block, pixels, atoms, indices, precision, error)
            if extent.gaussian:
                factors = _gaussian_factors(indices, extent.cells)
            else:
                factors = _lattice_factors(indices, extent.cells)
            for place in range(block.size):
                found[start + place] += squares[place] * factors[place]
        for place in range(block.size):
            found[start + place] *= pixels.photons[block[place]]
    return found


@njit(cache=True, nogil=True)
def _miller_indices(block: Any, s: Any, lattice: Any) -> Any:
    """Return s.a_i, (3, n): whole numbers where the Laue conditions are met."""
    indices = np.empty((3, block.size))
    for axis in range(3):
        for place in range(block.size):
            pixel = block[place]
            indices[axis, place] = (
                s[0, pixel] * lattice[axis, 0]
                + s[1, pixel] * lattice[axis, 1]
                + s[2, pixel] * lattice[axis, 2]
            )
    return indices


@njit(cache=True, nogil=True)
def _squared_amplitudes(
    block: Any, pixels: Any, atoms: Any, indices: Any, precision: Any, error: float
) -> Any:
    """Return |F_cell|^2, (n,); with an error, (|F_cell| + error sum f)^2."""
    dtype = atoms.coordinates.dtype
    rounded = indices.astype(dtype)
    real, imaginary, most = np.zeros(block.size), np.zeros(block.size), np.zeros(block.size)
    begin = 0
    for element in range(atoms.elements.size):
        cosines, sines = np.zeros(block.size, dtype), np.zeros(block.size, dtype)
        for atom in range(begin, atoms.ends[element]):
            _add_waves(rounded, atoms.coordinates[:, atom], precision, cosines, sines)
        count = atoms.ends[element] - begin
        begin = atoms.ends[element]
        for place in range(block.size):
            factor = pixels.form_factors[atoms.elements[element], pixels.shells[block[place]]]
            real[place] += factor * cosines[place]
            imaginary[place] += factor * sines[place]
            most[place] += count * abs(factor)
    squares = np.empty(block.size)
    for place in range(block.size):
        squares[place] = real[place] * real[place] + imaginary[place] * imaginary[place]
        if error > 0:
            squares[place] = (np.sqrt(squares[place]) + error * most[place]) ** 2
    return squares


@njit(cache=True, nogil=True, inline="always")
def _add_waves(indices: Any, place: Any, precision: Any, cosines: Any, sines: Any) -> None:
    """Add cos and sin of 2 pi (h x + k y + l z), of one atom, at each pixel."""
    x, y, z = place[0], place[1], place[2]
    # One by one, rows are known to lie in one piece, and are read as vectors.
    h, k, l = indices[0], indices[1], indices[2]
    for pixel in range(cosines.size):
        phase = h[pixel] * x + k[pixel] * y + l[pixel] * z
        # By the half angle, which lies where the series hold.
        off = phase - np.floor(phase + precision.half)
        sine = polynomial(precision.sine, off * off) * off
        cosine = polynomial(precision.cosine, off * off)
        cosines[pixel] += precision.one - (sine + sine) * sine
        sines[pixel] += (sine + sine) * cosine


@njit(cache=True, nogil=True, error_model="numpy")
def _lattice_factors(indices: Any, cells: Any) -> Any:
    """Return prod_i [sin(pi N_i s.a_i) / sin(pi s.a_i)]^2, (n,)."""
    factors = np.ones(indices.shape[1])
    for axis in range(3):
        # Without branches, which the compiler turns into vector instructions.
        for place in range(factors.size):
            # At 1e-9 the ratio is N to all digits, at 0 it is not defined.
            off = max(abs(_off_whole(indices[axis, place])), 1e-9)
            ratio = _sin_pi(_off_whole(cells[axis] * off)) / _sin_pi(off)
            factors[place] *= ratio * ratio
    return factors


@njit(cache=True, nogil=True)
def _gaussian_factors(indices: Any, cells: Any) -> Any:
    """Return prod_i N_i^2 exp(-pi^2 N_i^2 t_i^2 / 3), t_i from s.a_i to the nearest whole number.

    By Poisson's formula the amplitudes are a sum of Gaussians, one at each whole number. Of four
    cells or more, the nearest alone gives the intensity to 1e-5 of its maximum.
    """
    factors = np.empty(indices.shape[1])
    most = float(cells[0] * cells[1] * cells[2]) ** 2
    for place in range(factors.size):
        exponent = 0.0
        for axis in range(3):
            off = cells[axis] * _off_whole(indices[axis, place])
            exponent += off * off
        factors[place] = most * np.exp(-(np.pi**2 / 3) * exponent)
    return factors


@njit(cache=True, nogil=True, inline="always")
def _off_whole(index: float) -> Any:
    """Return how far a number is from the nearest whole one, with its sign."""
    return index - np.floor(index + 0.5)


@njit(cache=True, nogil=True, inline="always")
def _sin_pi(t: float) -> Any:
    """Return sin(pi t) for |t| <= 1/2."""
    return polynomial(DOUBLE.sine, t * t) * t


@njit(cache=True, nogil=True)
def polynomial(terms: Any, variable: Any) -> Any:
    """Return a polynomial by Horner's rule, from the highest power."""
    value = terms[0]
    for term in terms[1:]:
        value = value * variable + term
    return value
