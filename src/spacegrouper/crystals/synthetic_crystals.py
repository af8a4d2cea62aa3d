"""Crystals drawn at random from the statistics of space groups.

After H. Schopmans, P. Reiser and P. Friederich, Digital Discovery 2, 1414 (2023): a network that
is shown atoms anywhere on the Wyckoff positions of a space group learns the symmetry, where known
crystals would teach it types of structures. docs/structures.md tells what is kept of the crystals
that the statistics are of.
"""

import itertools
import logging
import pickle
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gemmi
import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.neighbours import reduced_cell
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.crystals.sources.synthetic import SyntheticSource
from spacegrouper.crystals.synthetic_statistics import (
    GroupStatistics,
    Position,
    Statistics,
    gather,
    symmetry_of,
)
from spacegrouper.randomness import generator_for
from spacegrouper.settings import Standardise

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

_TRIES = 100  # to draw a crystal, before its space group is given up
_PLACES = 30  # that an atom tries, before all are drawn anew
_CLOSENESS = 0.65  # of the sum of two covalent radii
_SHORTEST_DISTANCE = 0.7  # Angstrom
_STRAIN = 0.05  # of the axes of a cell
_VOLUME_CHANGE = 0.05
_NEIGHBOURS = 0.05  # share of the crystals of a group among which one of like size is chosen
_FOUND_BY = Standardise()  # the tolerances within which a crystal must have its space group
_RADII = np.array([gemmi.Element(number).covalent_r for number in range(119)])


def synthetic_crystals(
    settings: SyntheticSource, seed: int, processes: int
) -> Iterator[Crystal | Rejection]:
    """Yield the crystals of `path` if they are to be included, then those drawn.

    Crystal number n depends on the seed, n and the statistics alone. A crystal whose space group
    could not be drawn is a Rejection.

    Raises:
        UserError: as `gather`.
    """
    if settings.include:
        yield from read_crystals(settings.path)
    statistics = gather(settings.path, settings.split, settings.largest_cell, processes)
    failures: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        # Processes would otherwise be sent it with every few crystals.
        path = Path(folder, "statistics")
        path.write_bytes(pickle.dumps(statistics))
        work = partial(_drawn, path=path, frequencies=settings.frequencies, seed=seed)
        for record, failed in map_in_order(work, range(1, settings.crystals + 1), processes):
            failures += failed
            yield record
    log.info(
        "drew %d crystals; draws without success: %s",
        settings.crystals,
        ", ".join(f"{count} {reason}" for reason, count in failures.most_common()) or "none",
    )


def _drawn(
    number: int, path: Path, frequencies: str, seed: int
) -> tuple[Crystal | Rejection, Counter[str]]:
    return draw_crystal(number, _load(path), frequencies, seed)


@lru_cache(maxsize=1)
def _load(path: Path) -> Statistics:
    statistics: Statistics = pickle.loads(path.read_bytes())
    return statistics


def draw_crystal(
    number: int, statistics: Statistics, frequencies: str, seed: int
) -> tuple[Crystal | Rejection, Counter[str]]:
    """Draw crystal `number`; return it, and why draws before it failed, how often."""
    name = f"synthetic-{number:06d}"
    random = generator_for(seed, name, "synthetic")
    groups = list(statistics.groups)
    sizes = [len(statistics.groups[group].contents) for group in groups]
    weights = np.array(sizes if frequencies == "natural" else [1] * len(groups), float)
    space_group = groups[random.choice(len(groups), p=weights / weights.sum())]
    group = statistics.groups[space_group]
    failures: Counter[str] = Counter()
    for _ in range(_TRIES):
        try:
            lattice, numbers, coords = _draw(group, statistics.volumes, random)
        except _FailedError as error:
            failures[str(error)] += 1
            continue
        if not _has_group(lattice, coords, numbers, space_group):
            failures["of another space group"] += 1
            continue
        species = tuple(gemmi.Element(element).name for element in numbers.tolist())
        said = {"stated_spacegroup": space_group, "synthetic": "yes"}
        return Crystal(name, lattice, species, coords, said), failures
    reason = f"no crystal of space group {space_group} in {_TRIES} draws"
    return Rejection(name, "acquire", reason), failures


class _FailedError(Exception):
    """A draw leads to no crystal, for the reason given."""


