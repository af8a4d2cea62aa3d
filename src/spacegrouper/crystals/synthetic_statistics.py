"""What crystals of each space group are like: the Wyckoff positions, elements and cells they have.

All is in spglib's standard setting of the space group.
"""

import csv
import itertools
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import spglib
from numpy.typing import NDArray
from scipy.optimize import nnls

from spacegrouper.crystals.crystal import Crystal, space_group_of, stated_space_group
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

# Standard cells have their symmetry but for rounding.
_SYMPREC = 1e-3  # Angstrom
_GENERIC = np.sqrt([2.0, 3.0, 5.0]) % 1  # a point that no symmetry element passes through
_ELEMENTS = 119


@dataclass(frozen=True)
class Position:
    """A Wyckoff position: its points are `projection @ x + origin` of any x, (3,).

    Args:
        letter: of the International Tables.
        multiplicity: its points in the conventional cell.
        freedom: its coordinates to choose, 0 to 3; with none, it has room for one atom.
        projection: (3, 3), of rank `freedom`: mean of the rotations that leave a point in place.
        origin: (3,), the mean of their translations.
        rotations: (m, 3, 3), of the operations that make of a point its m images in a primitive
            cell, the identity first.
        translations: (m, 3).
    """

    letter: str
    multiplicity: int
    freedom: int
    projection: Floats
    origin: Floats
    rotations: Floats
    translations: Floats


@dataclass(frozen=True)
class Content:
    """One crystal: elements, the most frequent first, with the letters of their sites, and cell.

    Args:
        elements: atomic numbers.
        letters: of the sites of each element.
        atoms: of each element in the conventional cell.
        metric: (3, 3), products of the axes of the conventional cell, Angstrom^2.
    """

    elements: tuple[int, ...]
    letters: tuple[tuple[str, ...], ...]
    atoms: tuple[int, ...]
    metric: Floats

    @property
    def volume(self) -> float:
        """Of the conventional cell, cubic Angstrom."""
        return float(np.sqrt(np.linalg.det(self.metric)))


