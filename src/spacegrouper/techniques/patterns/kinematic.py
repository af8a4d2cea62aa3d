"""The kinematic far-field pattern of a small crystal, by exact factorisation over its cells.

    I = r^2 I0 (p / D)^2 (D / L)^3 |F_cell(s)|^2 prod_i [sin(pi N_i s.a_i) / sin(pi s.a_i)]^2

in photons, electrons or neutrons per pixel; radiation.py has r and what I0 follows from. Of photons
it is the sum over every atom of N1 x N2 x N3 cells that Condor computes (Hantke, Ekeberg, Maia, J.
Appl. Cryst. 49, 1356, 2016), at the cost of one cell. The product is exact on the curved Ewald
sphere too, because s.a_i is taken at each pixel's own s. No polarisation, absorption, thermal
motion or noise.

A pattern of grey levels only needs the pixels that can reach the first level above black: max / 255
of 8 linear bits. Since |F_cell| is at most the sum of the form factors, nearly all pixels are then
known to be black before any atom is met; the fainter what a scale shows, the fewer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.technique import Levels
from spacegrouper.settings import Simulate
from spacegrouper.techniques.form_factors import form_factors
from spacegrouper.techniques.patterns.geometry import make_detector, rotation_matrices
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.radiation import particle_energy, scattering_length

# The bound of a pixel and its intensity are rounded differently; no pixel may fall in between.
_ROUNDING_MARGIN = 1 + 1e-9

# Taylor series of sin(pi t) / t and cos(pi t) in t^2: exact to rounding for |t| <= 1/2. Unlike
# the library's functions, polynomials are computed for several atoms at once.
_SINE = tuple((-1) ** k * math.pi ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(11))
_COSINE = tuple((-1) ** k * math.pi ** (2 * k) / math.factorial(2 * k) for k in range(12))


@dataclass(frozen=True)
class Experiment:
    """What patterns of many crystals have in common, computed once and shared by all threads.

    `shape`: (views, pixels, pixels); `cells`: (3,); `rotations`: for each view (angles, 3, 3);
    `s`: (3, pixels) scattering vectors, 1/Angstrom; `photons`: (pixels,) what a form factor of 1
    would scatter to each pixel (electrons or neutrons, if the beam consists of them); `species`:
    the elements that may occur; `form_factors`: (elements, pixels) of each at each pixel;
    `grey_scale`: of the grey levels.
    """

    shape: tuple[int, int, int]
    cells: NDArray[np.int64]
    rotations: tuple[NDArray[np.float64], ...]
    s: NDArray[np.float64]
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
    s_squared = np.sum(detector.s**2, axis=0)
    # B (sin(theta) / wavelength)^2 = B s^2 / 4
    thermal = np.exp(-settings.debye_waller_b * s_squared / 4)
    return Experiment(
        shape=(len(settings.views), settings.pixels, settings.pixels),
        cells=np.array(settings.cells, dtype=np.int64),
        rotations=tuple(rotation_matrices(view) for view in settings.views),
        s=detector.s,
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
    return _patterns(experiment, lattice, species, frac_coords, prune=False)


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
    patterns = _patterns(experiment, lattice, species, frac_coords, prune=True)
    return experiment.grey_scale.levels(patterns)


def _patterns(
    experiment: Experiment,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
    prune: bool,
) -> NDArray[np.float64]:
    """Return all intensities or, pruned, those of the pixels that are not black; others are 0."""
    elements, ends, coordinates = _sort_by_element(experiment, species, frac_coords)
    patterns = np.zeros((experiment.shape[0], experiment.photons.size))
    # |F_cell| is at most the sum of the form factors.
    most = _sum_form_factors(experiment.form_factors, elements, ends)
    for view, rotations in enumerate(experiment.rotations):
        lattices = lattice @ rotations.transpose(0, 2, 1)
        lattice_factors = _lattice_factors(experiment.s, lattices, experiment.cells)
        bounds = experiment.photons * most**2 * lattice_factors.sum(axis=0)
        _sum_waves(
            patterns[view],
            bounds if prune else np.full(bounds.size, np.inf),
            experiment.grey_scale.reach * _ROUNDING_MARGIN,
            experiment.s,
            experiment.photons,
            experiment.form_factors,
            lattices,
            lattice_factors,
            elements,
            ends,
            coordinates,
        )
    return patterns.reshape(experiment.shape)


def _sort_by_element(
    experiment: Experiment, species: Sequence[str], frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return a crystal's atoms element by element.

    These are the elements, as rows of the form factors; where the atoms of each end; and the
    coordinates in that order, (3, atoms).
    """
    rows = np.array([experiment.species.index(symbol) for symbol in species])
    elements, counts = np.unique(rows, return_counts=True)
    order = np.argsort(rows, kind="stable")
    coordinates = np.ascontiguousarray(frac_coords[order].T, dtype=np.float64)
    return elements, np.cumsum(counts), coordinates


