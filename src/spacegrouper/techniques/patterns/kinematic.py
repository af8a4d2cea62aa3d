"""The kinematic far-field pattern of a small crystal, by exact factorisation over its cells.

    I = r^2 I0 (p / D)^2 (D / L)^3 |F_cell(s)|^2 prod_i [sin(pi N_i s.a_i) / sin(pi s.a_i)]^2

in photons, electrons or neutrons per pixel; radiation.py has r and what I0 follows from. Of photons
it is the sum over every atom of N1 x N2 x N3 cells that Condor computes (Hantke, Ekeberg, Maia, J.
Appl. Cryst. 49, 1356, 2016), at the cost of one cell. The product is exact on the curved Ewald
sphere too, because s.a_i is taken at each pixel's own s. No polarisation, absorption, thermal
motion or noise.

A pattern of grey levels only needs the pixels that can reach the first level above black: max / 255
of 8 linear bits. Two upper bounds in single precision leave few others: one from the lattice alone
(lattice_bounds.py), then one from the atoms (cell_sum.py). What they leave is computed in double
precision; the fainter what a scale shows, the more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.settings import Simulate
from spacegrouper.techniques.form_factors import form_factors
from spacegrouper.techniques.patterns.cell_sum import (
    DOUBLE,
    SINGLE,
    UNIT_ROUNDOFF,
    Atoms,
    Extent,
    Pixels,
    intensities_at,
    single_precision_error,
)
from spacegrouper.techniques.patterns.geometry import make_detector, rotation_matrices
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.lattice_bounds import lattice_bounds
from spacegrouper.techniques.patterns.radiation import particle_energy, scattering_length

# Bounds and intensities are rounded differently; no pixel may fall in between.
_ROUNDING_MARGIN = 1 + 1e-9
# Of the largest bound: where pixels are looked for that show how bright a pattern is.
_PROMISING = 0.25


@dataclass(frozen=True)
class Experiment:
    """What patterns of many crystals have in common, computed once and shared by all threads.

    `shape`: (views, pixels, pixels); `extent`: of the crystals; `rotations`: for each view
    (angles, 3, 3); `s`: (3, pixels) scattering vectors, 1/Angstrom; `rounded_s`: the same in single
    precision; `lengths`: (n,) those |s| that differ, rising; `shells`: (pixels,) which of them each
    pixel has; `photons`: (pixels,) what a form factor of 1 would scatter to each pixel (electrons
    or neutrons, if the beam consists of them); `species`: the elements that may occur;
    `form_factors`: (elements, n) of each at each |s|; `grey_scale`: of the grey levels.
    """

    shape: tuple[int, int, int]
    extent: Extent
    rotations: tuple[NDArray[np.float64], ...]
    s: NDArray[np.float64]
    rounded_s: NDArray[np.float32]
    lengths: NDArray[np.float64]
    shells: NDArray[np.int32]
    photons: NDArray[np.float64]
    species: tuple[str, ...]
    form_factors: NDArray[np.float64]
    grey_scale: GreyScale


def make_experiment(settings: Simulate, species: Sequence[str]) -> Experiment:
    """Prepare to simulate crystals of these elements; raises UserError for an unknown one."""
    detector = make_detector(settings)
    elements = tuple(sorted(set(species)))
    fluence = (
        settings.pulse_energy
        / particle_energy(settings.form_factors, settings.wavelength)
        / (math.pi * (settings.focus_diameter / 2) ** 2)
    )
    solid_angle = (settings.pixel_size / settings.detector_distance) ** 2
    length = scattering_length(settings.form_factors, settings.wavelength)
    per_unit = length**2 * fluence * solid_angle * detector.obliquity
    s_squared, shells = np.unique(np.sum(detector.s**2, axis=0), return_inverse=True)
    # B (sin(theta) / wavelength)^2 = B s^2 / 4
    thermal = np.exp(-settings.debye_waller_b * s_squared / 4)
    return Experiment(
        shape=(len(settings.views), settings.pixels, settings.pixels),
        extent=Extent(np.array(settings.cells, dtype=np.int64), settings.envelope == "gaussian"),
        rotations=tuple(rotation_matrices(view) for view in settings.views),
        s=detector.s,
        rounded_s=detector.s.astype(np.float32),
        lengths=np.sqrt(s_squared),
        shells=shells.astype(np.int32),
        photons=np.where(detector.open, per_unit, 0),
        species=elements,
        form_factors=form_factors(elements, s_squared, settings.form_factors) * thermal,
        grey_scale=GreyScale.of(settings),
    )


def intensities(
    experiment: Experiment,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the patterns of one crystal, (views, pixels, pixels), photons per pixel.

    `lattice`: (3, 3), rows a, b, c, Angstrom; `species`: n elements, all of them known to the
    experiment; `frac_coords`: (n, 3).
    """
    pixels, atoms = _pixels(experiment), _atoms(experiment, species, frac_coords)
    patterns = np.zeros((experiment.shape[0], experiment.photons.size))
    open_pixels = np.flatnonzero(experiment.photons)
    for view, turns in enumerate(experiment.rotations):
        lattices = _turned(lattice, turns)
        patterns[view, open_pixels] = intensities_at(
            open_pixels, pixels, atoms, lattices, experiment.extent, DOUBLE, 0.0
        )
    return patterns.reshape(experiment.shape)