@dataclass(frozen=True)
class GroupStatistics:
    """The crystals of a space group.

    Attributes:
        rotations: (n, 3, 3), of all its operations in the conventional cell.
        primitive: (3, 3), axes of a primitive cell in units of the conventional ones.
        positions: by letter, those that are occupied.
        letters: of each multiplicity, and how often each is occupied.
        contents: the crystals, the smallest first.
        compositions: (m, E), the elements of those with E elements, by E; the most frequent first.
    """

    rotations: Floats
    primitive: Floats
    positions: dict[str, Position]
    contents: list[Content]
    letters: dict[int, tuple[list[str], Floats]] = field(init=False)
    compositions: dict[int, NDArray[np.int64]] = field(init=False)

    def __post_init__(self) -> None:
        self.contents.sort(key=lambda content: sum(content.atoms))
        occupied = Counter(
            letter for content in self.contents for own in content.letters for letter in own
        )
        letters: dict[int, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
        for letter, count in sorted(occupied.items()):
            names, counts = letters[self.positions[letter].multiplicity]
            names.append(letter)
            counts.append(count)
        compositions: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for content in self.contents:
            compositions[len(content.elements)].append(content.elements)
        object.__setattr__(
            self,
            "letters",
            {size: (names, np.array(counts, float)) for size, (names, counts) in letters.items()},
        )
        object.__setattr__(
            self, "compositions", {size: np.array(rows) for size, rows in compositions.items()}
        )


@dataclass(frozen=True)
class Statistics:
    """The crystals of each space group, and what volume elements take.

    Args:
        groups: by space group.
        volumes: (119,), cubic Angstrom an atom, by atomic number; 0 of elements that are not there.
    """

    groups: dict[int, GroupStatistics]
    volumes: Floats


def gather(path: Path, split: Path | None, largest_cell: int, processes: int) -> Statistics:
    """Gather the statistics of a file of standardised crystals.

    Args:
        path: the crystals, JSON lines.
        split: split.csv of a network's folder, whose training set alone is looked at; none: all.
        largest_cell: larger conventional cells are passed over.
        processes: that may work on it.

    Raises:
        UserError: the crystals have no space groups, none is in the training set, or a file cannot
            be read.
    """
    building: dict[int, _Building] = {}
    unused = 0
    crystals = _crystals(path, _training_set(split) if split else None, largest_cell)
    for found in map_in_order(_look_at, crystals, processes):
        if found is None:
            unused += 1
            continue
        building.setdefault(found.space_group, _Building(found.hall_number)).add(found)
    known = {number: group.known() for number, group in building.items()}
    groups = {number: group for number, group in sorted(known.items()) if group.contents}
    if not groups:
        where = f"; none of them is in the training set of {split}" if split else ""
        raise UserError(
            f"{path}: no crystal to take statistics of{where}; give the crystals that the network "
            "was trained on, standardised"
        )
    used = sum(len(group.contents) for group in groups.values())
    log.info(
        "statistics of %d crystals of %d space groups; %d have another symmetry than they state",
        used,
        len(groups),
        unused,
    )
    return Statistics(groups, _element_volumes(groups.values()))


def _training_set(path: Path) -> set[str]:
    try:
        with path.open(encoding="utf-8", newline="") as table:
            return {row["material_id"] for row in csv.DictReader(table) if row["part"] == "train"}
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    except (KeyError, UnicodeDecodeError, csv.Error):
        raise UserError(
            f"{path}: not a split: expected the columns material_id and part; give the split.csv "
            "of a folder made by scripts/train.py"
        ) from None


def _crystals(path: Path, training_set: set[str] | None, largest_cell: int) -> Iterator[Crystal]:
    for record in read_crystals(path):
        if not isinstance(record, Crystal) or len(record.species) > largest_cell:
            continue
        if training_set is None or record.id in training_set:
            stated_space_group(record, path)
            yield record


@dataclass(frozen=True)
class _Found:
    """A crystal in spglib's setting; `points`: of each of its letters an atom's place, (3,)."""

    space_group: int
    hall_number: int
    content: Content
    points: dict[str, tuple[Floats, int]]


def _look_at(crystal: Crystal) -> _Found | None:
    """Return a crystal in spglib's setting, or None if it does not have the group that it states.

    Of each letter: the place of an atom, and how many the conventional cell has of it.
    """
    numbers = np.array([gemmi.Element(symbol).atomic_number for symbol in crystal.species])
    symmetry = symmetry_of(crystal.lattice, crystal.frac_coords, numbers, _SYMPREC)
    if symmetry is None or symmetry.number != space_group_of(crystal):
        return None
    change = symmetry.transformation_matrix
    lattice = np.linalg.inv(change).T @ crystal.lattice
    cells = len(symmetry.std_types) / len(numbers)
    letters: dict[int, list[str]] = defaultdict(list)
    atoms: Counter[int] = Counter()
    points: dict[str, tuple[Floats, int]] = {}
    sites, sizes = np.unique(symmetry.equivalent_atoms, return_counts=True)
    for site, size in zip(sites.tolist(), sizes.tolist(), strict=True):
        element, letter = int(numbers[site]), symmetry.wyckoffs[site]
        letters[element].append(letter)
        atoms[element] += round(size * cells)
        place = change @ crystal.frac_coords[site] + symmetry.origin_shift
        points[letter] = place, round(size * cells)
    order = sorted(atoms, key=lambda element: (-atoms[element], element))
    content = Content(
        tuple(order),
        tuple(tuple(sorted(letters[element])) for element in order),
        tuple(atoms[element] for element in order),
        lattice @ lattice.T,
    )
    return _Found(symmetry.number, symmetry.hall_number, content, points)


class _Building:
    """The statistics of a space group, as crystal after crystal is added."""

    def __init__(self, hall_number: int) -> None:
        operations = spglib.get_symmetry_from_database(hall_number)
        self._rotations = operations["rotations"].astype(float)
        self._translations = operations["translations"]
        self._centrings = self._translations[(self._rotations == np.eye(3)).all(axis=(1, 2))]
        self._positions: dict[str, Position] = {}
        self._contents: list[Content] = []

    def add(self, found: _Found) -> None:
        self._contents.append(found.content)
        for letter, (point, multiplicity) in found.points.items():
            if letter not in self._positions:
                position = self._position(letter, point, multiplicity)
                if position is not None:
                    self._positions[letter] = position

    def known(self) -> GroupStatistics:
        known = [
            content
            for content in self._contents
            if all(letter in self._positions for own in content.letters for letter in own)
        ]
        return GroupStatistics(
            self._rotations, _primitive_axes(self._centrings), self._positions, known
        )

    def _position(self, letter: str, point: Floats, multiplicity: int) -> Position | None:
        """Return the position of an atom's place, or None where it is no exact one."""
        steps = self._rotations @ point + self._translations - point
        whole = np.round(steps)
        fixed = (np.abs(steps - whole) < 1e-4).all(axis=1)
        if fixed.sum() * multiplicity != len(self._rotations):
            return None
        projection = self._rotations[fixed].mean(axis=0)
        origin = (self._translations - whole)[fixed].mean(axis=0)
        images = self._rotations @ (projection @ _GENERIC + origin) + self._translations
        kept: list[int] = []
        for number, image in enumerate(images):
            apart = image - images[kept][:, None] - self._centrings
            if not (np.abs(apart - np.round(apart)) < 1e-4).all(axis=2).any():
                kept.append(number)
        return Position(
            letter,
            multiplicity,
            round(np.trace(projection)),
            projection,
            origin,
            self._rotations[kept],
            self._translations[kept],
        )


def symmetry_of(
    lattice: Floats,
    frac_coords: Floats,
    numbers: NDArray[np.int64],
    symprec: float,
    angle_tolerance: float = -1.0,
) -> Any:
    """Return what spglib finds of a cell within tolerances, Angstrom and degrees, or None."""
    try:
        return spglib.get_symmetry_dataset(
            (lattice, frac_coords, numbers), symprec, angle_tolerance
        )
    except spglib.SpglibError:
        return None


def _primitive_axes(centrings: Floats) -> Floats:
    """Return axes (3, 3) of the lattice of all centrings and the conventional axes."""
    vectors = [*centrings[(centrings != 0).any(axis=1)], *np.eye(3)]
    for axes in map(np.array, itertools.combinations(vectors, 3)):
        if np.isclose(abs(np.linalg.det(axes)) * len(centrings), 1):
            return axes if np.linalg.det(axes) > 0 else -axes
    raise AssertionError("every lattice has a primitive cell")


def _element_volumes(groups: Iterable[GroupStatistics]) -> Floats:
    """Fit what volume an atom of each element takes, by least squares of relative errors."""
    products, sums = np.zeros((_ELEMENTS, _ELEMENTS)), np.zeros(_ELEMENTS)
    for group in groups:
        for content in group.contents:
            share = np.zeros(_ELEMENTS)
            share[list(content.elements)] = np.array(content.atoms) / content.volume
            products += np.outer(share, share)
            sums += share
    there = np.flatnonzero(sums)
    # Drawn to the mean by a small weight, or elements that always go together, such as
    # those of a single crystal, would be free to take any share.
    mean = sums.sum() / products.sum()
    weight = 1e-5 * products.diagonal().max()
    normal = products[np.ix_(there, there)] + weight * np.eye(len(there))
    root = np.linalg.cholesky(normal).T
    volumes = np.zeros(_ELEMENTS)
    volumes[there] = nnls(root, np.linalg.solve(root.T, sums[there] + weight * mean))[0]
    return np.maximum(volumes, np.where(volumes + sums > 0, 1.0, 0.0))
