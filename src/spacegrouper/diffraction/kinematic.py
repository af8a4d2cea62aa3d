"""The kinematic far-field pattern of a small crystal, by exact factorisation over its cells.

    I = r0^2 I0 (p / D)^2 (D / L)^3 |F_cell(s)|^2 prod_i [sin(pi N_i s.a_i) / sin(pi s.a_i)]^2

in photons per pixel: the sum over every atom of N1 x N2 x N3 cells that Condor computes
(Hantke, Ekeberg, Maia, J. Appl. Cryst. 49, 1356, 2016), at the cost of one cell. The product is
exact on the curved Ewald sphere too, because s.a_i is taken at each pixel's own s. No
polarisation, absorption, thermal motion or noise.

An 8-bit pattern only needs the pixels that can reach max / 255. Since |F_cell| is at most the sum
of the form factors, and [sin(pi N d) / sin(pi d)]^2 at most min(N^2, 1 / 4 d^2) for the distance
d of s.a_i from a whole number, nearly all pixels are known to be black before any atom is met.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.config.sections import Simulate
from spacegrouper.diffraction.form_factors import form_factors
from spacegrouper.diffraction.geometry import make_detector, rotation_matrix

CLASSICAL_ELECTRON_RADIUS = 2.8179403262e-15  # m, CODATA 2018
PLANCK_TIMES_LIGHT_SPEED = 6.62607015e-34 * 299792458  # J m
GREY_LEVELS = 255
# The bound of a pixel and its intensity are rounded differently; no pixel may fall in between.
_ROUNDING_MARGIN = 1 + 1e-9


@dataclass(frozen=True)
class Experiment:
    """What patterns of many crystals have in common, computed once and shared by all threads.

    `species`: the elements that may occur; `form_factors`: (elements, pixels) of each at each
    pixel, electrons; `rotations`: (views, 3, 3); `s`: (3, pixels) scattering vectors, 1/Angstrom;
    `photons`: (pixels,) what a single electron would scatter to each pixel.
    """

    shape: tuple[int, int, int]
    cells: NDArray[np.int64]
    rotations: NDArray[np.float64]
    s: NDArray[np.float64]
    photons: NDArray[np.float64]
    species: tuple[str, ...]
    form_factors: NDArray[np.float64]


def make_experiment(settings: Simulate, species: Sequence[str]) -> Experiment:
    """Prepare to simulate crystals of these elements; raises UserError for an unknown one."""
    detector = make_detector(settings)
    elements = tuple(sorted(set(species)))
    fluence = (
        settings.pulse_energy
        / (PLANCK_TIMES_LIGHT_SPEED / settings.wavelength)
        / (math.pi * (settings.focus_diameter / 2) ** 2)
    )
    solid_angle = (settings.pixel_size / settings.detector_distance) ** 2
    return Experiment(
        shape=(len(settings.views), settings.pixels, settings.pixels),
        cells=np.array(settings.cells, dtype=np.int64),
        rotations=np.stack([rotation_matrix(view) for view in settings.views]),
        s=np.ascontiguousarray(detector.s.T),
        photons=CLASSICAL_ELECTRON_RADIUS**2 * fluence * solid_angle * detector.obliquity,
        species=elements,
        form_factors=form_factors(elements, np.sum(detector.s**2, axis=1)),
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
    elements, ends, coordinates = _sort_by_element(experiment, species, frac_coords)
    patterns: NDArray[np.float64] = np.stack(
        [
            _all_pixels(
                experiment.s,
                experiment.photons,
                experiment.form_factors,
                lattice @ rotation.T,
                experiment.cells,
                elements,
                ends,
                coordinates,
            )
            for rotation in experiment.rotations
        ]
    )
    return patterns.reshape(experiment.shape)


def grey_patterns(
    experiment: Experiment,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the 8-bit patterns floor(255 I / max I), and max I (views,), photons per pixel.

    Arguments as of `intensities`; the patterns are (views, pixels, pixels), each on a grey scale
    of its own, equal to those made from all intensities, but met in a fraction of the time.
    """
    elements, ends, coordinates = _sort_by_element(experiment, species, frac_coords)
    patterns = np.zeros((len(experiment.rotations), experiment.photons.size), dtype=np.uint8)
    maxima = np.empty(len(experiment.rotations))
    for view, rotation in enumerate(experiment.rotations):
        maxima[view] = _grey_pixels(
            patterns[view],
            experiment.s,
            experiment.photons,
            experiment.form_factors,
            lattice @ rotation.T,
            experiment.cells,
            elements,
            ends,
            coordinates,
        )
    return patterns.reshape(experiment.shape), maxima


