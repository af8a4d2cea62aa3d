"""How likely intensities are by Wilson's distributions, with their uncertainties, or if absent.

E^2 of acentric reflections is distributed as exp(-E^2), that of centric ones as chi squared of one
degree (A. J. C. Wilson, Acta Cryst. 2, 318, 1949). An absent reflection has none, or a little: of
the mean t, in the same distribution. To all of them a normal error is added (after S. French and
K. Wilson, Acta Cryst. A34, 517, 1978). That of an exponential distribution is known in closed form,
and chi squared is 2 cos^2(x) times an exponential variable, x even from 0 to pi / 2.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES = 12  # of the integral over x
_FAR = 25.0  # beyond it erfc is its asymptotic series
# A few intensities are wrong, whatever the uncertainty says.
_WRONG = 0.002
_WRONG_OVER = 20.0  # even over so many units of E^2


def log_likelihoods(z: Floats, sigma_z: Floats, tolerances: Floats) -> Floats:
    """Return logarithms of likelihoods of E^2: acentric, centric, and absent with each tolerance.

    Args:
        z: (n,), E^2 as measured; may be negative.
        sigma_z: (n,), its standard uncertainty.
        tolerances: (t,), mean E^2 that an absent reflection may still have, above 0.

    Returns:
        (n, 2 + t).
    """
    found = np.empty((len(z), 2 + len(tolerances)))
    _fill(found, z, sigma_z, tolerances)
    return found


@njit(cache=True, nogil=True)
def _fill(found: Any, z: Any, sigma_z: Any, tolerances: Any) -> None:
    for place in range(len(z)):
        value, sigma = z[place], sigma_z[place]
        found[place, 0] = _robust(_exponential(value, sigma, 1.0))
        centric = 0.0
        for node in range(_NODES):
            cosine = math.cos((node + 0.5) * math.pi / 2 / _NODES)
            centric += _exponential(value, sigma, 2 * cosine * cosine) / _NODES
        found[place, 1] = _robust(centric)
        for number in range(len(tolerances)):
            found[place, 2 + number] = _robust(_exponential(value, sigma, tolerances[number]))


@njit(cache=True, nogil=True)
def _robust(density: float) -> float:
    return math.log((1 - _WRONG) * density + _WRONG / _WRONG_OVER)


@njit(cache=True, nogil=True)
def _exponential(value: float, sigma: float, mean: float) -> float:
    """Return the density of an exponential variable with a normal error."""
    t = (sigma / mean - value / sigma) / math.sqrt(2)
    gauss = math.exp(-0.5 * (value / sigma) ** 2)
    if t > _FAR:
        inverse = 1 / (t * t)
        series = 1 - inverse / 2 * (1 - 1.5 * inverse)
        return gauss * series / (t * math.sqrt(math.pi)) / (2 * mean)
    exponent = 0.5 * (sigma / mean) ** 2 - value / mean
    density: float = math.exp(exponent) * math.erfc(t) / (2 * mean)
    return density
