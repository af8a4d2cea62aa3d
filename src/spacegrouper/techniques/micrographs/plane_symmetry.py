"""The symmetry of one zone's intensities, and what of it is absent along its axes."""

from dataclasses import dataclass

import numpy as np

from spacegrouper.techniques.micrographs.micrograph import Floats, Indices
from spacegrouper.techniques.micrographs.zone_reflections import Intensities

_SAME = 0.02  # relative, of a lattice that has an operation
_FEWEST = 6  # pairs
_WITHOUT = 0.2  # correlation of amplitudes that are not equivalent
_FEWEST_ON_AXIS = 2
_ABSENT = 0.03  # of the mean of the others
# Groups of rotations and mirrors of a net, the largest first, by how many of each they hold.
_NAMES = {(6, 6): "6mm", (6, 0): "6", (4, 4): "4mm", (4, 0): "4", (2, 2): "2mm", (2, 0): "2"}
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
        agreement: correlation of the amplitudes for each operation of the net beside half a turn:
            its name, the correlation, and the number of pairs.
        halved: directions of the net along which reflections with odd order are absent.
    """

    name: str
    agreement: tuple[tuple[str, float, int], ...]
    halved: tuple[tuple[int, int], ...]


def plane_symmetry(measured: Intensities, vectors: Floats) -> PlaneSymmetry:
    """Compare all pairs that an operation of the net (2, 2) turns into each other."""
    size = {
        tuple(node): value
        for node, value in zip(measured.nodes.tolist(), measured.values, strict=True)
    }
    amplitudes = {node: float(np.sqrt(max(value, 0))) for node, value in size.items()}
    friedel, _ = _correlation(amplitudes, -np.eye(2, dtype=np.int64))
    limit = (_WITHOUT + (friedel if friedel == friedel else 0.9)) / 2
    kept, agreement = [], []
    for matrix in _operations(vectors):
        correlation, pairs = _correlation(amplitudes, matrix)
        agreement.append((_words(matrix), correlation, pairs))
        if pairs >= _FEWEST and correlation > limit:
            kept.append(matrix)
    rotations = sum(round(float(np.linalg.det(one))) == 1 for one in kept) + 2
    mirrors = sum(round(float(np.linalg.det(one))) == -1 for one in kept)
    name = next(
        words
        for (turns, planes), words in _NAMES.items()
        if rotations >= turns and mirrors >= planes
    )
    return PlaneSymmetry(name, tuple(agreement), _halved(measured))


def _operations(vectors: Floats) -> list[Indices]:
    """Return the whole matrices (2, 2), h' = h M, that leave the metric as it is, but for +-1."""
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
                    if (np.abs(off) < _SAME * sizes).all():
                        found.append(matrix)
    return found


def _correlation(amplitudes: dict[tuple[int, ...], float], matrix: Indices) -> tuple[float, int]:
    pairs = [
        (value, amplitudes[mate])
        for node, value in amplitudes.items()
        if (mate := tuple((np.array(node) @ matrix).tolist())) in amplitudes and mate != node
    ]
    if len(pairs) < _FEWEST:
        return float("nan"), len(pairs)
    one, other = np.array(pairs).T
    return float(np.corrcoef(one, other)[0, 1]), len(pairs)


def _words(matrix: Indices) -> str:
    trace = int(np.trace(matrix))
    if round(float(np.linalg.det(matrix))) == -1:
        return "mirror"
    return {-1: "third of a turn", 0: "quarter of a turn", 1: "sixth of a turn"}[trace]


def _halved(measured: Intensities) -> tuple[tuple[int, int], ...]:
    """Return directions whose odd orders are absent where the even ones are there."""
    mean = float(measured.values.mean())
    found = []
    for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
        step = np.array(direction)
        along = measured.nodes[:, 0] * step[1] == measured.nodes[:, 1] * step[0]
        order = np.abs(measured.nodes @ step) // int(step @ step)
        odd, even = along & (order % 2 == 1), along & (order % 2 == 0)
        if odd.sum() < 2 * _FEWEST_ON_AXIS or even.sum() < 2 * _FEWEST_ON_AXIS:
            continue
        if measured.values[odd].mean() < _ABSENT * mean < measured.values[even].mean():
            found.append(direction)
    return tuple(found)
