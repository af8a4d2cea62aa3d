"""Which zone of a known cell a lattice of spots is, and the indices of its spots."""

import itertools
import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices
from spacegrouper.techniques.micrographs.plane_lattice import reduced

_LARGEST_INDEX = 4  # of a zone axis
_COMBINED = 3  # of two shortest reflections of a zone, in the vectors of a pattern's lattice
# Standard deviations of what is measured: of a camera's scale, of ratios of lengths and of angles.
_SCALE, _SHAPE = 0.015, 0.007
# What speaks against lattices with absent reflections, by their index: logarithms of odds.
_AGAINST = {1: 0.0, 2: 1.0, 3: 3.0, 4: 2.0}
# What speaks for short periods along the beam: patterns of other zones are rarely taken.
_FOR_SHORT = 4.0
_LARGEST_MISFIT = 12.0  # chi squared of three numbers, of which 1 in 100 is above
_CLEAR = 4.0  # by so much the best zone must be better than another


@dataclass(frozen=True, eq=False)
class Zone:
    """A pattern with indices.

    Args:
        axis: (3,), u, v, w.
        vectors: (2, 3), hkl of the two vectors of the lattice of spots.
        basis: (2, 3), hkl that span all reflections of the zone, also those that are absent.
        step: 1/Angstrom of a pixel, as the cell has it.
        misfit: root mean square relative deviation of the lattice from the cell's.
        others: other zones that fit nearly as well and are not equivalent by the cell.
    """

    axis: Indices
    vectors: Indices
    basis: Indices
    step: float
    misfit: float
    others: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class _Fit:
    """How a zone fits a pattern.

    Args:
        zone: without others.
        chi: chi squared of scale, ratio of lengths and angle.
        against: minus twice the logarithm of the odds.
        metric: lengths, 1/Angstrom, cosine and index of the vectors; equal ones are equivalent by
            the cell.
    """

    zone: Zone
    chi: float
    against: float
    metric: tuple[float, ...]