def _draw(
    group: GroupStatistics, volumes: Floats, random: np.random.Generator
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Draw a crystal: a primitive cell (3, 3), atomic numbers (n,) and coordinates (n, 3)."""
    place = int(random.integers(len(group.contents)))
    content = group.contents[place]
    elements = _elements(group.compositions[len(content.elements)], random)
    sites = _sites(group, content.letters, random)
    # The cell of another crystal of about as many atoms.
    reach = max(5, int(_NEIGHBOURS * len(group.contents)))
    first, last = max(0, place - reach), min(len(group.contents), place + reach + 1)
    model = group.contents[int(random.integers(first, last))]
    taken = np.dot(volumes[list(model.elements)], model.atoms)
    atoms = list(map(_atoms, sites))
    volume = np.dot(volumes[elements], atoms) * model.volume / taken
    volume *= np.exp(_VOLUME_CHANGE * random.standard_normal())
    axes = _strained(model.metric, group.rotations, random)
    axes *= np.cbrt(volume / np.linalg.det(axes))
    lattice, _ = reduced_cell(group.primitive @ axes, np.empty((0, 3)))
    numbers, positions = _placed(elements, sites, axes, lattice, random)
    coords = positions @ np.linalg.inv(lattice)
    return lattice, numbers, coords - np.floor(coords)


def _elements(compositions: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Draw different elements, each from those that have its rank in crystals of as many."""
    columns = np.arange(compositions.shape[1])
    for _ in range(_PLACES):
        rows = random.integers(len(compositions), size=len(columns))
        drawn: NDArray[np.int64] = compositions[rows, columns]
        if len(set(drawn.tolist())) == len(drawn):
            return drawn
    whole: NDArray[np.int64] = compositions[rows[0]]
    return whole


def _sites(
    group: GroupStatistics, letters: tuple[tuple[str, ...], ...], random: np.random.Generator
) -> list[list[Position]]:
    """Draw as many positions of each multiplicity as a crystal has; return those of each element.

    Its elements keep their number of sites, but not which; the one with most atoms comes first.
    """
    used: set[str] = set()
    drawn: list[Position] = []
    for letter in itertools.chain(*letters):
        names, weights = group.letters[group.positions[letter].multiplicity]
        weights = np.where([name in used for name in names], 0, weights)
        if not weights.any():
            raise _FailedError("without a position left")
        position = group.positions[names[random.choice(len(names), p=weights / weights.sum())]]
        if not position.freedom:
            used.add(position.letter)
        drawn.append(position)
    order = iter(random.permutation(len(drawn)).tolist())
    sites = [[drawn[place] for place in itertools.islice(order, len(own))] for own in letters]
    return sorted(sites, key=_atoms, reverse=True)


def _atoms(positions: list[Position]) -> int:
    return sum(position.multiplicity for position in positions)


def _strained(metric: Floats, rotations: Floats, random: np.random.Generator) -> Floats:
    """Return the axes of a cell, strained a little and then made symmetric again."""
    strain = _STRAIN * random.standard_normal((3, 3))
    axes = np.linalg.cholesky(metric) @ (np.eye(3) + (strain + strain.T) / 2)
    symmetric = (rotations.transpose(0, 2, 1) @ (axes @ axes.T) @ rotations).mean(axis=0)
    return np.linalg.cholesky(symmetric)


def _placed(
    elements: NDArray[np.int64],
    sites: list[list[Position]],
    axes: Floats,
    lattice: Floats,
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], Floats]:
    """Place all atoms of a primitive cell; return atomic numbers (n,) and places (n, 3), Angstrom.

    Sites with the least freedom come first, as the others can give way to them.
    """
    todo = [
        (position, int(element))
        for element, own in zip(elements, sites, strict=True)
        for position in own
    ]
    todo.sort(key=lambda item: item[0].freedom)
    total = sum(len(position.rotations) for position, _ in todo)
    numbers, positions = np.empty(total, np.int64), np.empty((total, 3))
    inverse = np.linalg.inv(lattice)
    done = 0
    for position, element in todo:
        end = done + len(position.rotations)
        for x in random.random((_PLACES if position.freedom else 1, 3)):
            point = position.projection @ x + position.origin
            positions[done:end] = (position.rotations @ point + position.translations) @ axes
            numbers[done:end] = element
            if _are_apart(positions[:end], _RADII[numbers[:end]], done, lattice, inverse):
                break
        else:
            raise _FailedError("with atoms too close")
        done = end
    return numbers, positions


@njit(cache=True)
def _are_apart(
    positions: Floats, radii: Floats, site: int, lattice: Floats, inverse: Floats
) -> bool:
    """Tell whether atom `site` is far enough from all, its own images included.

    positions: (n, 3), Angstrom. lattice: (3, 3), reduced, so that the nearest image of an atom is
    within one cell.
    """
    for other in range(len(positions)):
        least = max(_SHORTEST_DISTANCE, _CLOSENESS * (radii[site] + radii[other]))
        apart = (positions[other] - positions[site]) @ inverse
        apart -= np.round(apart)
        for a in range(-1, 2):
            for b in range(-1, 2):
                for c in range(-1, 2):
                    if other == site and a == 0 and b == 0 and c == 0:
                        continue
                    square = 0.0
                    for axis in range(3):
                        length = (
                            (apart[0] + a) * lattice[0, axis]
                            + (apart[1] + b) * lattice[1, axis]
                            + (apart[2] + c) * lattice[2, axis]
                        )
                        square += length * length
                    if square < least * least:
                        return False
    return True


def _has_group(
    lattice: Floats, coords: Floats, numbers: NDArray[np.int64], space_group: int
) -> bool:
    """Tell whether a primitive cell made to a space group has that one, and none above it.

    Found within a wide tolerance, and with the same lattice, it is that of any smaller one as well.
    """
    found: Any = symmetry_of(lattice, coords, numbers, _FOUND_BY.symprec, _FOUND_BY.angle_tolerance)
    if found is None or found.number != space_group:
        return False
    return len(np.unique(found.mapping_to_primitive)) == len(numbers)
