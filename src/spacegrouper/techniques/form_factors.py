"""Atomic form factors: how strongly atoms scatter X-rays, electrons and neutrons."""

from collections.abc import Collection, Sequence
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals import elements
from spacegrouper.errors import UserError
from spacegrouper.settings.simulate import Radiation

# Of the intensity if all atoms scattered in phase. Reflections below are extinct: rounding errors.
EXTINCT = 1e-10
_TERMS = 5


def gaussians(species: Sequence[str], radiation: Radiation) -> NDArray[np.float64]:
    """Return the form factors of neutral atoms as sums of a exp(-b s^2 / 4), s = 1 / d.

    Coefficients as gemmi carries them: X-rays in electrons, International Tables for
    Crystallography, Vol. C, Table 6.1.1.4 (its constant is a term with b = 0); electrons in
    Angstrom, Table 4.3.2.2; neutrons, bound coherent scattering lengths in fm, Sears, Neutron News
    3:26 (1992), the real part. No anomalous scattering, no thermal motion.

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
        if table is None or (radiation == "neutron" and not _is_known(symbol)):
            raise UserError(
                f"species {symbol!r} has no form factor for {radiation}s: elements from H to Cf "
                "(98) have one, for neutrons but Po to Fr, Ac, Pu, Bk and Cf"
            )
        if radiation == "neutron":
            terms[0, 0] = table.get_coefs()[0]
            continue
        count = len(table.a)
        terms[:count, 0], terms[:count, 1] = table.a, table.b
        if radiation == "xray":
            terms[count, 0] = table.c
    return found


def reason_against_elements(species: Collection[str], radiation: Radiation) -> str:
    """Return why a crystal of these species cannot be simulated, or an empty string."""
    reason = elements.reason_against_elements(dict.fromkeys(species))
    if reason or radiation != "neutron":
        return reason
    unknown = sorted(symbol for symbol in set(species) if not _is_known(symbol))
    return f"element {unknown[0]!r} has no neutron scattering length" if unknown else ""


def _is_known(symbol: str) -> bool:
    """Whether an element's neutron scattering length is; gemmi writes 0 where it is not."""
    return bool(gemmi.Element(symbol).neutron92.get_coefs()[0])


def form_factors(
    species: Sequence[str], s_squared: NDArray[np.float64], radiation: Radiation
) -> NDArray[np.float64]:
    """Return f(s) of neutral atoms in electrons, Angstrom or fm, (n, m); see `gaussians`.

    `species`: n element symbols; `s_squared`: (m,), 1/Angstrom^2, s = 2 sin(theta) / wavelength.
    Raises UserError for a species without coefficients.
    """
    factors = np.zeros((len(species), s_squared.size))
    for factor, terms in zip(factors, gaussians(species, radiation), strict=True):
        # The constant of X-rays first: the order of a sum decides its last bit.
        for a, b in (terms[-1], *terms[:-1]):
            factor += a * np.exp(-b * s_squared / 4)
    return factors
