"""The baseline: a straightforward sum over every atom of the crystal, as Condor computes it."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings import Simulate
from spacegrouper.techniques.form_factors import form_factors
from spacegrouper.techniques.patterns.geometry import make_detector, rotation_matrices


def direct_sum(
    crystal: Crystal, settings: Simulate, pixels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the first view's intensities at some pixels, relative to what one electron scatters.

    `pixels`: (n,) numbers of pixels, row by row; returns (n,), with the factor (D / L)^3.
    """
    detector = make_detector(settings)
    s = detector.s[:, pixels]
    species = sorted(set(crystal.species))
    factors = form_factors(species, np.sum(s**2, axis=0), settings.form_factors)
    corners = np.stack(np.meshgrid(*map(np.arange, settings.cells), indexing="ij"), axis=-1)
    coordinates = (corners.reshape(-1, 1, 3) + crystal.frac_coords).reshape(-1, 3)
    amplitudes = _amplitudes(
        np.ascontiguousarray(s.T),
        np.ascontiguousarray(factors.T),
        np.tile([species.index(symbol) for symbol in crystal.species], corners[..., 0].size),
        coordinates @ crystal.lattice @ rotation_matrices(settings.views[0])[0].T,
    )
    return detector.obliquity[pixels] * np.abs(amplitudes) ** 2


@njit
def _amplitudes(s: Any, factors: Any, elements: Any, positions: Any) -> Any:
    amplitudes = np.empty(len(s), dtype=np.complex128)
    for pixel in range(len(s)):
        real, imaginary = 0.0, 0.0
        for atom in range(len(positions)):
            phase = 2 * np.pi * (
                s[pixel, 0] * positions[atom, 0]
                + s[pixel, 1] * positions[atom, 1]
                + s[pixel, 2] * positions[atom, 2]
            )  # fmt: skip
            real += factors[pixel, elements[atom]] * np.cos(phase)
            imaginary -= factors[pixel, elements[atom]] * np.sin(phase)
        amplitudes[pixel] = real + 1j * imaginary
    return amplitudes