def _sort_by_element(
    experiment: Experiment, species: Sequence[str], frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return a crystal's atoms element by element.

    These are the elements, as rows of the form factors; where the atoms of each end; and the
    coordinates in that order, (atoms, 3).
    """
    rows = np.array([experiment.species.index(symbol) for symbol in species])
    elements, counts = np.unique(rows, return_counts=True)
    order = np.argsort(rows, kind="stable")
    return elements, np.cumsum(counts), np.ascontiguousarray(frac_coords[order], dtype=np.float64)


@njit(cache=True, nogil=True)
def _all_pixels(
    s: Any,
    photons: Any,
    factors: Any,
    lattice: Any,
    cells: Any,
    elements: Any,
    ends: Any,
    coordinates: Any,
) -> Any:
    values = np.empty(photons.size)
    for pixel in range(values.size):
        values[pixel] = _intensity(
            pixel, s, photons, factors, lattice, cells, elements, ends, coordinates
        )
    return values


@njit(cache=True, nogil=True)
def _grey_pixels(
    grey: Any,
    s: Any,
    photons: Any,
    factors: Any,
    lattice: Any,
    cells: Any,
    elements: Any,
    ends: Any,
    coordinates: Any,
) -> Any:
    """Fill the 8-bit pixels that are not black; return the largest intensity."""
    bounds = _bounds(s, photons, factors, lattice, cells, elements, ends)
    # From the most promising pixel on, the largest intensity so far rules out most others. It
    # only grows: what is ruled out early would be ruled out at the end.
    start = np.argmax(bounds)
    largest = _intensity(start, s, photons, factors, lattice, cells, elements, ends, coordinates)
    values = np.zeros(bounds.size)
    for pixel in range(bounds.size):
        if GREY_LEVELS * _ROUNDING_MARGIN * bounds[pixel] >= largest:
            values[pixel] = _intensity(
                pixel, s, photons, factors, lattice, cells, elements, ends, coordinates
            )
            largest = max(largest, values[pixel])
    if largest > 0:
        for pixel in range(bounds.size):
            if values[pixel] > 0:
                grey[pixel] = np.uint8(GREY_LEVELS * values[pixel] / largest)
    return largest


@njit(cache=True, nogil=True)
def _bounds(
    s: Any, photons: Any, factors: Any, lattice: Any, cells: Any, elements: Any, ends: Any
) -> Any:
    """Return for each pixel a value that its intensity does not exceed."""
    # Plain loops without branches, one after another, which the compiler turns into vectors.
    amplitude = np.zeros(photons.size)
    begin = 0
    for element in range(elements.size):
        count = ends[element] - begin
        begin = ends[element]
        for pixel in range(amplitude.size):
            amplitude[pixel] += count * abs(factors[elements[element], pixel])
    spread = np.ones(photons.size)
    for axis in range(3):
        # 1 / [sin(pi N d) / sin(pi d)]^2 is at least max(4 d^2, 1 / N^2).
        least = 1.0 / (cells[axis] * cells[axis])
        for pixel in range(spread.size):
            off = _off_the_spot(_miller_index(pixel, axis, s, lattice))
            spread[pixel] *= max(4 * off * off, least)
    return photons * amplitude * amplitude / spread


@njit(cache=True, nogil=True, inline="always")
def _miller_index(pixel: int, axis: int, s: Any, lattice: Any) -> Any:
    """Return s.a_i: a whole number where the Laue condition of this axis is met."""
    return (
        s[0, pixel] * lattice[axis, 0]
        + s[1, pixel] * lattice[axis, 1]
        + s[2, pixel] * lattice[axis, 2]
    )


@njit(cache=True, nogil=True, inline="always")
def _off_the_spot(index: float) -> Any:
    """Return how far an index is from the nearest whole number, with its sign."""
    return index - np.floor(index + 0.5)


@njit(cache=True, nogil=True)
def _intensity(
    pixel: int,
    s: Any,
    photons: Any,
    factors: Any,
    lattice: Any,
    cells: Any,
    elements: Any,
    ends: Any,
    coordinates: Any,
) -> Any:
    """Return the intensity of one pixel, photons."""
    h = _miller_index(pixel, 0, s, lattice)
    k = _miller_index(pixel, 1, s, lattice)
    l = _miller_index(pixel, 2, s, lattice)  # noqa: E741
    real, imaginary = 0.0, 0.0
    begin = 0
    for element in range(elements.size):
        cosines, sines = 0.0, 0.0
        for atom in range(begin, ends[element]):
            phase = (
                2
                * np.pi
                * (h * coordinates[atom, 0] + k * coordinates[atom, 1] + l * coordinates[atom, 2])
            )
            cosines += np.cos(phase)
            sines += np.sin(phase)
        real += factors[elements[element], pixel] * cosines
        imaginary += factors[elements[element], pixel] * sines
        begin = ends[element]
    intensity = photons[pixel] * (real * real + imaginary * imaginary)
    for axis, index in enumerate((h, k, l)):
        # sin(pi x) of a large x would lose digits; the ratio is periodic, but for its sign.
        off = _off_the_spot(index)
        if off != 0:
            ratio = np.sin(np.pi * cells[axis] * off) / np.sin(np.pi * off)
        else:
            ratio = float(cells[axis])
        intensity *= ratio * ratio
    return intensity
