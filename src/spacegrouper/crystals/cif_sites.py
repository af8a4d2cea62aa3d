"""The atoms that a CIF file lists: elements, places, and what it says of their multiplicities."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_elements import element_of, names_hydrogens
from spacegrouper.crystals.cif_text import UNKNOWN, Block, parse_number, shown
from spacegrouper.errors import UserError

PLACE_TAGS = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
MULTIPLICITY_TAGS = ("_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity")
_WYCKOFF_TAGS = ("_atom_site_Wyckoff_symbol", "_atom_site_Wyckoff_label")
# Refinements and programs leave 0.999 or 1.0000(3) where a site is full; a share of a percent more
# or less cannot be seen in a pattern.
_OCCUPANCY_TOLERANCE = 0.01
_LONGEST_LABEL = 40  # of what is repeated in messages
_LARGEST_COORDINATE = 1e6  # beyond, too few digits are left for a position
_PLACE_DECIMALS = 4  # parts of one element whose coordinates agree in these add up


@dataclass(frozen=True)
class Site:
    """An atom of the asymmetric unit, and what the file says of its position.

    Args:
        label: as the file names it.
        element: its symbol.
        place: (3,), in units of the cell vectors.
        occupancy: the share of cells that have it, about 1 where it is full.
        multiplicities: the number that each tag says, 0 for nothing.
        wyckoff: such as "8a", "a" or empty.
    """

    label: str
    element: str
    place: NDArray[np.float64]
    occupancy: float
    multiplicities: dict[str, float]
    wyckoff: str


def stated_sites(block: Block, formula: Collection[str]) -> list[Site]:
    """Return the atoms listed, without dummies and places that are not occupied.

    Args:
        block: a data block with atoms.
        formula: the elements in its formula, none if it has none.

    Raises:
        UserError: disorder, missing atoms, or a row that cannot be read.
    """
    table = block.table(next(tag for tag in PLACE_TAGS if block.has(tag)))
    for tag in PLACE_TAGS:
        if tag.lower() not in table:
            raise UserError(f"no coordinates: the list of atoms has no {tag}")
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    rows = [row for row in rows if row.get("_atom_site_calc_flag", "").lower() != "dum"]
    sites = [_site(row, formula) for row in rows]
    sites = _merged([site for site in sites if site.occupancy != 0])
    if not sites:
        raise UserError("no atoms: the list of atoms is empty")
    for site in sites:
        if abs(site.occupancy - 1) > _OCCUPANCY_TOLERANCE:
            raise UserError(
                f"partial occupancy: site {site.label} is occupied {site.occupancy:g} times"
            )
    groups = {row.get("_atom_site_disorder_group", "") for row in rows} - {"", ".", "?", "0"}
    # A negative group is one of several about an element of symmetry.
    if len(groups) > 1 or any(group.startswith("-") for group in groups):
        raise UserError("disorder: the file gives alternative groups of atoms")
    if not formula:
        _check_hydrogens(rows, sites)
    return sites


def _site(row: dict[str, str], formula: Collection[str]) -> Site:
    label, type_symbol = (
        "" if row.get(tag, "") in UNKNOWN else row[tag][:_LONGEST_LABEL]
        for tag in ("_atom_site_label", "_atom_site_type_symbol")
    )
    name = label or type_symbol
    place = []
    for tag in PLACE_TAGS:
        text = row[tag.lower()]
        place.append(parse_number(text))
        if math.isnan(place[-1]):
            # A dot is "not applicable", by definition; a few programs write it for 0.
            meant = "; write 0 if that is meant" if text == "." else ""
            raise UserError(f"site {name} has no coordinates: {tag} is {shown(text)}{meant}")
        if abs(place[-1]) > _LARGEST_COORDINATE:
            raise UserError(f"site {name}: {tag} is {shown(text)}, too large for a place in a cell")
    occupancy = _number(row, "_atom_site_occupancy", name, absent=1)
    if occupancy < 0:
        raise UserError(f"site {name} is occupied {occupancy:g} times")
    multiplicities = {tag: _number(row, tag, name, absent=0) for tag in MULTIPLICITY_TAGS}
    wyckoff = next((text for tag in _WYCKOFF_TAGS if (text := row.get(tag.lower(), ""))), "")
    element = element_of(label, type_symbol, formula)
    return Site(name, element, np.array(place), occupancy, multiplicities, wyckoff)


def _number(row: dict[str, str], tag: str, name: str, absent: float) -> float:
    """Return a number of a site, or what stands for one that is absent or unknown."""
    text = row.get(tag.lower(), "")
    if text in UNKNOWN:
        return absent
    if math.isnan(number := parse_number(text)):
        raise UserError(f"{tag} of site {name} is {shown(text)}, not a number")
    return number


def _merged(sites: list[Site]) -> list[Site]:
    """Add up the parts of a place that one element has, such as Fe2+ and Fe3+."""
    merged: dict[tuple[object, ...], Site] = {}
    for number, site in enumerate(sites):
        # Sites that are full stay on their own: two on one place are an error.
        key: tuple[object, ...] = (number,)
        if site.occupancy < 1 - _OCCUPANCY_TOLERANCE:
            key = (site.element, *np.round(site.place % 1, _PLACE_DECIMALS) % 1)
        if key in merged:
            site = replace(site, occupancy=site.occupancy + merged[key].occupancy)
        merged[key] = site
    return list(merged.values())


def _check_hydrogens(rows: list[dict[str, str]], sites: list[Site]) -> None:
    """Look for hydrogens without places, which a formula would tell."""
    for row in rows:
        name = row.get("_atom_site_label", "")
        if _number(row, "_atom_site_attached_hydrogens", name, absent=0) > 0:
            raise UserError("atoms are missing: the file names hydrogens without their places")
        named = names_hydrogens(name, row.get("_atom_site_type_symbol", ""))
        if named and not any(site.element == "H" for site in sites):
            raise UserError(
                f"atoms are missing: site {name} has the name of a group with hydrogens, and the "
                "file has none"
            )