@njit(cache=True, nogil=True, error_model="numpy")
def _lattice_factors(s: Any, lattices: Any, cells: Any) -> Any:
    """Return prod_i [sin(pi N_i s.a_i) / sin(pi s.a_i)]^2, (lattices, pixels)."""
    factors = np.ones((lattices.shape[0], s.shape[1]))
    for turn in range(lattices.shape[0]):
        for axis in range(3):
            # Without branches, which the compiler turns into vector instructions.
            for pixel in range(s.shape[1]):
                off = _off_whole(_miller_index(pixel, axis, s, lattices[turn]))
                # At 1e-9 the ratio is N to all digits, at 0 it is not defined.
                off = max(abs(off), 1e-9)
                ratio = _sin_pi(_off_whole(cells[axis] * off)) / _sin_pi(off)
                factors[turn, pixel] *= ratio * ratio
    return factors


@njit(cache=True, nogil=True)
def _sum_form_factors(factors: Any, elements: Any, ends: Any) -> Any:
    """Return for each pixel the sum of the form factors' magnitudes over the atoms."""
    amplitude = np.zeros(factors.shape[1])
    begin = 0
    for element in range(elements.size):
        count = ends[element] - begin
        begin = ends[element]
        for pixel in range(amplitude.size):
            amplitude[pixel] += count * abs(factors[elements[element], pixel])
    return amplitude


@njit(cache=True, nogil=True)
def _sum_waves(
    pattern: Any,
    bounds: Any,
    reach: float,
    s: Any,
    photons: Any,
    factors: Any,
    lattices: Any,
    lattice_factors: Any,
    elements: Any,
    ends: Any,
    coordinates: Any,
) -> None:
    """Fill in the intensities of the pixels that, by their bounds, may not be black.

    Black is what is fainter than the brightest pixel by more than the factor `reach`.
    Starting from the most promising pixel, the largest intensity so far rules out most others. As
    it only grows, what is ruled out early would be ruled out at the end.
    """
    cosines = np.empty(coordinates.shape[1])
    sines = np.empty(coordinates.shape[1])
    largest = 0.0
    start = np.argmax(bounds)
    for step in range(-1, bounds.size):
        pixel = start if step < 0 else step
        if photons[pixel] == 0 or reach * bounds[pixel] < largest:
            continue
        total = 0.0
        for turn in range(lattices.shape[0]):
            lattice = lattices[turn]
            h = _miller_index(pixel, 0, s, lattice)
            k = _miller_index(pixel, 1, s, lattice)
            l = _miller_index(pixel, 2, s, lattice)
            _waves(h, k, l, coordinates, cosines, sines)
            real, imaginary = 0.0, 0.0
            begin = 0
            for element in range(elements.size):
                in_phase, out_of_phase = 0.0, 0.0
                for atom in range(begin, ends[element]):
                    in_phase += cosines[atom]
                    out_of_phase += sines[atom]
                real += factors[elements[element], pixel] * in_phase
                imaginary += factors[elements[element], pixel] * out_of_phase
                begin = ends[element]
            total += (real * real + imaginary * imaginary) * lattice_factors[turn, pixel]
        pattern[pixel] = photons[pixel] * total
        largest = max(largest, pattern[pixel])


@njit(cache=True, nogil=True, inline="always")
def _waves(h: float, k: float, l: float, coordinates: Any, cosines: Any, sines: Any) -> None:
    """Fill in cos and sin of 2 pi (h x + k y + l z) for all atoms."""
    for atom in range(cosines.size):
        phase = h * coordinates[0, atom] + k * coordinates[1, atom] + l * coordinates[2, atom]
        # By the half angle, which lies where the series hold.
        off = _off_whole(phase)
        sine, cosine = _sin_pi(off), _cos_pi(off)
        cosines[atom] = 1 - 2 * sine * sine
        sines[atom] = 2 * sine * cosine


@njit(cache=True, nogil=True, inline="always")
def _miller_index(pixel: int, axis: int, s: Any, lattice: Any) -> Any:
    """Return s.a_i: a whole number where the Laue condition of this axis is met."""
    return (
        s[0, pixel] * lattice[axis, 0]
        + s[1, pixel] * lattice[axis, 1]
        + s[2, pixel] * lattice[axis, 2]
    )


@njit(cache=True, nogil=True, inline="always")
def _off_whole(index: float) -> Any:
    """Return how far a number is from the nearest whole one, with its sign."""
    return index - np.floor(index + 0.5)


@njit(cache=True, nogil=True, inline="always")
def _sin_pi(t: float) -> Any:
    """Return sin(pi t) for |t| <= 1/2."""
    square = t * t
    value = 0.0
    for coefficient in _SINE[::-1]:
        value = value * square + coefficient
    return value * t


@njit(cache=True, nogil=True, inline="always")
def _cos_pi(t: float) -> Any:
    """Return cos(pi t) for |t| <= 1/2."""
    square = t * t
    value = 0.0
    for coefficient in _COSINE[::-1]:
        value = value * square + coefficient
    return value
