"""All atoms of a cell from a CIF file's asymmetric unit, held against what else the file says."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_elements import FORMULA_TAG, elements_named, stated_formula
from spacegrouper.crystals.cif_sites import MULTIPLICITY_TAGS, Site
from spacegrouper.crystals.cif_text import Block, shown
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.neighbours import closer_than
from spacegrouper.crystals.space_group_settings import Setting
from spacegrouper.errors import UserError

STATED_SPACE_GROUP = "stated_spacegroup"  # the key in a crystal's metadata

_SAME_PLACE = 0.3  # Angstrom; images of one atom this close are one atom, of two an error
_MOST_IMAGES = 100_000  # of all sites by all operations; the largest cells known have a fifth
# Densities are computed from other cells and temperatures; a wrong number of atoms is further off.
_DENSITY_TOLERANCE = 0.1
_GRAMS_PER_CM3 = 1.66053907  # of one dalton in a cubic Angstrom (CODATA 2018)
_DEUTERIUM = 2.014  # dalton
_WYCKOFF = re.compile(r"(\d*)([A-Za-z])")
_DENSITY_TAG = "_exptl_crystal_density_diffrn"


def filled_cell(
    block: Block,
    lattice: NDArray[np.float64],
    sites: list[Site],
    setting: Setting | None,
    identifier: str,
) -> Crystal:
    """Return the crystal with all atoms of a cell.

    Args:
        block: holds what the atoms must agree with.
        lattice: (3, 3), Angstrom, rows.
        sites: the asymmetric unit.
        setting: the space group; None if all atoms are listed.
        identifier: the crystal's id.

    Raises:
        UserError: the file contradicts the atoms.
    """
    operations = np.eye(4)[None] if setting is None else setting.matrices()
    if len(sites) * len(operations) > _MOST_IMAGES:
        raise UserError(
            f"too many atoms: {len(sites)} sites, each with up to {len(operations)} images by "
            f"symmetry (at most {_MOST_IMAGES} in all)"
        )
    images = [_images(site, operations, lattice) for site in sites]
    species = tuple(
        site.element for site, places in zip(sites, images, strict=True) for _ in places
    )
    frac_coords = np.concatenate(images)
    counts = [len(places) for places in images]
    _check_multiplicities(sites, counts, len(operations))
    if setting is not None:
        _check_wyckoff_positions(sites, counts, setting)
    pair = closer_than(lattice, frac_coords, _SAME_PLACE)
    if pair:
        raise UserError(
            f"two atoms ({species[pair[0]]} and {species[pair[1]]}) are on one place: "
            "partial occupancy, or symmetry operations that do not belong to the atoms"
        )
    _check_formula(block, species)
    _check_density(block, species, lattice)
    stated = {} if setting is None or setting.number == 1 else {STATED_SPACE_GROUP: setting.number}
    return Crystal(identifier, lattice, species, frac_coords, stated)


def _images(
    site: Site, operations: NDArray[np.float64], lattice: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply operations (n, 4, 4) to a site; return its different images, (m, 3) in [0, 1)."""
    images: NDArray[np.float64] = operations[:, :3, :3] @ site.place + operations[:, :3, 3]
    images -= np.floor(images)
    # As the operations are a group, each image has the others at the distances that the first has.
    if _near(images[:1], images, lattice)[0].sum() == 1:
        return images
    # On a special position several operations lead to the same place.
    same = _near(images, images, lattice)
    different = np.ones(len(images), dtype=bool)
    for index in range(len(images)):
        if different[index]:
            different[index + 1 :] &= ~same[index, index + 1 :]
    kept: NDArray[np.float64] = images[different]
    if (same.sum(axis=1) * len(kept) != len(images)).any():
        raise UserError(
            f"site {site.label} is near a special position, but not so near that it is on it: its "
            f"{len(images)} images are {len(kept)} atoms, and not as many each"
        )
    # Coordinates are rounded, as 0.33 for a third; the middle of the images is the position.
    apart = images - kept[:, None]
    apart -= np.round(apart)
    apart *= same[different][:, :, None]
    kept += apart.sum(axis=1) / same[different].sum(axis=1)[:, None]
    middle: NDArray[np.float64] = kept - np.floor(kept)
    return middle


