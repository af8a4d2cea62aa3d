"""Which rotations the intensities have, of those of the lattice, and in which axes.

Agreement is looked at for each rotation (P. R. Evans, Acta Cryst. D62, 72, 2006), and each group of
rotations is weighed by what agrees in it and disagrees outside of it.
"""

import itertools
from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.group_operations import matrices_of
from spacegrouper.crystals.lattice_rotations import (
    SHORT_VECTORS,
    axis_of,
    by_length,
    monoclinic_axes,
    orders_of,
)
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.equivalents import Floats, Indices, find, keys_of
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList
from spacegrouper.techniques.reflections.reflection_list import STRAYS

_TOLERANCE = 3.0  # degrees, as of gemmi.find_lattice_symmetry
_FEWEST_PAIRS = 8
_FEWEST_MOVED = 20
_MERGED = 2.0  # logarithm of the odds that a rotation without any pairs was merged by


@dataclass(frozen=True, eq=False)
class Rotations:
    """How well each rotation of the lattice turns reflections into their equals.

    Args:
        matrices: (m, 3, 3), of columns of coordinates in the reduced cell; hkl turns to hkl R.
        correlation: (m,), of |E| of pairs, NaN with too few.
        r_merge: (m,), sum of differences over sum of intensities, NaN with too few pairs.
        pairs: (m,).
        moved: (m,), reflections that it moves.
        coverage: (m,), the share of those that it moves whose mates are in the list.
        deviation: (m,), by how much the lattice is off it, relative.
        yes: (m,), logarithm of the likelihood of this agreement if the crystal has it.
        no: (m,), if it has not.
    """

    matrices: Indices
    correlation: Floats
    r_merge: Floats
    pairs: Indices
    moved: Indices
    coverage: Floats
    deviation: Floats
    yes: Floats
    no: Floats


@dataclass(frozen=True, eq=False)
class LaueCandidate:
    """A group of rotations that the intensities may have.

    Args:
        members: (m,), which rotations of the lattice it has.
        axes: (3, 3), rows, its conventional axes in units of the reduced cell's.
        score: logarithm of its likelihood; only differences mean anything.
    """

    members: NDArray[np.bool_]
    axes: Indices
    score: float


def rotations_of(reflections: ReducedList) -> Rotations:
    """Compare all pairs of reflections that a rotation of the lattice turns into each other."""
    cell = cell_of(reflections.lattice)
    group = gemmi.find_lattice_symmetry_r(gemmi.UnitCell(*cell), _TOLERANCE)
    matrices = matrices_of(group)
    metric = reflections.lattice @ reflections.lattice.T
    turned = matrices.transpose(0, 2, 1) @ metric @ matrices
    deviation = np.abs((turned - metric) / np.outer(cell[:3], cell[:3])).max(axis=(1, 2))
    amplitude = np.sqrt(np.maximum(reflections.z, 0))
    known = [value for value in (reflections.repeated, reflections.expected) if value == value]
    numbers = [_compare(reflections, amplitude, matrix) for matrix in matrices]
    columns = zip(*numbers, strict=True)
    correlation, r_merge, pairs, moved, coverage = (np.array(column) for column in columns)
    yes, no = _likelihoods(correlation, pairs, coverage, min(known))
    return Rotations(matrices, correlation, r_merge, pairs, moved, coverage, deviation, yes, no)


def _compare(
    reflections: ReducedList, amplitude: Floats, matrix: Indices
) -> tuple[float, float, int, int, float]:
    mates = keys_of(reflections.hkl @ matrix)
    place, there = find(reflections.keys, mates)
    moved = mates != reflections.keys
    paired = moved & there
    coverage = paired.sum() / moved.sum() if moved.sum() >= _FEWEST_MOVED else np.nan
    pairs, all_moved = int(paired.sum()), int(moved.sum())
    if pairs < _FEWEST_PAIRS:
        return np.nan, np.nan, pairs, all_moved, coverage
    one, other = amplitude[paired], amplitude[place[paired]]
    # Pairs count both ways, so that a rotation and its inverse have one value.
    mean = (one.mean() + other.mean()) / 2
    variance = (((one - mean) ** 2).mean() + ((other - mean) ** 2).mean()) / 2
    covariance = ((one - mean) * (other - mean)).mean()
    strong, weak = reflections.intensity[paired], reflections.intensity[place[paired]]
    total = np.abs(strong).sum() + np.abs(weak).sum()
    r_merge = np.abs(strong - weak).sum() / total if total > 0 else np.nan
    correlation = covariance / variance if variance > 0 else np.nan
    return correlation, r_merge, pairs, all_moved, coverage


