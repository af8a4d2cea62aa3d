"""Intensities of all reflections of a crystal by index: I(hkl) = |F(hkl)|^2 of its cell.

    F(hkl) = sum over the atoms of f(s) exp(-B s^2 / 4) exp(2 pi i (h x + k y + l z)),  s = 1 / d

The phase factor of an atom is a product of three numbers, one for each index, which are tabulated
once; (hkl) and (h-kl) are sums and differences of the same four products of real numbers, so that a
reflection costs two an atom. Friedel's law holds, as no form factor here is complex: l >= 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.techniques.form_factors import EXTINCT, gaussians
from spacegrouper.techniques.reflections.settings import Reflections

_SMALLEST_EXPONENT = -45.0
_EXPONENTIAL = tuple(1 / math.factorial(order) for order in range(11))


@dataclass(frozen=True)
class Scatterers:
    """The form factors of the elements that may occur.

    Args:
        species: the elements.
        gaussians: (elements, terms, 2), a and b of the sum of a exp(-b s^2 / 4).
    """

    species: tuple[str, ...]
    gaussians: NDArray[np.float64]


def scatterers(species: Sequence[str], settings: Reflections) -> Scatterers:
    """Return the form factors of elements; raises UserError for one without coefficients."""
    elements = tuple(sorted(set(species)))
    return Scatterers(elements, gaussians(elements, settings.form_factors))


def intensities(
    known: Scatterers,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
    settings: Reflections,
) -> NDArray[np.float64]:
    """Return I(hkl), the square of the scattering unit; extinct reflections are 0.

    Args:
        known: the form factors of all its elements.
        lattice: (3, 3), its vectors in rows, Angstrom.
        species: of the n atoms.
        frac_coords: (n, 3).
        settings: largest index, resolution and displacement parameter.

    Returns:
        (L + 1, 2 L + 1, 2 L + 1): l, h + L, k + L, for the largest index L. Reflections beyond the
        resolution, and (000), are 0.
    """
    row = {symbol: number for number, symbol in enumerate(known.species)}
    kind = np.array([row[symbol] for symbol in species])
    order = np.argsort(kind, kind="stable")
    reciprocal = np.linalg.inv(lattice)
    shortest = 0.0 if settings.resolution is None else settings.resolution
    found: NDArray[np.float64] = _intensities(
        settings.largest_index,
        reciprocal.T @ reciprocal,
        frac_coords[order],
        kind[order],
        known.gaussians,
        settings.debye_waller_b,
        1 / shortest**2 if shortest else np.inf,
    )
    return found


@njit(cache=True, nogil=True)
def _intensities(
    largest: int,
    gram: Any,
    coordinates: Any,
    kind: Any,
    gaussians: Any,
    displacement: float,
    farthest: float,
) -> Any:
    atoms, side, width = len(coordinates), largest + 1, 2 * largest + 1
    tables = _phase_tables(coordinates, side)
    # Of each atom cos and sin of 2 pi k y for k from 0, one after the other, and zeros to a whole
    # number of vector registers.
    lanes = _whole_registers(2 * side)
    along = np.zeros((atoms, lanes))
    # Number by number: to assign arrays takes seconds longer to compile.
    for atom in range(atoms):
        for index in range(side):
            along[atom, index] = tables[1, atom, index].real
            along[atom, side + index] = tables[1, atom, index].imag
    result = np.zeros((side, width, width))
    columns = _whole_registers(width)
    s_squared, factor, wave = np.zeros(columns), np.empty(columns), np.empty(columns)
    real, imaginary, most = np.empty(width), np.empty(width), np.empty(width)
    in_phase, out_of_phase = np.empty(lanes), np.empty(lanes)
    for l in range(side):
        for h in range(-largest, side):
            for k in range(-largest, side):
                s_squared[k + largest] = s_squared_of(gram, h, k, l)
            real[:], imaginary[:], most[:] = 0, 0, 0
            first = 0
            # Atoms of an element stand together.
            while first < atoms:
                last = first
                in_phase[:], out_of_phase[:] = 0, 0
                while last < atoms and kind[last] == kind[first]:
                    turn = tables[0, last, abs(h)]
                    outer = (turn if h >= 0 else np.conj(turn)) * tables[2, last, l]
                    for lane in range(lanes):
                        in_phase[lane] += outer.real * along[last, lane]
                        out_of_phase[lane] += outer.imag * along[last, lane]
                    last += 1
                _form_factors(gaussians[kind[first]], s_squared, factor, wave)
                for k in range(side):
                    plus, minus = largest + k, largest - k
                    # Products of the outer phase with cos and sin of the inner: k and -k at once.
                    real[minus] += factor[minus] * (in_phase[k] + out_of_phase[side + k])
                    imaginary[minus] += factor[minus] * (out_of_phase[k] - in_phase[side + k])
                    if k > 0:
                        real[plus] += factor[plus] * (in_phase[k] - out_of_phase[side + k])
                        imaginary[plus] += factor[plus] * (out_of_phase[k] + in_phase[side + k])
                for k in range(width):
                    most[k] += abs(factor[k]) * (last - first)
                first = last
            for k in range(width):
                value = real[k] ** 2 + imaginary[k] ** 2
                outside = s_squared[k] == 0 or s_squared[k] > farthest
                if not outside and value >= EXTINCT * most[k] ** 2:
                    weakened = np.exp(-displacement * s_squared[k] / 2) if displacement else 1.0
                    result[l, h + largest, k] = value * weakened
    return result


@njit(cache=True, nogil=True)
def _phase_tables(coordinates: Any, side: int) -> Any:
    """Return exp(2 pi i h x) of each axis, atom and index from 0, (3, atoms, side)."""
    tables = np.empty((3, len(coordinates), side), dtype=np.complex128)
    for axis in range(3):
        for atom in range(len(coordinates)):
            turn = np.exp(2j * np.pi * coordinates[atom, axis])
            tables[axis, atom, 0] = 1
            for index in range(1, side):
                tables[axis, atom, index] = tables[axis, atom, index - 1] * turn
    return tables


@njit(cache=True, nogil=True, inline="always")
def _whole_registers(numbers: int) -> Any:
    """Return the next multiple of eight: loops over so many have no remainder, which is slow."""
    return (numbers + 7) // 8 * 8


@njit(cache=True, nogil=True, fastmath={"contract"})
def _form_factors(terms: Any, s_squared: Any, factor: Any, wave: Any) -> None:
    """Fill in f(s) by its Gaussians.

    exp(-x) is exp(-x / 256), by its Taylor series, squared eight times: the compiler makes vector
    instructions of that, not of the library's function. It is right to 13 digits.
    """
    factor[:] = 0
    for term in range(len(terms)):
        height, slope = terms[term, 0], -terms[term, 1] / (4 * 256)
        if slope == 0:
            factor += height
            continue
        for k in range(len(factor)):
            # Beyond it is nothing beside the other terms.
            x = max(slope * s_squared[k], _SMALLEST_EXPONENT / 256)
            power = 0.0
            for coefficient in _EXPONENTIAL[::-1]:
                power = power * x + coefficient
            wave[k] = power
        for k in range(len(factor)):
            square = wave[k] * wave[k]
            for _ in range(7):
                square *= square
            factor[k] += height * square


@njit(cache=True, nogil=True)
def s_squared_of(gram: Any, h: int, k: int, l: int) -> float:
    """Return s^2 = 1 / d^2 of a reflection, 1/Angstrom^2, by the reciprocal metric (3, 3)."""
    squared: float = (
        h * h * gram[0, 0]
        + k * k * gram[1, 1]
        + l * l * gram[2, 2]
        + 2 * (h * k * gram[0, 1] + h * l * gram[0, 2] + k * l * gram[1, 2])
    )
    return squared