def reflections_across(zone: Indices) -> Indices:
    """Return two reflections, (2, 3), that span all hkl with hu + kv + lw = 0.

    Args:
        zone: (3,), u, v, w without a common factor.
    """
    u, v, w = (int(index) for index in zone)
    if u == v == 0:
        return np.array([[1, 0, 0], [0, 1, 0]])
    divisor, x, y = _bezout(u, v)
    # (v, -u, 0) / d is across, and so is the whole solution of d l = -(hu + kv).
    return np.array([[v // divisor, -u // divisor, 0], [-x * w, -y * w, divisor]])


def _bezout(one: int, other: int) -> tuple[int, int, int]:
    """Return the greatest common divisor d > 0, x and y with x one + y other = d."""
    x, y, next_x, next_y = 1, 0, 0, 1
    while other:
        quotient = one // other
        one, other = other, one - quotient * other
        x, next_x = next_x, x - quotient * next_x
        y, next_y = next_y, y - quotient * next_y
    return (one, x, y) if one > 0 else (-one, -x, -y)


@lru_cache(maxsize=1)
def zone_axes() -> tuple[tuple[int, int, int], ...]:
    """Return zone axes up to index 4, without common factors, one of each with its negative."""
    line = range(-_LARGEST_INDEX, _LARGEST_INDEX + 1)
    return tuple(
        (u, v, w)
        for u, v, w in itertools.product(line, repeat=3)
        if (u, v, w) > (0, 0, 0) and math.gcd(u, v, w) == 1
    )


def zone_of(vectors: Floats, step: float | None, lattice: Floats) -> Zone:
    """Find the zone whose reflections have the lattice of a pattern.

    Some reflections of a zone may all be absent, by centring or glide planes; then the lattice of
    the spots is part of the zone's.

    Args:
        vectors: (2, 2), two shortest vectors, pixels.
        step: 1/Angstrom of a pixel; without it the shape alone counts, and the scale follows.
        lattice: (3, 3), of the cell, Angstrom, rows.

    Raises:
        UserError: none fits.
    """
    fits = [_fit(axis, vectors, step, lattice) for axis in zone_axes()]
    found = sorted((fit for fit in fits if fit.chi < _LARGEST_MISFIT), key=lambda fit: fit.against)
    if not found:
        raise UserError(
            "no zone axis up to "
            f"[{_LARGEST_INDEX} {_LARGEST_INDEX} {_LARGEST_INDEX}] of the given cell has this "
            "lattice of spots; check the cell"
            + (" and the scale" if step else ", or give the scale with --pixel-size")
        )
    best, *rest = found
    near = [fit for fit in rest if fit.against < best.against + _CLEAR]
    others = [tuple(fit.zone.axis.tolist()) for fit in near if fit.metric != best.metric]
    return replace(best.zone, others=tuple(others[:3]))


def _fit(axis: tuple[int, int, int], vectors: Floats, step: float | None, lattice: Floats) -> _Fit:
    """Return the pair of a zone's vectors that fits a pattern best; arguments as of `zone_of`."""
    reciprocal = np.linalg.inv(lattice).T
    across = reflections_across(np.array(axis))
    basis = _reduction(across @ reciprocal) @ across
    pairs = _pairs()
    sides = pairs @ basis @ reciprocal  # (pairs, 2, 3)
    lengths = np.linalg.norm(sides, axis=2)
    cosine = (sides[:, 0] * sides[:, 1]).sum(axis=1) / lengths.prod(axis=1)
    ratio = np.log(lengths / np.linalg.norm(vectors, axis=1))
    scale = ratio.mean(axis=1) - (math.log(step) if step else ratio.mean(axis=1))
    turn = np.arccos(np.clip(cosine, -1, 1)) - _angle(*vectors)
    shape = np.stack([(ratio[:, 0] - ratio[:, 1]) / math.sqrt(2), turn])
    chi = (scale / _SCALE) ** 2 + ((shape / _SHAPE) ** 2).sum(axis=0)
    index = np.abs(np.rint(np.linalg.det(pairs))).astype(int)
    size = np.linalg.norm(np.array(axis) @ lattice)
    against = chi + 2 * np.vectorize(_AGAINST.__getitem__)(index) + _FOR_SHORT * math.log(size)
    best = int(against.argmin())
    zone = Zone(
        axis=np.array(axis),
        vectors=pairs[best] @ basis,
        basis=basis,
        step=math.exp(float(ratio[best].mean())),
        misfit=math.sqrt((scale[best] ** 2 + (shape[:, best] ** 2).sum()) / 3),
        others=(),
    )
    metric = *np.round([*lengths[best], cosine[best]], 4).tolist(), int(index[best])
    return _Fit(zone, float(chi[best]), float(against[best]), metric)


def _reduction(plane: Floats) -> Indices:
    """Return two shortest vectors of a plane lattice (2, 3), in units of its own, (2, 2)."""
    # Rows of the Cholesky factor of the metric have the lengths and the angle.
    flat = np.linalg.cholesky(plane @ plane.T)
    found: Indices = np.rint(reduced(flat) @ np.linalg.inv(flat)).astype(np.int64)
    return found


@lru_cache(maxsize=1)
def _pairs() -> Indices:
    """Return pairs of vectors, (m, 2, 2), in units of a basis, that span 1, 1/2, 1/3 or 1/4."""
    line = range(-_COMBINED, _COMBINED + 1)
    vectors = [one for one in itertools.product(line, repeat=2) if any(one)]
    found = [
        (one, other)
        for one in vectors
        if one > (0, 0)
        for other in vectors
        if 1 <= abs(one[0] * other[1] - one[1] * other[0]) <= 4
    ]
    return np.array(found)


def _angle(one: Floats, other: Floats) -> float:
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.arccos(np.clip(cosine, -1, 1)))
