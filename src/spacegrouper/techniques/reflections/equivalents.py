"""Reflections that are one: Friedel mates, repeated measurements, equivalents by symmetry."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_SPAN = 4096  # indices are below half of it


class Averages(NamedTuple):
    """Reflections of the same key as one, in order of their keys.

    Args:
        keys: (m,).
        group: (n,), which of them each reflection is.
        times: (m,), of how many reflections each is made.
        values: (m,), their means.
        sigma: (m,), standard uncertainties of these.
    """

    keys: Indices
    group: Indices
    times: Indices
    values: Floats
    sigma: Floats


def keys_of(hkl: NDArray[np.signedinteger[Any]]) -> Indices:
    """Return a number for each reflection (..., 3), the same for Friedel mates, never negative."""
    keys: Indices = np.abs(hkl @ np.array([_SPAN**2, _SPAN, 1]))
    return keys


def indices_of(keys: Indices) -> Indices:
    """Return the reflections (..., 3) of keys, of two Friedel mates the one that makes the key."""
    l = (keys + _SPAN // 2) % _SPAN - _SPAN // 2
    rest = (keys - l) // _SPAN
    k = (rest + _SPAN // 2) % _SPAN - _SPAN // 2
    return np.stack([(rest - k) // _SPAN, k, l], axis=-1)


def representatives(hkl: Indices, matrices: Indices) -> Indices:
    """Return the same key for all reflections (n, 3) that rotations and inversion make of one.

    `matrices`: (m, 3, 3), a group of rotations; hkl turns to hkl R.
    """
    found = keys_of(hkl)
    for matrix in matrices:
        found = np.minimum(found, keys_of(hkl @ matrix))
    return found


def find(keys: Indices, wanted: Indices) -> tuple[Indices, NDArray[np.bool_]]:
    """Return where keys (m,) are among ascending keys (n,), and which are there at all."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def averaged(keys: Indices, values: Floats, sigma: Floats) -> Averages:
    """Average the values (n,) of reflections that have the same key (n,)."""
    unique, group = np.unique(keys, return_inverse=True)
    count = np.bincount(group)
    return Averages(
        unique,
        group,
        count,
        np.bincount(group, values) / count,
        np.sqrt(np.bincount(group, sigma**2)) / count,
    )