def _likelihoods(
    correlation: Floats, pairs: Indices, coverage: Floats, noise: float
) -> tuple[Floats, Floats]:
    """Return log-likelihoods of correlations with and without the symmetry.

    With it they are about that of repeated measurements, in a Lorentzian; without it they are
    about 0.2, or, in pseudo-symmetric crystals, anything.
    """
    width = np.sqrt(0.04**2 + ((1 - noise) / 2) ** 2 + 0.5 / np.maximum(pairs, 1))
    off = np.minimum(correlation - noise, 0) / width
    yes = -np.log1p(off**2) - np.log(np.pi * width)
    spread = np.sqrt(0.3**2 + 1 / np.maximum(pairs, 1))
    normal = np.exp(-0.5 * ((correlation - 0.2) / spread) ** 2) / spread / np.sqrt(2 * np.pi)
    no = np.log(0.8 * normal + 0.2 / 2)
    merged = np.where(coverage < STRAYS, _MERGED, 0.0)
    untested = np.isnan(correlation)
    return np.where(untested, merged, yes), np.where(untested, 0.0, no)


def laue_candidates(
    reflections: ReducedList, rotations: Rotations, most: int
) -> list[LaueCandidate]:
    """Return the groups of rotations that fit best, the best first, at most so many."""
    groups = _subgroups(rotations.matrices)
    scores = groups @ rotations.yes + ~groups @ rotations.no
    # Of equal ones the larger first, then by what does not depend on the axes.
    traces = np.trace(rotations.matrices, 0, 1, 2)
    ties = (groups @ rotations.moved, groups @ traces, -groups.sum(axis=1))
    best = np.lexsort((*ties, -np.round(scores, 9)))[:most]
    return [
        LaueCandidate(
            groups[place],
            conventional_axes(rotations.matrices[groups[place]], reflections.lattice),
            float(scores[place]),
        )
        for place in best
    ]


def _subgroups(matrices: Indices) -> NDArray[np.bool_]:
    """Return all subgroups of a group of rotations, (subgroups, m): two generate each of them."""
    number = {matrix.tobytes(): place for place, matrix in enumerate(matrices)}
    table = np.array([[number[(one @ two).tobytes()] for two in matrices] for one in matrices])
    identity = number[np.eye(3, dtype=matrices.dtype).tobytes()]
    found: dict[bytes, NDArray[np.bool_]] = {}
    for pair in itertools.combinations_with_replacement(range(len(matrices)), 2):
        members = {identity, *pair}
        while len(larger := {int(table[i, j]) for i in members for j in members}) > len(members):
            members = larger
        mask = np.isin(np.arange(len(matrices)), list(members))
        found.setdefault(mask.tobytes(), mask)
    return np.array(list(found.values()))


def conventional_axes(rotations: Indices, lattice: Floats) -> Indices:
    """Return right-handed conventional axes for a group of rotations of a reduced lattice.

    Those of the International Tables but for an order of axes that the group leaves open:
    monoclinic b unique with a and c the shortest across it; orthorhombic in any order, C where one
    face is centred; hexagonal axes, obverse, for rhombohedral lattices.

    Args:
        rotations: (m, 3, 3), of columns of coordinates.
        lattice: (3, 3), rows.

    Returns:
        (3, 3), rows, in units of the lattice's vectors.
    """
    orders = orders_of(rotations)
    if len(rotations) == 1:
        axes = np.eye(3, dtype=np.int64)
    elif len(rotations) == 2:
        axes = monoclinic_axes(rotations[orders == 2][0], lattice)
    elif orders.max() == 2:
        axes = _orthorhombic(_axes_of(rotations[orders == 2]))
    elif len(rotations) in (12, 24) and (orders == 3).sum() == 8:
        axes = _axes_of(rotations[orders == (4 if len(rotations) == 24 else 2)])
    else:
        axes = _with_main_axis(rotations[orders.argmax()], int(orders.max()), lattice)
    if np.linalg.det(axes) < 0:
        axes[2] *= -1
    reverse = orders.max() in (3, 6) and round(np.linalg.det(axes)) == 3
    if reverse and ((2 * axes[0] + axes[1] + axes[2]) % 3).any():
        axes[:2] *= -1
    return axes


def _with_main_axis(turn: Indices, order: int, lattice: Floats) -> Indices:
    powers = [np.linalg.matrix_power(turn, power) for power in range(order)]
    across = SHORT_VECTORS[(SHORT_VECTORS @ np.sum(powers, axis=0).T == 0).all(axis=1)]
    a = by_length(across, lattice)[0]
    return np.array([a, (powers[2] if order == 6 else turn) @ a, axis_of(turn)])


def _orthorhombic(axes: Indices) -> Indices:
    for order in ([0, 1, 2], [0, 2, 1], [1, 2, 0]):
        if not (axes[order[:2]].sum(axis=0) % 2).any():
            others = [not (axes[[order[i], order[2]]].sum(axis=0) % 2).any() for i in (0, 1)]
            return axes if all(others) else axes[order]
    return axes


def _axes_of(turns: Indices) -> Indices:
    return np.array(sorted({tuple(axis_of(turn).tolist()) for turn in turns}))
