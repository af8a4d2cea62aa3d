"""What a measurement does to the reflections of a crystal, drawn at random for each.

In this order, with I the intensity, s = 1 / d, and the strongest reflection's I_1 and s_1:

    twin          I -> (1 - a) I(hkl) + a I(hkl R), R of the lattice and not of the structure
    displacement  I -> I exp(-B s^2 / 2)
    absorption    I -> I exp(u T u), u the direction of the reflection, T symmetric and traceless:
                  the second order of Blessing's harmonics, Acta Cryst. A51:33 (1995)
    extinction    I -> I / sqrt(1 + x (I / I_1) (s_1 / s)), SHELXL's for short wavelengths, whose
                  sin(2 theta) grows as s (Sheldrick, Acta Cryst. C71:3 (2015); Larson (1970))
    scatter       I -> I exp(t z), z normal
    noise         I -> I + sigma z, sigma^2 = (I I_1 + b I_1^2 / N) / N + (p I)^2, of N counts of
                  the strongest reflection, b of the background and the instability p

A measured reflection below its sigma becomes that: no more is known of it. Only a reflection that
is not measured, or one without any background, is then absent.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.cells import metrics_of
from spacegrouper.techniques.reflections.levels import HIGHEST, intensities_of_levels, scaled
from spacegrouper.techniques.reflections.settings import Measurement, Reflections

# Of the elements of the metric, relative: lengths within 1 %, angles within 1.1 degrees.
_SAME_METRIC = 0.02
# Of the sum of intensities, which an operation of the structure may change.
_SAME_INTENSITIES = 0.01
# Indices up to this tell whether an operation is one of the structure.
_TELLING_INDEX = 4
_MOST_OPERATIONS = 24  # of a cube

# What a crystal is measured under; without a limit, numbers that change nothing.
_CONDITIONS = np.dtype(
    [
        ("twin_fraction", float),  # 0: no twin
        ("twin_operation", float),  # which of those that are possible, from 0 to 1
        ("displacement", float),  # B, Angstrom^2
        ("absorption", float, (3, 3)),
        ("extinction", float),
        ("scatter", float),
        ("count", float),  # 1 / N
        ("background", float),
        ("instability", float),
        ("cutoff", float),
        ("wedge", float, (2, 3)),  # from its middle, and from its edge, to the axis of rotation
        ("opening", float),  # tangent of half of it
        ("farthest", float),  # largest s, 1/Angstrom
    ]
)
_NUMBERS = 11  # drawn evenly from 0 to 1 for each crystal
_VECTORS = 5  # drawn besides, of three normal numbers each


def measured(
    levels: NDArray[np.uint16],
    cells: NDArray[np.float64],
    measurement: Measurement,
    made_with: Reflections,
    generators: Sequence[np.random.Generator],
) -> NDArray[np.float32]:
    """Return the levels of crystals as they are measured, from 0 (absent) to 1 (the strongest).

    A crystal's result depends on its own row and generator alone.

    Args:
        levels: (n, L + 1, 2 L + 1, 2 L + 1), l from 0, h and k from -L, as in a dataset.
        cells: (n, 6), edges in Angstrom and angles in degrees.
        measurement: what is drawn.
        made_with: what the levels were simulated with.
        generators: of each crystal; all that is drawn is drawn whatever is on, so that one effect
            does not change the random numbers of another.
    """
    numbers = np.empty((len(levels), _NUMBERS))
    vectors = np.empty((len(levels), _VECTORS, 3))
    normal = np.empty((2, *levels.shape), dtype=np.float32)
    for place, generator in zip(range(len(levels)), generators, strict=True):
        generator.random(out=numbers[place])
        generator.standard_normal(out=vectors[place])
        for part in normal:
            generator.standard_normal(dtype=np.float32, out=part[place])
    changed = numbers[:, 0] < measurement.share
    conditions = _conditions(measurement, made_with, numbers[:, 1:], vectors)
    metrics = metrics_of(cells)
    reciprocal = np.linalg.cholesky(np.linalg.inv(metrics))
    table = intensities_of_levels(made_with.decades)
    found = np.empty(levels.shape, dtype=np.float32)
    for place in range(len(levels)):
        if not changed[place]:
            found[place] = scaled(levels[place])
            continue
        _measure(
            found[place],
            table[levels[place]],
            metrics[place],
            reciprocal[place],
            conditions[place],
            normal[0, place],
            normal[1, place],
            made_with.decades,
        )
    return found


def _conditions(
    measurement: Measurement,
    made_with: Reflections,
    numbers: NDArray[np.float64],
    vectors: NDArray[np.float64],
) -> NDArray[Any]:
    """Return the conditions of n crystals, from numbers (n, 10), 0 to 1, and vectors (n, 5, 3)."""
    found = np.zeros(len(numbers), _CONDITIONS)
    twin, fraction, operation, b, extinction, absorption, scatter, count, wedge, limit = numbers.T
    fraction = measurement.largest_twin_fraction * fraction
    found["twin_fraction"] = np.where(twin < measurement.twins, fraction, 0)
    found["twin_operation"] = operation
    found["displacement"] = measurement.largest_b * b
    found["extinction"] = measurement.largest_extinction * extinction
    strength = measurement.largest_absorption * absorption
    found["absorption"] = strength[:, None, None] * _anisotropies(vectors[:, :3])
    found["scatter"] = measurement.largest_scatter * scatter
    if measurement.counts is not None:
        fewest, most = measurement.counts
        found["count"] = 1 / (fewest * (most / fewest) ** count)
    found["background"] = measurement.background
    found["instability"] = measurement.instability
    found["cutoff"] = measurement.cutoff
    # Its rows are orthonormal, whatever the vectors.
    found["wedge"] = np.linalg.qr(vectors[:, 3:].transpose(0, 2, 1))[0].transpose(0, 2, 1)
    found["opening"] = np.tan(np.radians(measurement.largest_wedge * wedge) / 2)
    # Beyond the limit of the simulation nothing is known: it is not extinct.
    shortest = np.full(len(numbers), made_with.resolution or 0.0)
    if measurement.resolution is not None:
        best, worst = measurement.resolution
        shortest = np.maximum(shortest, best + (worst - best) * limit)
    with np.errstate(divide="ignore"):
        found["farthest"] = 1 / shortest
    return found


def _anisotropies(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return symmetric, traceless matrices T (n, 3, 3), u T u of standard deviation 1 over all u.

    Over the sphere, the mean square of u T u is 2 / 15 of the sum of T's squares.
    """
    symmetric = (matrices + matrices.transpose(0, 2, 1)) / 2
    symmetric -= np.trace(symmetric, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
    squares = (symmetric**2).sum(axis=(1, 2), keepdims=True)
    found: NDArray[np.float64] = symmetric / np.sqrt(2 / 15 * squares)
    return found


@njit(cache=True, nogil=True)
def _measure(
    found: Any,
    intensity: Any,
    metric: Any,
    reciprocal: Any,
    condition: Any,
    scatter: Any,
    noise: Any,
    decades: int,
) -> None:
    """Fill in the levels of a crystal, 0 to 1, from its intensities; see the top of this file."""
    layers, width, _ = intensity.shape
    largest = layers - 1
    if condition.twin_fraction > 0:
        intensity = _twinned(intensity, metric, condition.twin_fraction, condition.twin_operation)
    # Of reflections that are not measured, s is 0.
    s = np.zeros(intensity.shape)
    strongest, s_of_strongest = 0.0, 1.0
    for l in range(layers):
        for h in range(width):
            for k in range(width):
                x, y, z = _vector(reciprocal, h - largest, k - largest, l)
                squared = x * x + y * y + z * z
                if squared == 0 or squared > condition.farthest**2:
                    continue
                if _is_in_wedge(condition.wedge, condition.opening, x, y, z):
                    continue
                s[l, h, k] = math.sqrt(squared)
                transmission = _quadratic(condition.absorption, x, y, z) / squared
                intensity[l, h, k] *= math.exp(transmission - condition.displacement * squared / 2)
                if intensity[l, h, k] > strongest:
                    strongest, s_of_strongest = intensity[l, h, k], s[l, h, k]
    highest = 0.0
    for l in range(layers):
        for h in range(width):
            for k in range(width):
                if s[l, h, k] == 0 or intensity[l, h, k] == 0:
                    continue
                relative = intensity[l, h, k] / strongest * s_of_strongest / s[l, h, k]
                # Of Friedel mates in the layer hk0, one number for both.
                at_h, at_k = _mate(l, h, k, largest)
                intensity[l, h, k] *= math.exp(condition.scatter * scatter[l, at_h, at_k])
                intensity[l, h, k] /= math.sqrt(1 + condition.extinction * relative)
                highest = max(highest, intensity[l, h, k])
    strongest, highest = highest, 0.0
    for l in range(layers):
        for h in range(width):
            for k in range(width):
                if s[l, h, k] == 0:
                    continue
                at_h, at_k = _mate(l, h, k, largest)
                sigma = _sigma(intensity[l, h, k], strongest, condition)
                counted = intensity[l, h, k] + sigma * noise[l, at_h, at_k]
                sigma = _sigma(max(counted, 0.0), strongest, condition)
                if condition.cutoff > 0 and counted < condition.cutoff * sigma:
                    counted = 0.0
                elif counted < sigma:
                    counted = sigma
                intensity[l, h, k] = counted
                highest = max(highest, counted)
    for l in range(layers):
        for h in range(width):
            for k in range(width):
                found[l, h, k] = 0
                if s[l, h, k] == 0 or intensity[l, h, k] <= 0:
                    continue
                share = 1 + math.log10(intensity[l, h, k] / highest) / decades
                if share >= 0:
                    found[l, h, k] = (1 + (HIGHEST - 1) * share) / HIGHEST


@njit(cache=True, nogil=True)
def _vector(reciprocal: Any, h: int, k: int, l: int) -> Any:
    """Return the Cartesian vector of a reflection, 1/Angstrom."""
    x = h * reciprocal[0, 0] + k * reciprocal[1, 0] + l * reciprocal[2, 0]
    y = h * reciprocal[0, 1] + k * reciprocal[1, 1] + l * reciprocal[2, 1]
    z = h * reciprocal[0, 2] + k * reciprocal[1, 2] + l * reciprocal[2, 2]
    return x, y, z


@njit(cache=True, nogil=True)
def _quadratic(matrix: Any, x: float, y: float, z: float) -> float:
    found: float = (
        matrix[0, 0] * x * x
        + matrix[1, 1] * y * y
        + matrix[2, 2] * z * z
        + 2 * (matrix[0, 1] * x * y + matrix[0, 2] * x * z + matrix[1, 2] * y * z)
    )
    return found


@njit(cache=True, nogil=True)
def _is_in_wedge(wedge: Any, opening: float, x: float, y: float, z: float) -> bool:
    along = wedge[0, 0] * x + wedge[0, 1] * y + wedge[0, 2] * z
    across = wedge[1, 0] * x + wedge[1, 1] * y + wedge[1, 2] * z
    return bool(abs(across) < opening * abs(along))


@njit(cache=True, nogil=True)
def _mate(l: int, h: int, k: int, largest: int) -> Any:
    """Return the place of a reflection, or of its mate, among two of the layer hk0."""
    if l == 0 and (h < largest or (h == largest and k < largest)):
        return 2 * largest - h, 2 * largest - k
    return h, k


@njit(cache=True, nogil=True)
def _sigma(intensity: float, strongest: float, condition: Any) -> float:
    unit = strongest * condition.count
    variance = (intensity + condition.background * unit) * unit
    return math.sqrt(variance + (condition.instability * intensity) ** 2)


@njit(cache=True, nogil=True)
def _twinned(intensity: Any, metric: Any, fraction: float, choice: float) -> Any:
    """Return the intensities of a twin; the same where the lattice has no more symmetry."""
    operations = _lattice_operations(metric)
    possible = 0
    for operation in operations:
        if not _keeps_intensities(operation, intensity):
            operations[possible] = operation
            possible += 1
    if possible == 0:
        return intensity
    operation = operations[int(choice * possible)]
    layers, width, _ = intensity.shape
    found = np.empty_like(intensity)
    for l in range(layers):
        for h in range(width):
            for k in range(width):
                other = _transformed(intensity, operation, l, h, k)
                found[l, h, k] = (1 - fraction) * intensity[l, h, k] + fraction * other
    return found


@njit(cache=True, nogil=True)
def _transformed(intensity: Any, operation: Any, l: int, h: int, k: int) -> float:
    """Return I(hkl R), or I(hkl) where the former lies outside of the indices."""
    largest = len(intensity) - 1
    h_0, k_0 = h - largest, k - largest
    new_h = h_0 * operation[0, 0] + k_0 * operation[1, 0] + l * operation[2, 0]
    new_k = h_0 * operation[0, 1] + k_0 * operation[1, 1] + l * operation[2, 1]
    new_l = h_0 * operation[0, 2] + k_0 * operation[1, 2] + l * operation[2, 2]
    if max(abs(new_h), abs(new_k), abs(new_l)) > largest:
        return float(intensity[l, h, k])
    if new_l < 0:
        new_h, new_k, new_l = -new_h, -new_k, -new_l
    return float(intensity[new_l, new_h + largest, new_k + largest])


@njit(cache=True, nogil=True)
def _keeps_intensities(operation: Any, intensity: Any) -> bool:
    largest = len(intensity) - 1
    reach = min(largest, _TELLING_INDEX)
    total, changed = 0.0, 0.0
    for l in range(reach + 1):
        for h in range(largest - reach, largest + reach + 1):
            for k in range(largest - reach, largest + reach + 1):
                total += intensity[l, h, k]
                other = _transformed(intensity, operation, l, h, k)
                changed += abs(other - intensity[l, h, k])
    return bool(changed <= _SAME_INTENSITIES * total)


@njit(cache=True, nogil=True)
def _lattice_operations(metric: Any) -> Any:
    """Return the proper rotations of a metric, of indices in rows: (operations, 3, 3).

    Those whose elements are -1, 0 and 1: of a reduced cell, and of conventional ones, all.
    """
    found = np.empty((_MOST_OPERATIONS, 3, 3), dtype=np.int64)
    count = 0
    # The images of each edge are lattice vectors of its length.
    vectors = np.empty((3, 26, 3), dtype=np.int64)
    lengths = np.zeros(3, dtype=np.int64)
    for u in range(-1, 2):
        for v in range(-1, 2):
            for w in range(-1, 2):
                squared = _quadratic(metric, u, v, w)
                for edge in range(3):
                    if abs(squared - metric[edge, edge]) <= _SAME_METRIC * metric[edge, edge]:
                        vectors[edge, lengths[edge]] = u, v, w
                        lengths[edge] += 1
    for first in vectors[0, : lengths[0]]:
        for second in vectors[1, : lengths[1]]:
            if not _same_product(metric, 0, 1, first, second):
                continue
            for third in vectors[2, : lengths[2]]:
                if not _same_product(metric, 0, 2, first, third):
                    continue
                if not _same_product(metric, 1, 2, second, third):
                    continue
                if _determinant(first, second, third) == 1 and count < _MOST_OPERATIONS:
                    found[count, :, 0], found[count, :, 1], found[count, :, 2] = (
                        first,
                        second,
                        third,
                    )
                    count += 1
    return found[:count]


@njit(cache=True, nogil=True)
def _same_product(metric: Any, one: int, other: int, first: Any, second: Any) -> bool:
    """Whether two vectors have the scalar product of two edges."""
    product = 0.0
    for i in range(3):
        for j in range(3):
            product += first[i] * metric[i, j] * second[j]
    size = math.sqrt(metric[one, one] * metric[other, other])
    return bool(abs(product - metric[one, other]) <= _SAME_METRIC * size)


@njit(cache=True, nogil=True)
def _determinant(first: Any, second: Any, third: Any) -> int:
    return int(
        first[0] * (second[1] * third[2] - second[2] * third[1])
        - first[1] * (second[0] * third[2] - second[2] * third[0])
        + first[2] * (second[0] * third[1] - second[1] * third[0])
    )
