"""Patterns of three zones written by index: each spot at a pixel of its own, whatever the cell.

Each pattern has its lattice of spots (spot_lattice.py). Two patterns share each axis of the
crystal's frame. Where the spots of one are twice, three or four times as far apart along it as
those of the other, as a glide plane or a screw axis has it, they get the nodes between them, so
that what is absent is seen to be. Rows that are off by half or a third of a step are treated alike:
then all nodes form a rectangle, as in the conventional cell. What is left is the slant of a
monoclinic or triclinic lattice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Levels
from spacegrouper.errors import UserError
from spacegrouper.settings.simulate import Simulate
from spacegrouper.techniques.images import white_of
from spacegrouper.techniques.patterns.geometry import (
    detector_places,
    rotation_matrices,
    scattering_components,
)
from spacegrouper.techniques.patterns.settings import against_indexing
from spacegrouper.techniques.patterns.shared_axes import contradiction
from spacegrouper.techniques.patterns.spot_lattice import LONGEST, lattice_of_spots, spots_of
from spacegrouper.techniques.patterns.zone_comparisons import compared

# Along which axis of the frame rows of spots follow one another, and which runs along them, by the
# axis in the beam: such that rows are straight in standard cells, whose c is along z.
_ROWS = {"x": "zy", "y": "zx", "z": "xy"}
_FAINTEST = 0.03  # of white: fainter pixels are no spots
_MULTIPLES = (2, 3, 4)  # by which the nodes of one pattern may be farther apart
_SAME = 0.03  # relative difference of distances that are such multiples
_HALF, _THIRD = 0.03, 0.015  # how near to them the offsets of rows are taken for it
_EQUAL = 0.005  # relative difference of periods that are


@dataclass(frozen=True)
class _View:
    """How a pattern lies in the crystal's frame.

    `place`: among the views of the dataset; `axes`: of rows and along them, 0 to 2; `turn`: (2, 2),
    from components along these to those along x and y of the detector.
    """

    place: int
    axes: tuple[int, int]
    turn: NDArray[np.float64]


@dataclass(frozen=True)
class IndexedZones:
    """Composes zones by index, and the lattices.

    Args:
        settings: the experiment, whose views are along x, y and z of the crystal's frame.
        size: pixels along an edge, 2 L + 1 for the largest index L.
    """

    settings: Simulate
    size: int

    def __post_init__(self) -> None:
        """Refuse patterns whose spots cannot be indexed.

        Raises:
            UserError: their views or their fringes are in the way.
        """
        for (key, *_), reason in against_indexing(self.settings):
            raise UserError(f"the dataset's `{key}`: {reason}, and simulate the patterns anew")

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Return the fields `zones` (views, size, size) and `lattices` (12,) of each crystal."""
        raw = arrays["raw"]
        found = np.empty(
            len(raw),
            [("zones", raw.dtype, (3, self.size, self.size)), ("lattices", np.float32, (12,))],
        )
        for crystal, patterns in enumerate(raw):
            found["zones"][crystal], found["lattices"][crystal] = self.indexed(patterns)
        return found

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the zones and their comparisons (n, L + 1, size, 16), and the lattices (n, 12)."""
        levels = prepared["zones"]
        zones: NDArray[np.float32] = levels / np.float32(white_of(levels.dtype))
        return [compared(zones), np.ascontiguousarray(prepared["lattices"])]

    def indexed(self, patterns: Levels) -> tuple[Levels, NDArray[np.float32]]:
        """Return the zones (views, size, size) of patterns (views, y, x), and the lattices (12,).

        The zones are those along x, y and z, whatever the order of the patterns. Pixel (i, j) of
        one is node j - L of row i - L: the pattern's grey level there or at the opposite node,
        whichever is brighter; black beyond the detector, and all black where no lattice is found.
        The numbers are those of `lattice_numbers`.
        """
        axes = [view.axes for view in self._views]
        patterns = patterns[[view.place for view in self._views]]
        lattices = shared_nodes([lattice_of_spots(u, v) for u, v in self._spots(patterns)], axes)
        zones = [self._zone(*each) for each in zip(patterns, self._views, lattices, strict=True)]
        return np.stack(zones), lattice_numbers(lattices, axes)

    def unclear(self, patterns: Levels) -> str:
        """Return why nothing follows from patterns (views, y, x), as a sentence, or ""."""
        patterns = patterns[[view.place for view in self._views]]
        spots = self._spots(patterns)
        lattices = [_upright(lattice_of_spots(u, v)) for u, v in spots]
        missing = [axis for axis, lattice in zip("xyz", lattices, strict=True) if not lattice.any()]
        if missing:
            return (
                f"no lattice of spots is found in the pattern along {', '.join(missing)}, as in "
                "one of a few spots, of rings, of noise, of a crystal off the axis, or of a cell "
                f"longer than {LONGEST:g} Å; give patterns of one crystal along x, y and z"
            )
        return contradiction(patterns, spots, lattices, [view.axes for view in self._views])

    @cached_property
    def _views(self) -> list[_View]:
        """The views along x, y and z, in this order, to which comparisons of zones refer."""
        names = [view.name for view in self.settings.views]
        views = []
        for name in "xyz":
            place = names.index(name)
            (turn,) = rotation_matrices(self.settings.views[place])
            row, along = ("xyz".index(axis) for axis in _ROWS[name])
            views.append(_View(place, (row, along), turn[:2, [row, along]]))
        return views

    def _spots(self, patterns: Levels) -> list[NDArray[np.float64]]:
        """Return components (2, n) of the spots of each pattern, 1/Angstrom, along its axes."""
        found = []
        for pattern, view in zip(patterns, self._views, strict=True):
            spots = spots_of(pattern, _FAINTEST * white_of(pattern.dtype))
            components = scattering_components(spots.rows, spots.columns, self.settings)
            # The turn is a rotation or a reflection in the plane: its inverse is its transpose.
            found.append((components @ view.turn).T)
        return found

    def _zone(self, pattern: Levels, view: _View, vectors: NDArray[np.float64]) -> Levels:
        if not vectors.any():
            return np.zeros((self.size, self.size), pattern.dtype)
        index = np.arange(self.size) - self.size // 2
        nodes = np.stack(np.meshgrid(index, index, indexing="ij"), axis=-1).reshape(-1, 2)
        places = detector_places(nodes @ vectors @ view.turn.T, self.settings)
        levels: Levels = _levels_at(pattern, places)
        # By Friedel's law a node and the opposite one are equal, but one is nearer to the sphere.
        return np.maximum(levels, levels[::-1]).reshape(self.size, self.size)


def shared_nodes(
    lattices: Sequence[NDArray[np.float64]], axes: Sequence[tuple[int, int]]
) -> list[NDArray[np.float64]]:
    """Return lattices (2, 2) of views with the nodes that the others have along common axes.

    `axes`: of each view, those of the frame that rows follow one another along, and that they run
    along.
    """
    lattices = [_upright(lattice) for lattice in lattices]
    for axis in range(3):
        sides = [(view, pair.index(axis)) for view, pair in enumerate(axes) if axis in pair]
        sides = [(view, side) for view, side in sides if lattices[view].any()]
        if len(sides) != 2:
            continue
        distances = [lattices[view][side, side] for view, side in sides]
        farther = int(np.argmax(distances))
        ratio = distances[farther] / distances[1 - farther]
        for multiple in _MULTIPLES:
            if abs(ratio / multiple - 1) < _SAME:
                view, side = sides[farther]
                lattices[view] = _divided(lattices[view], side, multiple)
    return lattices


def lattice_numbers(
    lattices: Sequence[NDArray[np.float64]], axes: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Return what tells the lattices of three views apart, (12,); arguments as of `shared_nodes`.

    Returns:
        Logarithms of the periods along the three axes, in Angstrom, 0 where no lattice is found;
        of each view by how much of a step its rows are off; logarithms of the periods' ratios; and
        of each ratio 1 where it is 1, and -1 where it is the square root of 3, as in a hexagonal
        lattice, or its inverse.
    """
    periods, offsets = np.zeros(3), np.zeros(3)
    for view, (lattice, pair) in enumerate(zip(lattices, axes, strict=True)):
        if not lattice.any():
            continue
        for side, axis in enumerate(pair):
            periods[axis] = max(periods[axis], -np.log(lattice[side, side]))
        offsets[view] = lattice[0, 1] / lattice[1, 1]
    ratios = periods - np.roll(periods, 1)
    equal = np.abs(ratios) < _EQUAL
    hexagonal = np.abs(np.abs(ratios) - np.log(3) / 2) < _EQUAL
    return np.concatenate([periods, offsets, ratios, equal * 1.0 - hexagonal], dtype=np.float32)


