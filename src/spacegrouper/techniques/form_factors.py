"""Atomic form factors: how strongly an atom of each element scatters X-rays."""

from collections.abc import Sequence

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError


def form_factors(species: Sequence[str], s_squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f(s) of neutral atoms, in electrons: sum of a_k exp(-b_k s^2 / 4) over k, plus c.

    The four-Gaussian coefficients of International Tables for Crystallography, Vol. C, Table
    6.1.1.4, as gemmi carries them: no anomalous scattering, no thermal motion.

    `species`: n element symbols; `s_squared`: (m,), 1/Angstrom^2, s = 2 sin(theta) / wavelength;
    returns (n, m). Raises UserError for a species without coefficients.
    """
    factors = np.empty((len(species), s_squared.size))
    for index, symbol in enumerate(species):
        coefficients = gemmi.Element(symbol).it92
        if coefficients is None:
            raise UserError(
                f"species {symbol!r} has no form factor: elements from H to Cf (98) have one"
            )
        factors[index] = coefficients.c
        for a, b in zip(coefficients.a, coefficients.b, strict=True):
            factors[index] += a * np.exp(-b * s_squared / 4)
    return factors
