"""The symmetry of one zone's intensities, and what of it is absent along its axes.

Reflections that an operation of the net turns into each other are as far from the beam. So
amplitudes are compared over the mean of their distance: what falls off outwards is the same for all
operations, and says nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from spacegrouper.techniques.micrographs.friedel import CLEAR, friedel_averages
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask
from spacegrouper.techniques.micrographs.zone_reflections import Intensities

_SAME = 0.02  # relative, of a lattice that has an operation
_FEWEST = 3  # pairs
_AS_FAR = 17  # reflections whose mean is taken for that of their distance
# Correlation of amplitudes that equivalent ones are above; the second, over the root of the number
# of pairs, is added, as few agree by chance more often.
_LIMIT, _OF_FEW = 0.45, 0.4
_FEWEST_ON_AXIS = 2  # orders, Friedel mates once
_ABSENT = 0.03  # of the mean of the others
# Groups of a net by how many operations they have, and whether mirrors are among them.
_NAMES = {
    **{(2, False): "2", (4, False): "4", (6, False): "6"},
    **{(4, True): "2mm", (8, True): "4mm", (12, True): "6mm"},
}
# Laue classes with a zone of this symmetry, some axis of which is not general.
LAUE_CLASSES = {
    "2": ("-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m"),
    "2mm": ("2/m", "mmm", "4/m", "4/mmm", "-3m", "6/m", "6/mmm", "m-3", "m-3m"),
    "4": ("4/m",),
    "4mm": ("4/mmm", "m-3m"),
    "6": ("-3", "6/m", "m-3"),
    "6mm": ("-3m", "6/mmm", "m-3m"),
}


@dataclass(frozen=True, eq=False)
class PlaneSymmetry:
    """What intensities of a net have.

    Args:
        name: such as `2mm`; by Friedel's law at least `2`.
        agreement: for each operation of the net beside half a turn, its name and the correlation of
            the amplitudes that it turns into each other, NaN with too few.
        halved: directions of the net along which reflections with odd order are absent.
    """

    name: str
    agreement: tuple[tuple[str, float], ...]
    halved: tuple[tuple[int, int], ...]


def plane_symmetry(measured: Intensities, vectors: Floats) -> PlaneSymmetry:
    """Find the largest group of operations of a net (2, 2) that the intensities have."""
    once = friedel_averages(measured)
    amplitudes = _over_like_distances(once, vectors)
    strong = once.values > CLEAR * once.sigma
    operations = _operations(vectors)
    compared = [_correlation(once.nodes, amplitudes, strong, one) for one in operations]
    correlations = [correlation for correlation, _ in compared]
    # What too few pairs test, as where all spots are on the axes, is not taken for symmetry.
    fits = np.array(
        [value > _LIMIT + _OF_FEW / np.sqrt(max(pairs, 1)) for value, pairs in compared], dtype=bool
    )
    groups = [group for group in _groups(operations) if fits[list(group)].all()]
    # Of equally large ones that whose worst operation is best.
    best = max(
        groups,
        key=lambda group: (len(group), min((correlations[one] for one in group), default=0.0)),
    )
    mirrors = any(round(float(np.linalg.det(operations[one]))) == -1 for one in best)
    return PlaneSymmetry(
        _NAMES[2 * (len(best) + 1), mirrors],
        tuple(
            (_words(matrix), value) for matrix, value in zip(operations, correlations, strict=True)
        ),
        _halved(once),
    )


def _over_like_distances(once: Intensities, vectors: Floats) -> Floats:
    """Return amplitudes over the root of the mean intensity of reflections as far from the beam."""
    away = np.linalg.norm(once.nodes @ vectors, axis=1)
    order = np.argsort(away, kind="stable")
    positive = np.maximum(once.values, 0)
    means = np.empty(len(away))
    means[order] = uniform_filter1d(positive[order], _AS_FAR, mode="nearest")
    found: Floats = np.sqrt(positive / np.maximum(means, 1e-300))
    return found


def _operations(vectors: Floats) -> list[Indices]:
    """Return matrices (2, 2), h' = h M, that leave the metric as it is: of M and -M one, not 1."""
    metric = vectors @ vectors.T
    lengths = np.linalg.norm(vectors, axis=1)
    sizes = np.outer(lengths, lengths)
    line = range(-1, 2)
    found = []
    for a in line:
        for b in line:
            for c in line:
                for d in line:
                    matrix = np.array([[a, b], [c, d]])
                    if abs(a * d - b * c) != 1 or (b == c == 0 and a == d):
                        continue
                    off = matrix @ metric @ matrix.T - metric
                    if (a, b, c, d) > (-a, -b, -c, -d) and (np.abs(off) < _SAME * sizes).all():
                        found.append(matrix)
    return found


def _groups(operations: list[Indices]) -> list[tuple[int, ...]]:
    """Return all groups that operations and half a turn make, by the numbers of the operations."""
    number = {
        (sign * matrix).tobytes(): place
        for place, matrix in enumerate(operations)
        for sign in (1, -1)
    }
    found: set[tuple[int, ...]] = {()}
    for one in range(len(operations)):
        for other in range(one, len(operations)):
            members = {one, other}
            while True:
                products = {
                    number[matrix.tobytes()]
                    for first in members
                    for second in members
                    if (matrix := operations[first] @ operations[second]).tobytes() in number
                }
                if products <= members:
                    break
                members |= products
            found.add(tuple(sorted(members)))
    return sorted(found)


def _correlation(
    nodes: Indices, amplitudes: Floats, strong: Mask, matrix: Indices
) -> tuple[float, int]:
    """Return the correlation of amplitudes of pairs of which one is strong, and their number."""
    place = {tuple(node): number for number, node in enumerate(nodes.tolist())}
    turned = (nodes @ matrix).tolist()
    pairs = set()
    for number, (h, k) in enumerate(turned):
        mate = place.get((h, k), place.get((-h, -k)))
        if mate is not None and mate != number and (strong[number] or strong[mate]):
            pairs.add((min(number, mate), max(number, mate)))
    if len(pairs) < _FEWEST:
        return float("nan"), len(pairs)
    one, other = amplitudes[np.array(sorted(pairs))].T
    # Pairs have no order, so they count both ways.
    first, second = np.concatenate([one, other]), np.concatenate([other, one])
    return (float(np.corrcoef(first, second)[0, 1]) if first.std() > 0 else 1.0), len(pairs)


def _words(matrix: Indices) -> str:
    if round(float(np.linalg.det(matrix))) == -1:
        return "mirror"
    # With half a turn, a third of a turn is a sixth of one too.
    return "quarter of a turn" if np.trace(matrix) == 0 else "third of a turn"


def _halved(once: Intensities) -> tuple[tuple[int, int], ...]:
    """Return directions whose odd orders are absent where the even ones are there."""
    mean = float(once.values.mean())
    found = []
    for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
        step = np.array(direction)
        along = once.nodes[:, 0] * step[1] == once.nodes[:, 1] * step[0]
        order = np.abs(once.nodes @ step) // int(step @ step)
        odd, even = along & (order % 2 == 1), along & (order % 2 == 0)
        if odd.sum() < _FEWEST_ON_AXIS or even.sum() < _FEWEST_ON_AXIS:
            continue
        if once.values[odd].mean() < _ABSENT * mean < once.values[even].mean():
            found.append(direction)
    return tuple(found)