def _upright(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a lattice whose rows are off by half or a third of a step with all nodes between."""
    if not vectors.any():
        return vectors
    vectors = _divided(vectors, 1, 1)
    offset = abs(vectors[0, 1] / vectors[1, 1])
    for part, tolerance in ((2, _HALF), (3, _THIRD)):
        if abs(offset - 1 / part) < tolerance:
            return _divided(vectors, 1, part)
    return vectors


def _divided(vectors: NDArray[np.float64], side: int, parts: int) -> NDArray[np.float64]:
    """Return a lattice with nodes between those of one side, its offset the smallest there is."""
    divided = vectors.copy()
    divided[side] /= parts
    divided[0] -= np.rint(divided[0, 1] / divided[1, 1]) * divided[1]
    return divided


@njit(cache=True, nogil=True)
def _levels_at(pattern: Any, places: Any) -> Any:
    """Return the levels at rows and columns (n, 2), between pixels by cubics (Catmull and Rom)."""
    levels = np.zeros(places.shape[0], pattern.dtype)
    white = float(pattern.max())
    for place in range(levels.size):
        row, column = places[place]
        if not (1 <= row < pattern.shape[0] - 2 and 1 <= column < pattern.shape[1] - 2):
            continue
        top, left = int(row), int(column)
        total = 0.0
        for i in range(-1, 3):
            for j in range(-1, 3):
                weight = _cubic(row - top - i) * _cubic(column - left - j)
                total += weight * pattern[top + i, left + j]
        levels[place] = int(min(max(total, 0.0), white))
    return levels


@njit(cache=True, nogil=True, inline="always")
def _cubic(distance: float) -> float:
    """Return the weight of a pixel at a distance along an axis."""
    t = abs(distance)
    if t < 1:
        return (1.5 * t - 2.5) * t * t + 1
    if t < 2:
        return ((-0.5 * t + 2.5) * t - 4) * t + 2
    return 0.0
