"""The reflections of micrographs of one crystal as a list: all places of their zones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.grid_points import grid_points
from spacegrouper.techniques.micrographs.ground import Ground
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices
from spacegrouper.techniques.micrographs.plane_lattice import PlaneLattice
from spacegrouper.techniques.micrographs.spots import integrated
from spacegrouper.techniques.micrographs.zone import Zone
from spacegrouper.techniques.reflections.equivalents import keys_of

_RADIUS = 0.36  # of the shortest vector
_SMALLEST, _LARGEST = 2.0, 5.0  # pixels, of the radius
_INSTABILITY = 0.05  # part of sigma, of the intensity
_FLOOR = 0.01  # part of sigma, of the mean intensity: what the ground's form is not known to
_SHADOW = 0.2  # of its Friedel mate: weaker ones are in the shadow of a beam stop
_CLEAR = 6.0  # sigma
_STRONG = 3.0  # sigma, of reflections that zones are scaled by
_FEWEST_COMMON = 3  # reflections that two zones are scaled by


@dataclass(frozen=True, eq=False)
class Intensities:
    """What was measured at nodes of a lattice.

    Args:
        nodes: (n, 2), in units of its vectors; both Friedel mates.
        values: (n,), counts.
        sigma: (n,).
    """

    nodes: Indices
    values: Floats
    sigma: Floats


def intensities_of(ground: Ground, origin: Floats, vectors: Floats, farthest: float) -> Intensities:
    """Integrate all nodes but the direct beam, also where no spot was found.

    Args:
        ground: of the image.
        origin: row and column of the beam.
        vectors: (2, 2), pixels.
        farthest: pixels from the beam.
    """
    shortest = float(np.linalg.norm(vectors, axis=1).min())
    largest = int(np.ceil(1.2 * farthest / shortest))
    nodes = grid_points(largest)
    away = np.linalg.norm(nodes @ vectors, axis=1)
    nodes = nodes[(away > 0) & (away <= farthest)]
    places = origin + nodes @ vectors
    inside = ((places > 0) & (places < np.array(ground.rest.shape) - 1)).all(axis=1)
    nodes, places = nodes[inside], places[inside]
    radius = float(np.clip(_RADIUS * shortest, _SMALLEST, _LARGEST))
    values, sigma, whole = integrated(ground, places, radius)
    floor = _FLOOR * max(float(values[whole].mean()), 0.0) if whole.any() else 0.0
    sigma = np.sqrt(sigma**2 + (_INSTABILITY * values) ** 2 + floor**2)
    whole &= ~_shadowed(nodes, values, sigma, whole)
    return Intensities(nodes[whole], values[whole], sigma[whole])


def _shadowed(
    nodes: Indices, values: Floats, sigma: Floats, whole: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which are far weaker than their Friedel mates."""
    place = {tuple(node): number for number, node in enumerate(nodes.tolist())}
    mate = np.array([place.get((-h, -k), -1) for h, k in nodes.tolist()])
    there = (mate >= 0) & whole[mate]
    strong = there & (values[mate] > _CLEAR * np.hypot(sigma, sigma[mate]))
    found: NDArray[np.bool_] = strong & (values < _SHADOW * values[mate])
    return found


def zone_basis(lattice: PlaneLattice, zone: Zone) -> Floats:
    """Return the vectors of the zone's `basis`, (2, 2), pixels."""
    # The spots' vectors are whole sums of the basis; absent reflections make it finer.
    sums = np.rint(zone.vectors @ np.linalg.pinv(zone.basis.astype(np.float64)))
    found: Floats = np.linalg.inv(sums) @ lattice.vectors
    return found


def merged_zones(zones: list[tuple[Indices, Floats, Floats]]) -> tuple[Indices, Floats, Floats]:
    """Bring the reflections of several zones onto one scale, by those that they share.

    The next zone to join is the one that shares most with those that have joined, so it hardly
    matters in which order they are given. One that shares too few is brought to the same mean.

    Args:
        zones: hkl (n, 3), intensities (n,) and sigma (n,) of each.

    Raises:
        UserError: nothing of a zone is clear of its uncertainty.
    """
    strong = [_strong(*zone) for zone in zones]
    if any(len(keys) == 0 for keys, _ in strong):
        raise UserError(f"a zone has no reflection above {_STRONG:g} sigma; leave its pattern out")
    scales = [1.0]
    order, left = [0], list(range(1, len(zones)))
    while left:
        together = _means(
            np.concatenate([strong[one][0] for one in order]),
            np.concatenate(
                [scale * strong[one][1] for one, scale in zip(order, scales, strict=True)]
            ),
        )
        shared = [len(np.intersect1d(together[0], strong[one][0])) for one in left]
        joins = left.pop(int(np.argmax(shared)))
        scales.append(_scale(together, strong[joins]))
        order.append(joins)
    return (
        np.concatenate([zones[one][0] for one in order]),
        np.concatenate([scale * zones[one][1] for one, scale in zip(order, scales, strict=True)]),
        np.concatenate([scale * zones[one][2] for one, scale in zip(order, scales, strict=True)]),
    )


def _strong(hkl: Indices, values: Floats, sigma: Floats) -> tuple[Indices, Floats]:
    """Return keys and mean intensities of the clear reflections of a zone, Friedel mates as one."""
    clear = values > _STRONG * sigma
    return _means(np.maximum(keys_of(hkl[clear]), keys_of(-hkl[clear])), values[clear])


def _means(keys: Indices, values: Floats) -> tuple[Indices, Floats]:
    unique, place = np.unique(keys, return_inverse=True)
    return unique, np.bincount(place, values) / np.bincount(place)


def _scale(together: tuple[Indices, Floats], zone: tuple[Indices, Floats]) -> float:
    """Return what the intensities of a zone are multiplied by."""
    _, first, second = np.intersect1d(together[0], zone[0], return_indices=True)
    if len(first) >= _FEWEST_COMMON:
        return float(np.exp(np.median(np.log(together[1][first] / zone[1][second]))))
    return float(together[1].mean() / zone[1].mean())
