"""Logarithmic levels of intensities, 16 bits each, as a dataset holds them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

HIGHEST = 65535


def levels(intensity: NDArray[np.float64], decades: int) -> NDArray[np.uint16]:
    """Return the levels: 65535 for the strongest, 1 for 10^-decades of it, 0 below.

    A level is 1 + 65534 (1 + log10(I / max I) / decades), rounded.
    """
    strongest = intensity.max()
    with np.errstate(divide="ignore"):
        share = 1 + np.log10(intensity / strongest) / decades
    found = np.where(share >= 0, np.rint(1 + (HIGHEST - 1) * share), 0)
    return found.astype(np.uint16)


def scaled(stored: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return levels from 0 (absent) to 1 (the strongest), as networks take them."""
    found: NDArray[np.float32] = stored / np.float32(HIGHEST)
    return found


@cache
def intensities_of_levels(decades: int) -> NDArray[np.float64]:
    """Return what each level stands for, (65536,), as a share of the strongest intensity."""
    shares = 10 ** (decades * ((np.arange(HIGHEST + 1) - 1) / (HIGHEST - 1) - 1))
    shares[0] = 0
    shares.flags.writeable = False
    return shares