def _near(
    places: NDArray[np.float64], others: NDArray[np.float64], lattice: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which places (n, 3) and others (m, 3) are the same place of the crystal: (n, m)."""
    apart = places[:, None] - others
    apart -= np.round(apart)
    near: NDArray[np.bool_] = np.linalg.norm(apart @ lattice, axis=2) <= _SAME_PLACE
    return near


def _check_multiplicities(sites: list[Site], counts: list[int], operations: int) -> None:
    for tag in MULTIPLICITY_TAGS:
        stated = [site.multiplicities[tag] for site in sites]
        meanings = [counts]
        if tag == MULTIPLICITY_TAGS[0]:
            # SHELXL wrote the order of the site's symmetry under this name for many years.
            meanings.append([operations // count for count in counts])
        wrong = [
            [place for place, value in enumerate(stated) if value and value != meant[place]]
            for meant in meanings
        ]
        if all(wrong):
            place = wrong[0][0]
            raise UserError(
                f"the file contradicts itself: site {sites[place].label} is {counts[place]} atoms "
                f"of the cell by the space group, and {stated[place]:g} by {tag}"
            )


def _check_wyckoff_positions(sites: list[Site], counts: list[int], setting: Setting) -> None:
    """Compare by their multiplicities: the letters themselves depend on the origin."""
    if not any(_WYCKOFF.fullmatch(site.wyckoff) for site in sites):
        return
    # Only here: it imports much of pymatgen.
    from pymatgen.analysis.prototypes import WYCKOFF_MULTIPLICITY_DICT

    letters = WYCKOFF_MULTIPLICITY_DICT[str(setting.number)]
    # Cells of other lattices, as with rhombohedral axes, hold another number of all of them.
    scale = len(setting.operations) / max(letters.values())
    for site, count in zip(sites, counts, strict=True):
        match = _WYCKOFF.fullmatch(site.wyckoff)
        if match is None:
            continue
        stated = letters.get(match[2], letters.get(match[2].lower(), 0)) * scale
        if stated != count or (match[1] and int(match[1]) != count):
            raise UserError(
                f"the file contradicts itself: site {site.label} is {count} atoms of the cell, but "
                f"is said to be on Wyckoff position {site.wyckoff} of {setting.name}"
            )


def _check_formula(block: Block, species: Sequence[str]) -> None:
    """Compare the atoms with the formula and number of formula units, where the file has them."""
    stated = stated_formula(block)
    found = Counter(species)
    if not stated:
        text = block.text(FORMULA_TAG)
        if missing := elements_named(text) - found.keys():
            names = " and ".join(sorted(missing))
            raise UserError(
                f"atoms are missing: the formula {shown(text)} has {names}, the list of atoms has "
                "none"
            )
        return
    units = len(species) / sum(stated.values())
    expected_units = block.number("_cell_formula_units_Z")
    fits = found.keys() == stated.keys() and all(
        abs(found[element] / units - amount) < 0.01 * amount for element, amount in stated.items()
    )
    # pymatgen writes the formula of the whole cell, a multiple of Z, and Z beside it all the same.
    whole_cell = expected_units > 0 and all(
        amount % expected_units == 0 for amount in stated.values()
    )
    if fits and (
        math.isnan(expected_units)
        or abs(units - expected_units) < 0.01
        or (whole_cell and abs(units - 1) < 0.01)
    ):
        return
    in_cell = " ".join(f"{element}{found[element]}" for element in sorted(found))
    formula = block.text(FORMULA_TAG)
    times = "" if math.isnan(expected_units) else f" (Z = {expected_units:g})"
    raise UserError(
        f"the atoms in the cell, {in_cell}, do not add up to the formula {shown(formula)}{times}: "
        "atoms are missing or in excess"
    )


def _check_density(block: Block, species: Sequence[str], lattice: NDArray[np.float64]) -> None:
    """Compare the atoms with the density computed by the authors, if the file has it."""
    stated = block.number(_DENSITY_TAG)
    if math.isnan(stated):
        return
    to_density = _GRAMS_PER_CM3 / abs(np.linalg.det(lattice))
    mass = sum(gemmi.Element(element).weight for element in species)
    # Any hydrogen may have been deuterium.
    heaviest = mass + species.count("H") * (_DEUTERIUM - gemmi.Element("H").weight)
    # The unit is g/cm3, but kg/m3 occurs.
    if not any(
        mass * to_density * (1 - _DENSITY_TOLERANCE)
        <= value
        <= heaviest * to_density * (1 + _DENSITY_TOLERANCE)
        for value in (stated, stated / 1000)
    ):
        raise UserError(
            f"the file contradicts itself: the atoms in the cell have a density of "
            f"{mass * to_density:.3g} g/cm3, {_DENSITY_TAG} is {stated:g}"
        )
