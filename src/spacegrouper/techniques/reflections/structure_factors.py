"""Intensities of all reflections of a crystal by index: I(hkl) = |F(hkl)|^2 of its cell.

    F(hkl) = sum over the atoms of f(s) exp(-B s^2 / 4) exp(2 pi i (h x + k y + l z)),  s = 1 / d

The phase factor of an atom is a product of three numbers, one for each index, which are tabulated
once: that makes a reflection cost two complex products an atom. Friedel's law holds, as no form
factor here is complex, so l is 0 or above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.techniques.form_factors import gaussians
from spacegrouper.techniques.reflections.settings import Reflections

# Of the intensity if all atoms scattered in phase. Weaker ones are extinct: rounding errors.
_EXTINCT = 1e-10


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
    kind = np.array([known.species.index(symbol) for symbol in species])
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
    atoms, width = len(coordinates), 2 * largest + 1
    # exp(2 pi i h x) of each atom, axis and index.
    tables = np.empty((3, atoms, width), dtype=np.complex128)
    for axis in range(3):
        for atom in range(atoms):
            turn = np.exp(2j * np.pi * coordinates[atom, axis])
            tables[axis, atom, largest] = 1
            for index in range(1, largest + 1):
                power = tables[axis, atom, largest + index - 1] * turn
                tables[axis, atom, largest + index] = power
                tables[axis, atom, largest - index] = np.conj(power)
    result = np.zeros((largest + 1, width, width))
    sums = np.empty((2, width), dtype=np.float64)
    for l in range(largest + 1):
        for h in range(width):
            row = result[l, h]
            sums[:] = 0
            most = np.zeros(width)
            # Atoms of an element stand together.
            first = 0
            while first < atoms:
                last = first
                while last < atoms and kind[last] == kind[first]:
                    last += 1
                partial = np.zeros((2, width))
                for atom in range(first, last):
                    outer = tables[0, atom, h] * tables[2, atom, largest + l]
                    along = tables[1, atom]
                    for k in range(width):
                        partial[0, k] += outer.real * along[k].real - outer.imag * along[k].imag
                        partial[1, k] += outer.real * along[k].imag + outer.imag * along[k].real
                terms = gaussians[kind[first]]
                for k in range(width):
                    s_squared = _s_squared(gram, h - largest, k - largest, l)
                    factor = 0.0
                    for term in range(len(terms)):
                        factor += terms[term, 0] * np.exp(-terms[term, 1] * s_squared / 4)
                    sums[0, k] += factor * partial[0, k]
                    sums[1, k] += factor * partial[1, k]
                    most[k] += abs(factor) * (last - first)
                first = last
            for k in range(width):
                s_squared = _s_squared(gram, h - largest, k - largest, l)
                value = sums[0, k] ** 2 + sums[1, k] ** 2
                if s_squared == 0 or s_squared > farthest or value < _EXTINCT * most[k] ** 2:
                    continue
                row[k] = value * np.exp(-displacement * s_squared / 2)
    return result


@njit(cache=True, nogil=True)
def _s_squared(gram: Any, h: int, k: int, l: int) -> float:
    squared: float = (
        h * h * gram[0, 0]
        + k * k * gram[1, 1]
        + l * l * gram[2, 2]
        + 2 * (h * k * gram[0, 1] + h * l * gram[0, 2] + k * l * gram[1, 2])
    )
    return squared
