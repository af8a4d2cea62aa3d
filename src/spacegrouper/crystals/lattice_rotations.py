"""Rotations of a lattice, in units of its vectors: their orders, and axes along and across them."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.int64]

_ORDER_BY_TRACE = {3: 1, -1: 2, 0: 3, 1: 4, 2: 6}
# Among them the two shortest across an axis of rotation, in units of a Niggli cell.
SHORT_VECTORS: Vectors = np.array([v for v in itertools.product(range(-2, 3), repeat=3) if any(v)])


def orders_of(rotations: Vectors) -> Vectors:
    """Return the order of each rotation, (m, 3, 3) to (m,)."""
    return np.array([_ORDER_BY_TRACE[trace] for trace in np.trace(rotations, 0, 1, 2)])


def axis_of(turn: Vectors) -> Vectors:
    """Return the shortest lattice vector along the axis of a rotation (3, 3), of a fixed sense."""
    power, along = turn, np.eye(3, dtype=np.int64)
    while (power != np.eye(3)).any():
        along, power = along + power, power @ turn
    column = along[:, np.abs(along).sum(axis=0).argmax()]
    axis = column // math.gcd(*column.tolist())
    return np.asarray(axis * np.sign(axis[np.flatnonzero(axis)[0]]))


def by_length(vectors: Vectors, lattice: NDArray[np.float64]) -> Vectors:
    """Return vectors (n, 3) of a lattice (3, 3), rows, the shortest first."""
    return np.asarray(vectors[np.linalg.norm(vectors @ lattice, axis=1).argsort(kind="stable")])


def monoclinic_axes(turn: Vectors, lattice: NDArray[np.float64]) -> Vectors:
    """Return conventional axes (3, 3), rows, for a two-fold rotation of a Niggli cell.

    b is along it, a and c are the two shortest across it, the centring is C or I, beta is 90
    degrees or more. Of either hand.
    """
    b = axis_of(turn)
    reversed_by_turn = (SHORT_VECTORS @ turn.T == -SHORT_VECTORS).all(axis=1)
    across = by_length(SHORT_VECTORS[reversed_by_turn], lattice)
    a = across[0]
    c = next(vector for vector in across if np.cross(a, vector).any())
    if not ((c + b) % 2).any():  # centred on A
        a, c = c, a
    if (a @ lattice) @ (c @ lattice) > 0:
        c = -c
    return np.array([a, b, c])