def grey_patterns(
    experiment: Experiment,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
) -> tuple[Levels, NDArray[np.float64]]:
    """Return the grey levels, and the largest intensity of each (views,), photons per pixel.

    Arguments as of `intensities`; the levels are (views, pixels, pixels), equal to those of all
    intensities, but made in a fraction of the time.
    """
    scale = experiment.grey_scale
    pixels, atoms = _pixels(experiment), _atoms(experiment, species, frac_coords)
    rounded = atoms._replace(coordinates=atoms.coordinates.astype(np.float32))
    shares, most = _shares_in_phase(pixels, atoms)
    error = single_precision_error(experiment.lengths[-1], lattice, atoms.coordinates)
    levels = np.zeros((experiment.shape[0], experiment.photons.size), scale.dtype)
    maxima = np.zeros(experiment.shape[0])
    for view, turns in enumerate(experiment.rotations):
        bright, found = _bright_pixels(
            pixels,
            experiment.rounded_s,
            shares,
            most,
            atoms,
            rounded,
            _turned(lattice, turns),
            experiment.extent,
            experiment.lengths[-1],
            error,
            scale.reach * _ROUNDING_MARGIN,
        )
        maxima[view] = found.max(initial=0)
        levels[view, bright] = scale.levels_of(found, maxima[view])
    return levels.reshape(experiment.shape), maxima


def _pixels(experiment: Experiment) -> Pixels:
    return Pixels(experiment.s, experiment.photons, experiment.shells, experiment.form_factors)


def _atoms(
    experiment: Experiment, species: Sequence[str], frac_coords: NDArray[np.float64]
) -> Atoms:
    """Return a crystal's atoms element by element."""
    number = {symbol: row for row, symbol in enumerate(experiment.species)}
    rows = np.array([number[symbol] for symbol in species])
    elements, counts = np.unique(rows, return_counts=True)
    coordinates = np.ascontiguousarray(frac_coords[np.argsort(rows, kind="stable")].T, np.float64)
    return Atoms(elements, np.cumsum(counts), coordinates)


def _turned(lattice: NDArray[np.float64], turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a lattice as each angle of a view turns it, (turns, 3, 3)."""
    turned: NDArray[np.float64] = lattice @ turns.transpose(0, 2, 1)
    return turned


@njit(cache=True, nogil=True)
def _shares_in_phase(pixels: Any, atoms: Any) -> Any:
    """Return what pixels would receive of a cell whose atoms all scatter in phase.

    These are shares, (pixels,), in single precision, and what they are shares of.
    """
    amplitudes = np.zeros(pixels.form_factors.shape[1])
    begin = 0
    for element in range(atoms.elements.size):
        count = atoms.ends[element] - begin
        begin = atoms.ends[element]
        for shell in range(amplitudes.size):
            amplitudes[shell] += count * abs(pixels.form_factors[atoms.elements[element], shell])
    most = _largest(pixels.photons) * _largest(amplitudes) ** 2
    shares = np.zeros(pixels.photons.size, np.float32)
    if most > 0:
        for pixel in range(shares.size):
            amplitude = amplitudes[pixels.shells[pixel]]
            shares[pixel] = pixels.photons[pixel] * amplitude * amplitude / most
    return shares, most


@njit(cache=True, nogil=True)
def _bright_pixels(
    pixels: Any,
    rounded_s: Any,
    shares: Any,
    most: float,
    atoms: Any,
    rounded_atoms: Any,
    lattices: Any,
    extent: Any,
    longest_s: float,
    error: float,
    reach: float,
) -> Any:
    """Return the pixels that may not be black, (n,), and their intensities.

    Black is what is fainter than the brightest pixel by more than the factor `reach`.
    """
    if most == 0:
        return np.zeros(0, np.int64), np.zeros(0)
    bounds = lattice_bounds(rounded_s, shares, lattices, extent, longest_s, UNIT_ROUNDOFF)

    # The most promising first: the largest intensity so far rules out most others.
    promising = _at_least(_PROMISING * _largest(bounds), bounds)
    upper = intensities_at(promising, pixels, rounded_atoms, lattices, extent, SINGLE, error)
    brightest = promising[np.argmax(upper) : np.argmax(upper) + 1]
    largest = intensities_at(brightest, pixels, atoms, lattices, extent, DOUBLE, 0.0)[0]

    cells = extent.cells
    count = float(cells[0]) * float(cells[1]) * float(cells[2])
    possible = _at_least(largest / reach / most / count**2, bounds)
    upper = intensities_at(possible, pixels, rounded_atoms, lattices, extent, SINGLE, error)
    bright = possible[reach * upper >= largest]
    return bright, intensities_at(bright, pixels, atoms, lattices, extent, DOUBLE, 0.0)


@njit(cache=True, nogil=True)
def _largest(values: Any) -> Any:
    """Return the largest of positive numbers."""
    # Many maxima side by side: of a single one, each comparison waits for the one before.
    maxima = np.zeros(256, values.dtype)
    for start in range(0, values.size, maxima.size):
        block = values[start : start + maxima.size]
        for place in range(block.size):
            maxima[place] = max(maxima[place], block[place])
    return maxima.max()


@njit(cache=True, nogil=True)
def _at_least(limit: float, bounds: Any) -> Any:
    """Return the pixels with such bounds, (n,)."""
    found = np.empty(bounds.size, np.int64)
    count = 0
    for pixel in range(bounds.size):
        # Without a branch, which would be mispredicted.
        found[count] = pixel
        count += bounds[pixel] >= limit
    return found[:count]
