"""Atomic form factors: how strongly atoms scatter X-rays, electrons and neutrons."""

from collections.abc import Sequence
from typing import Any, Literal

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError

Radiation = Literal["xray", "electron", "neutron"]
_TERMS = 5


def gaussians(species: Sequence[str], radiation: Radiation) -> NDArray[np.float64]:
    """Return the form factors of neutral atoms as sums of a exp(-b s^2 / 4), s = 1 / d.

    Coefficients as gemmi carries them: X-rays in electrons, International Tables for
    Crystallography, Vol. C, Table 6.1.1.4 (its constant is a term with b = 0); electrons in
    Angstrom, Table 4.3.2.2; neutrons, bound coherent scattering lengths in fm, Sears, Neutron News
    3:26 (1992). No anomalous scattering, no thermal motion.

    Args:
        species: n element symbols.
        radiation: what is scattered.

    Returns:
        (n, 5, 2), a and b of each term.

    Raises:
        UserError: an element without coefficients.
    """
    found = np.zeros((len(species), _TERMS, 2))
    for terms, symbol in zip(found, species, strict=True):
        element = gemmi.Element(symbol)
        table: Any = {
            "xray": element.it92,
            "electron": element.c4322,
            "neutron": element.neutron92,
        }[radiation]
        if table is None:
            raise UserError(
                f"species {symbol!r} has no form factor: elements from H to Cf (98) have one"
            )
        if radiation == "neutron":
            terms[0, 0] = table.get_coefs()[0]
            continue
        count = len(table.a)
        terms[:count, 0], terms[:count, 1] = table.a, table.b
        if radiation == "xray":
            terms[count, 0] = table.c
    return found


def form_factors(species: Sequence[str], s_squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return f(s) of neutral atoms for X-rays, in electrons, (n, m); see `gaussians`.

    `species`: n element symbols; `s_squared`: (m,), 1/Angstrom^2, s = 2 sin(theta) / wavelength.
    Raises UserError for a species without coefficients.
    """
    factors = np.empty((len(species), s_squared.size))
    for factor, terms in zip(factors, gaussians(species, "xray"), strict=True):
        # The constant first: the order of a sum decides its last bit.
        factor[:] = terms[-1, 0]
        for a, b in terms[:-1]:
            factor += a * np.exp(-b * s_squared / 4)
    return factors
