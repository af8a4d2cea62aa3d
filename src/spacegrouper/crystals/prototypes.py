"""Made-up but plausible crystals: known types of structure with other, similar elements in them.

The types are the AFLOW prototypes that pymatgen ships (M. J. Mehl et al., Comput. Mater. Sci.
136, S1, 2017). Needs no network and no files, so that a first run is possible anywhere.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
import spglib
from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY
from pymatgen.core import Element, Lattice, Structure

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.errors import UserError

_MOST_SITES = 24  # in the conventional cell: small crystals are quick to simulate
_MOST_SITES_OF_LISTED = 64  # spinel has 56, and only two of P2_1/c have fewer than 64
_ENOUGH_PROTOTYPES = 3  # with fewer, a network could learn the prototype for the space group
_SYMPREC = 0.1  # Angstrom
_RADIUS_RATIO = 1.4  # between an element and what takes its place
# Root mean squares of how far a crystal is from its prototype where elements have run out.
_STRAIN = 0.03
_SHIFT = 0.1  # of an atom, Angstrom, in each direction that its site leaves free

# No element that has no long-lived isotope, and no noble gas.
_USED = [
    element
    for element in (Element.from_Z(number) for number in range(1, 93))
    if element.symbol not in ("Tc", "Pm")
    and not element.is_noble_gas
    and (element.Z < 84 or element.symbol in ("Th", "U"))
]
# The space groups of each crystal system, cubic to triclinic.
_CRYSTAL_SYSTEMS = [
    range(first, last)
    for first, last in [(195, 231), (168, 195), (143, 168), (75, 143), (16, 75), (3, 16), (1, 3)]
]


@dataclass(frozen=True)
class _Prototype:
    label: str
    space_group: int
    structure: Structure


def prototype_crystals(settings: PrototypesSource, seed: int) -> list[Crystal]:
    """Make `crystals_per_space_group` crystals in each of `space_groups` space groups.

    In a prototype, every element is replaced by one of its group of the periodic table (rare
    earths count as one group; among groups 4 to 11, the neighbouring groups also serve) whose
    covalent radius is within a factor 1.4 of its own, so that charges and coordination stay
    sensible; the volume is scaled by the radii cubed. Only crystals
    in which spglib finds the prototype's own space group are kept.

    Of the space groups with at least three prototypes of at most 24 sites in the conventional
    cell, those with the most come first, in turn from each crystal system; the others follow.
    The prototypes of a space group are also used one after another; which elements they get, the
    random seed decides.

    Space groups that are listed are filled from prototypes of up to 64 sites. Where their elements
    run out, crystals follow with the same elements in other cells and on other sites, as far as
    the symmetry leaves them free.

    Raises:
        UserError: the prototypes cannot fill so many.
    """
    if not isinstance(settings.space_groups, int):
        return _fill_listed(settings.space_groups, settings.crystals_per_space_group, seed)
    crystals: list[Crystal] = []
    filled = 0
    for prototypes in _by_preference(_small_prototypes()):
        made = list(
            itertools.islice(_decorations(prototypes, seed), settings.crystals_per_space_group)
        )
        if len(made) == settings.crystals_per_space_group:
            crystals.extend(made)
            filled += 1
        if filled == settings.space_groups:
            return crystals
    raise UserError(
        f"the prototypes can fill {filled} space groups with {settings.crystals_per_space_group} "
        f"crystals each, not {settings.space_groups}; lower `acquire.space_groups` or "
        "`acquire.crystals_per_space_group`"
    )


def _fill_listed(space_groups: Sequence[int], each: int, seed: int) -> list[Crystal]:
    prototypes = _small_prototypes(space_groups, _MOST_SITES_OF_LISTED)
    empty = [number for number in space_groups if number not in prototypes]
    if empty:
        raise UserError(
            f"no prototype of at most {_MOST_SITES_OF_LISTED} sites is of the space groups "
            f"{', '.join(map(str, empty))}; leave them out of `acquire.space_groups`"
        )
    crystals: list[Crystal] = []
    for number in space_groups:
        random = np.random.default_rng([seed, number])
        made = list(itertools.islice(_decorations(prototypes[number], seed), each))
        varied = itertools.chain.from_iterable(
            (_varied(crystal, place, random) for crystal in made) for place in itertools.count(2)
        )
        found = (crystal for crystal in varied if _symmetry(_structure(crystal)).number == number)
        crystals += [*made, *itertools.islice(found, each - len(made))]
    return crystals


def _small_prototypes(
    space_groups: Sequence[int] = range(1, 231), most_sites: int = _MOST_SITES
) -> dict[int, list[_Prototype]]:
    by_space_group: dict[int, list[_Prototype]] = defaultdict(list)
    for entry in AFLOW_PROTOTYPE_LIBRARY:
        label = entry["tags"]["aflow"]
        space_group = int(label.split("_")[2])
        if space_group not in space_groups:
            continue
        structure = entry["snl"].structure
        symmetry = _symmetry(structure)
        if symmetry.number == space_group and len(symmetry.std_types) <= most_sites:
            by_space_group[space_group].append(_Prototype(label, space_group, structure))
    return by_space_group


def _by_preference(by_space_group: dict[int, list[_Prototype]]) -> list[list[_Prototype]]:
    """Order the space groups, each with its prototypes, as `prototype_crystals` describes."""
    ranked = sorted(by_space_group, key=lambda number: (-len(by_space_group[number]), number))
    varied = [number for number in ranked if len(by_space_group[number]) >= _ENOUGH_PROTOTYPES]
    systems = [[number for number in varied if number in system] for system in _CRYSTAL_SYSTEMS]
    in_turn = [number for round_ in itertools.zip_longest(*systems) for number in round_ if number]
    others = [number for number in ranked if number not in in_turn]
    return [by_space_group[number] for number in in_turn + others]


def _symmetry(structure: Structure) -> Any:
    return spglib.get_symmetry_dataset(
        (structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers),
        symprec=_SYMPREC,
    )


def _decorations(prototypes: list[_Prototype], seed: int) -> Iterator[Crystal]:
    """Yield crystals of one space group, from each prototype in turn, until all are used up."""
    used: set[str] = set()
    waiting = [
        _decorations_of_one(prototype, np.random.default_rng([seed, prototype.space_group, index]))
        for index, prototype in enumerate(prototypes)
    ]
    while waiting:
        for decorations in list(waiting):
            # Two prototypes may differ in little but the elements that they were found with.
            crystal = next((made for made in decorations if made.id not in used), None)
            if crystal is None:
                waiting.remove(decorations)
            else:
                used.add(crystal.id)
                yield crystal


def _decorations_of_one(prototype: _Prototype, random: np.random.Generator) -> Iterator[Crystal]:
    elements = sorted(prototype.structure.composition)
    choices = [
        chosen
        for chosen in itertools.product(*(_similar(element) for element in elements))
        if len(set(chosen)) == len(chosen)
    ]
    for index in random.permutation(len(choices)):
        structure = prototype.structure.copy()
        structure.replace_species(dict(zip(elements, choices[index], strict=True)))
        structure.scale_lattice(
            prototype.structure.volume * _filled(structure) / _filled(prototype.structure)
        )
        if _symmetry(structure).number == prototype.space_group:
            yield Crystal(
                id=f"{prototype.label}-{structure.composition.reduced_formula}",
                lattice=structure.lattice.matrix,
                species=tuple(element.symbol for element in structure.species),
                frac_coords=structure.frac_coords,
                metadata={"source": prototype.label},
            )


def _varied(crystal: Crystal, place: int, random: np.random.Generator) -> Crystal:
    """Return a crystal with cell and sites changed at random, all alike under its symmetry."""
    structure = _structure(crystal)
    symmetry = _symmetry(structure)
    lattice = structure.lattice.matrix
    strained = lattice @ (np.eye(3) + random.normal(0, _STRAIN, (3, 3)))
    # The mean of the metric over the point group is one that the group leaves as it is.
    turns = symmetry.rotations.astype(float)
    metric = np.mean(turns.transpose(0, 2, 1) @ (strained @ strained.T) @ turns, axis=0)
    shifts = random.normal(0, _SHIFT, (len(structure), 3)) @ np.linalg.inv(lattice)
    moved = np.zeros_like(shifts)
    for turn, step in zip(turns, symmetry.translations, strict=True):
        apart = structure.frac_coords[:, None] - (structure.frac_coords @ turn.T + step)
        distances = np.linalg.norm((apart - apart.round()) @ lattice, axis=2)
        # Row by row, the atom that this operation brings there.
        moved += shifts[distances.argmin(axis=1)] @ turn.T / len(turns)
    return Crystal(
        id=f"{crystal.id} {place}",
        lattice=np.linalg.cholesky(metric),
        species=crystal.species,
        frac_coords=structure.frac_coords + moved,
        metadata=crystal.metadata,
    )


def _structure(crystal: Crystal) -> Structure:
    return Structure(Lattice(crystal.lattice), crystal.species, crystal.frac_coords)


def _similar(element: Element) -> list[Element]:
    return [
        other
        for other in _USED
        if _same_family(element, other)
        and 1 / _RADIUS_RATIO <= _radius(other) / _radius(element) <= _RADIUS_RATIO
    ]


def _same_family(element: Element, other: Element) -> bool:
    if element.is_actinoid or other.is_actinoid:
        return bool(element.is_actinoid and other.is_actinoid)
    if 4 <= element.group <= 11 and 4 <= other.group <= 11:
        return bool(abs(element.group - other.group) <= 1)
    return bool(element.group == other.group)


def _radius(element: Element) -> float:
    """Return the covalent radius, Angstrom (B. Cordero et al., Dalton Trans. 2832, 2008)."""
    return float(gemmi.Element(element.symbol).covalent_r)


def _filled(structure: Structure) -> float:
    return sum(_radius(element) ** 3 for element in structure.species)
