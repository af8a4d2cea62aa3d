"""What no experiment measures: told by the cell, the wavelength, the indices and the values."""

from dataclasses import replace

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import Measured
from spacegrouper.techniques.reflections.lists.shared.cells import cell_words

# Angstrom. The sharpest data, of charge densities, of electrons and of neutrons, end at 0.25 to
# 0.4; the outermost reflections of a list of 20 and more are no more than spots about the beam.
_FINEST, _COARSEST = 0.2, 20.0
_BEYOND = 0.98  # of half the wavelength: cells and wavelengths are off by a little
_STRAYS = 0.01  # of the reflections of a list, with an index that is misprinted
_LARGEST_SCALE = 1e30  # of values; their fourth powers are still numbers
# Intensities and sigma over the usual intensity. Of measured lists the strongest reflection is
# below 1e3 times it, and the smallest sigma above 1e-4.
_LARGEST, _SMALLEST = 1e6, 1e-9


def possible(
    hkl: NDArray[np.int32], cell: tuple[float, ...], wavelength: float | None, notes: list[str]
) -> NDArray[np.bool_]:
    """Tell which reflections have a lattice spacing that can be measured; note the others.

    Args:
        hkl: (n, 3), without 0 0 0.
        cell: edges in Angstrom, angles in degrees.
        wavelength: Angstrom, if known.
        notes: a sentence is added if there are others.

    Returns:
        (n,).

    Raises:
        UserError: more than a stray few cannot be measured, or even the outermost are so near the
            beam that the cell must be in another unit.
    """
    spacings = gemmi.UnitCell(*cell).calculate_d_array(hkl)
    outermost = float(np.quantile(spacings, _STRAYS))
    words = f"the cell {cell_words(cell)} gives reflections down to a spacing of"
    if wavelength is not None and outermost < _BEYOND * wavelength / 2:
        raise UserError(
            f"{words} {spacings.min():.3g} Angstrom, and the wavelength {wavelength:g} reaches "
            f"{wavelength / 2:.3g} (half of it); the cell, its unit or the wavelength is wrong: "
            "give both in Angstrom"
        )
    if outermost < _FINEST:
        raise UserError(
            f"{words} {spacings.min():.3g} Angstrom, which no experiment reaches; the cell or its "
            "unit is wrong: give Angstrom"
        )
    if outermost > _COARSEST:
        raise UserError(
            f"{words} {spacings.min():.3g} Angstrom only, too far apart for atoms; the cell or its "
            "unit is wrong: give Angstrom"
        )
    limit = max(_FINEST, _BEYOND * (wavelength or 0) / 2)
    found: NDArray[np.bool_] = spacings >= limit
    if not found.all():
        notes.append(
            "reflections left out, as their spacing is below what the experiment reaches: "
            f"{(~found).sum()}"
        )
    return found


def scaled(measured: Measured, notes: list[str]) -> Measured:
    """Return values that nothing overflows with, by a power of two, which rounds none of them.

    Args:
        measured: values on any scale.
        notes: a sentence is added if they are scaled.
    """
    known = np.abs(measured.values[np.isfinite(measured.values) & (measured.values != 0)])
    usual = float(np.median(known)) if len(known) else 1.0
    if 1 / _LARGEST_SCALE < usual < _LARGEST_SCALE:
        return measured
    exponent = int(np.frexp(usual)[1])
    with np.errstate(over="ignore"):  # a value far above the others is left out later on
        values, sigma = (np.ldexp(each, -exponent) for each in (measured.values, measured.sigma))
    notes.append(f"the values are scaled by a power of two, as they are about {usual:.0e}")
    return replace(measured, values=values, sigma=sigma)


def absurd(measured: Measured) -> NDArray[np.bool_]:
    """Tell which values, or their sigma, are so far from the others that no detector has both.

    Args:
        measured: values; those that are no numbers are not looked at.

    Returns:
        (n,).
    """
    values, sigma = np.abs(measured.values), measured.sigma
    there = np.isfinite(values) & np.isfinite(sigma) & (sigma > 0)
    strong = there & (values > 3 * sigma)
    if not strong.any():
        return np.zeros(len(values), dtype=bool)
    usual = np.median(values[strong])
    # What is said of intensities holds for the squares of F.
    power = 0.5 if measured.quantity == "F" else 1.0
    largest, smallest = _LARGEST**power * usual, _SMALLEST * usual
    found: NDArray[np.bool_] = there & ((np.maximum(values, sigma) > largest) | (sigma < smallest))
    return found
