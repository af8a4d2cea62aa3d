"""What no experiment measures: told by the cell, the wavelength, the indices and the values."""

from dataclasses import replace

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.equivalents import averaged, indices_of, keys_of
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
_SAME = 0.5  # of the reflections with one intensity, but for 0
# No intensity is below zero. Of measured lists at most 0.5 % are so far below; where sigma is
# several times too small a few percent may be.
_BELOW_ZERO, _MOST_BELOW, _MANY_BELOW = -5.0, 0.1, 0.02
# Median distance of repeated measurements from their mean, in sigma and relative. Of measured lists
# it is below one sigma; electrons in unscaled frames scatter by up to 70 %.
_FAR, _FAR_SHARE = 20.0, 0.2
_FEWEST_REPEATED = 30


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


def check_intensities(
    hkl: NDArray[np.int32],
    intensity: NDArray[np.float64],
    sigma: NDArray[np.float64],
    notes: list[str],
) -> None:
    """Refuse or note intensities that were not measured so.

    Args:
        hkl: (n, 3).
        intensity: (n,).
        sigma: (n,), above 0.
        notes: sentences are added of what is only unlikely.

    Raises:
        UserError: most intensities are the same, or many are far below zero.
    """
    values, times = np.unique(intensity[intensity != 0], return_counts=True)
    if len(times) and times.max() > _SAME * len(hkl):
        raise UserError(
            f"of {len(hkl)} reflections {times.max()} have the same intensity, "
            f"{values[times.argmax()]:g}; give measured ones"
        )
    below = int((intensity < _BELOW_ZERO * sigma).sum())
    if below > _MOST_BELOW * len(hkl):
        raise UserError(
            f"of {len(hkl)} reflections {below} are below {_BELOW_ZERO:g} sigma, which no "
            "intensity is; the columns, a sign or sigma are wrong: give intensities and their "
            "standard uncertainties"
        )
    if below > _MANY_BELOW * len(hkl):
        notes.append(
            f"reflections below {_BELOW_ZERO:g} sigma, which no right sigma has: {below} of "
            f"{len(hkl)}"
        )
    _note_repetitions(hkl, intensity, sigma, notes)


def _note_repetitions(
    hkl: NDArray[np.int32],
    intensity: NDArray[np.float64],
    sigma: NDArray[np.float64],
    notes: list[str],
) -> None:
    """Note measurements of one reflection that are far apart throughout; not Friedel mates."""
    keys = keys_of(hkl)
    mate = (indices_of(keys) != hkl).any(axis=1)
    found = averaged(2 * keys + mate, intensity, sigma)
    repeated = found.times[found.group] > 1
    if repeated.sum() < _FEWEST_REPEATED:
        return
    means = found.values[found.group][repeated]
    deviation = np.abs(intensity[repeated] - means)
    distance = float(np.median(deviation / sigma[repeated]))
    # Means of 0 are as far off as can be.
    share = float(np.median(deviation / np.maximum(np.abs(means), 1e-300)))
    if distance > _FAR and share > _FAR_SHARE:
        notes.append(
            f"repeated measurements of one index are {distance:.0f} sigma from their mean, "
            f"{100 * share:.0f} % of it, in the median: several crystals or scales, or wrong "
            "indices"
        )
