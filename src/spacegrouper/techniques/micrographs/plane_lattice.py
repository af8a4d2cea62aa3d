"""The lattice of the spots of one zone, by the vectors between them."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask

_STRONGEST = 120  # spots whose differences are looked at
_SHORTEST, _MOST_VECTORS = 5.0, 30  # pixels; of difference vectors
_SAME = 1.5  # pixels, of differences that are one
_NEAR = 1.6  # pixels, of a spot to its node at first
_FEWEST = 8  # spots
_FEWEST_ON = 0.6  # of the spots
_FLATTEST = 0.25  # sine of the angle between two vectors
_FEWEST_BETWEEN = 4  # spots that halve or third a lattice
_CLEAR, _CLEAR_BETWEEN = 8.0, 12.0  # logarithm of the odds against chance


@dataclass(frozen=True, eq=False)
class PlaneLattice:
    """A lattice of spots.

    Args:
        origin: (2,), row and column of the beam.
        vectors: (2, 2), rows, two shortest vectors, pixels along rows and columns.
        residual: root mean square distance of the spots to their nodes, pixels.
        spots: (n, 2), all spots that were found.
        nodes: (n, 2), the nearest node of each.
        on: (n,), which spots are on a node.
    """

    origin: Floats
    vectors: Floats
    residual: float
    spots: Floats
    nodes: Indices
    on: Mask


def plane_lattice(spots: Floats, beam: Floats) -> PlaneLattice:
    """Find the lattice on which most spots are.

    Args:
        spots: (n, 2), row and column, the clearest first.
        beam: row and column, to a pixel or two.

    Raises:
        UserError: there is no lattice on which most are.
    """
    places = spots[:_STRONGEST]
    if len(places) < _FEWEST:
        raise UserError(
            f"{len(places)} spots stand out of the noise; a lattice needs at least {_FEWEST}: no "
            "diffraction pattern of one crystal, or exposed too short"
        )
    steps = _differences(places)
    best, vectors = -np.inf, None
    for one, other in itertools.combinations(steps, 2):
        area = abs(one[0] * other[1] - one[1] * other[0])
        if area < _FLATTEST * np.linalg.norm(one) * np.linalg.norm(other):
            continue
        trial = reduced(np.array([one, other]))
        odds = _odds(places - beam, trial)
        if odds > best + 1e-6:
            best, vectors = odds, trial
    if vectors is None:
        raise UserError("the spots lie in one row; give a pattern along a zone axis")
    origin, vectors = _refined(places, beam, vectors)
    vectors = _finer(places, origin, vectors)
    origin, vectors = _refined(spots, origin, vectors)
    exact = (spots - origin) @ np.linalg.inv(vectors)
    nodes = np.rint(exact).astype(np.int64)
    off = np.linalg.norm((exact - nodes) @ vectors, axis=1)
    on = off < _tolerance(vectors)
    share = on[:_STRONGEST].mean()
    chance = _chance(vectors)
    if share < _FEWEST_ON or on.sum() < _FEWEST or _log_odds(on[:_STRONGEST], chance) < _CLEAR:
        raise UserError(
            f"{100 * share:.0f} % of {min(len(on), _STRONGEST)} spots are on one lattice, less "
            "than those of one crystal along a zone axis; give a pattern of one crystal"
        )
    return PlaneLattice(origin, vectors, float(np.sqrt((off[on] ** 2).mean())), spots, nodes, on)


def reduced(vectors: Floats) -> Floats:
    """Return two shortest vectors of a plane lattice (2, 2), rows, at 60 to 90 degrees.

    By Gauss's reduction; the second is turned from the first as it was given, or its negative.
    """
    one, other = (vectors[0], vectors[1])
    while True:
        if one @ one > other @ other * (1 + 1e-9):
            one, other = other, one
        along = (one @ other) / (one @ one)
        # A half is left alone whatever its last digit, or it would change its sign for ever.
        if abs(along) <= 0.5 + 1e-9:
            break
        other = other - np.rint(along) * one
    return np.array([one, -other if one @ other < -1e-9 * (one @ one) else other])


def _differences(places: Floats) -> Floats:
    """Return the shortest vectors that many pairs of spots have in common, (m, 2)."""
    steps = (places[:, None] - places[None]).reshape(-1, 2)
    half = (steps[:, 0] > 0) | ((steps[:, 0] == 0) & (steps[:, 1] > 0))
    far = np.linalg.norm(steps, axis=1)
    steps = steps[half & (far > _SHORTEST)]
    tree = cKDTree(steps)
    count = np.array([len(near) for near in tree.query_ball_point(steps, _SAME)])
    kept: list[Floats] = []
    # A vector of the lattice is there as often as pairs of neighbours, which is half of the spots.
    for place in np.argsort(-count, kind="stable")[:4000]:
        if all(np.linalg.norm(steps[place] - one) > 2 * _SAME for one in kept):
            kept.append(steps[tree.query_ball_point(steps[place], _SAME)].mean(axis=0))
        if len(kept) == _MOST_VECTORS:
            break
    return np.array(kept)


def _tolerance(vectors: Floats) -> float:
    return min(_NEAR, 0.2 * float(np.linalg.norm(vectors[0])))


def _chance(vectors: Floats) -> float:
    """Return the share of the plane that is near a node."""
    return float(np.clip(np.pi * _tolerance(vectors) ** 2 / abs(np.linalg.det(vectors)), 0, 0.95))


def _log_odds(on: Mask, chance: float) -> float:
    """Return the logarithm of the odds that so many are on nodes, against chance."""
    share = np.clip(on.mean(), chance, 1 - 1e-3)
    found = share * np.log(share / chance) + (1 - share) * np.log((1 - share) / (1 - chance))
    return float(len(on) * found)


def _odds(away: Floats, vectors: Floats) -> float:
    exact = away @ np.linalg.inv(vectors)
    off = np.linalg.norm((exact - np.rint(exact)) @ vectors, axis=1)
    # Vectors between spots are rough: far nodes count only as far as these reach.
    return _log_odds(off < 2 * _tolerance(vectors), min(4 * _chance(vectors), 0.95))


def _refined(places: Floats, origin: Floats, vectors: Floats) -> tuple[Floats, Floats]:
    """Fit origin and vectors by least squares to the spots near nodes, from near to far."""
    far = np.linalg.norm(places - origin, axis=1)
    for reach in (0.25, 0.5, 0.75, 1.0, 1.0):
        near = far <= np.quantile(far, reach)
        exact = (places - origin) @ np.linalg.inv(vectors)
        nodes = np.rint(exact)
        off = np.linalg.norm((exact - nodes) @ vectors, axis=1)
        used = near & (off < 1.5 * _tolerance(vectors))
        if used.sum() < 5 or np.linalg.matrix_rank(nodes[used]) < 2:
            continue
        design = np.column_stack([np.ones(used.sum()), nodes[used]])
        fit = np.linalg.lstsq(design, places[used], rcond=None)[0]
        origin, vectors = fit[0], fit[1:]
    return origin, reduced(vectors)


def _finer(places: Floats, origin: Floats, vectors: Floats) -> Floats:
    """Return the lattice with the nodes between its nodes that weaker spots are on."""
    for _ in range(2):
        exact = (places - origin) @ np.linalg.inv(vectors)
        off = np.linalg.norm((exact - np.rint(exact)) @ vectors, axis=1)
        left = exact[off > 1.5 * _tolerance(vectors)]
        best, step = _CLEAR_BETWEEN, None
        for p in (2, 3):
            for one in _between(p):
                near = (left * p - np.rint(left * p)) @ vectors / p
                multiple = np.rint(left * p).astype(int)
                on = np.linalg.norm(near, axis=1) < _tolerance(vectors)
                # Multiples of the step: cross product is 0 modulo p.
                on &= (multiple[:, 0] * one[1] - multiple[:, 1] * one[0]) % p == 0
                if on.sum() < max(_FEWEST_BETWEEN, len(on) / 2):
                    continue
                odds = _log_odds(on, min((p - 1) * _chance(vectors), 0.9))
                if odds > best:
                    best, step = odds, np.array(one) / p
        if step is None:
            return vectors
        place = int(np.flatnonzero(step)[0])
        vectors = vectors.copy()
        vectors[place] = step @ vectors
        vectors = reduced(vectors)
    return vectors


def _between(p: int) -> list[tuple[int, int]]:
    return [(1, k) for k in range(p)] + [(0, 1)]
