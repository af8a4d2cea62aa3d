"""The settings in which the operations of a space group look the same.

They are those that the Euclidean normaliser of the group interchanges: E. Koch, W. Fischer,
U. Mueller, International Tables for Crystallography A (2016), chapter 3.5.
"""

import itertools
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEPS = 24  # the origins of the space groups' settings differ by multiples of 1/8 or 1/3
_GRID = np.array(list(itertools.product(range(_STEPS), repeat=3))) / _STEPS
_SAME_ORIGIN = 1e-4  # in units of the cell vectors


@lru_cache(maxsize=1024)
def equivalent_settings(
    rotations: bytes, translations: bytes, bases: bytes
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the bases, with shifts of the origin, in which the operations look as they do now.

    Of bases that the operations themselves interchange one is returned, once with each of its
    shifts. Shifts have no part along directions in which the origin is free.

    Args:
        rotations: bytes of int64 (g, 3, 3), so that results can be remembered.
        translations: bytes of float64 (g, 3), pure translations included.
        bases: bytes of int64 (b, 3, 3), isometries of the lattice.

    Returns:
        The bases (m, 3, 3) and the shifts (m, 3), those of one basis one after the other.
    """
    turns = np.frombuffer(rotations, dtype=np.int64).reshape(-1, 3, 3)
    moves = np.frombuffer(translations).reshape(-1, 3)
    place_of: dict[bytes, int] = {}
    for place, turn in enumerate(turns):
        place_of.setdefault(turn.tobytes(), place)
    centrings = moves[(turns == np.eye(3)).all(axis=(1, 2))]
    polar = np.round(turns.mean(axis=0), 6)
    grid = _GRID[np.abs(_GRID @ polar.T).max(axis=1) < 1e-6]
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    seen: set[bytes] = set()
    rows = np.frombuffer(bases, dtype=np.int64).reshape(-1, 3, 3)
    # Columns of coordinates transform by the inverse transpose of the rows of the lattice.
    changes = np.round(np.linalg.inv(rows.transpose(0, 2, 1))).astype(np.int64)
    for basis, change in zip(rows, changes, strict=True):
        if change.tobytes() in seen:
            continue
        seen.update(product.tobytes() for product in change @ turns)
        new_turns = change @ turns @ basis.T
        places = np.array([place_of.get(turn.tobytes(), -1) for turn in new_turns])
        if (places < 0).any():
            continue
        # What the origin must make up for, but for lattice translations.
        missing = moves[places] - moves @ change.T
        fits = _fitting(grid, new_turns, missing, centrings)
        found.extend((basis, shift) for shift in grid[fits])
    settings, shifts = zip(*found, strict=True)
    return np.array(settings), np.array(shifts)


@njit(cache=True, nogil=True)
def _fitting(shifts: Any, turns: Any, missing: Any, centrings: Any) -> Any:
    """Tell which shifts (s, 3) give each turn (g, 3, 3) what it misses, (g, 3)."""
    fits = np.ones(len(shifts), dtype=np.bool_)
    rest = np.empty(3)
    for shift in range(len(shifts)):
        for operation in range(len(turns)):
            for row in range(3):
                rest[row] = shifts[shift, row] - missing[operation, row]
                for column in range(3):
                    rest[row] -= turns[operation, row, column] * shifts[shift, column]
            matched = False
            for centring in range(len(centrings)):
                largest = 0.0
                for row in range(3):
                    off = rest[row] - centrings[centring, row]
                    largest = max(largest, abs(off - np.rint(off)))
                if largest < _SAME_ORIGIN:
                    matched = True
                    break
            if not matched:
                fits[shift] = False
                break
    return fits
