"""An entry of an OPTIMADE database, as its specification defines structures, as a crystal."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id
from spacegrouper.crystals.records import crystal_from_record
from spacegrouper.errors import UserError

NEEDED = ("lattice_vectors", "cartesian_site_positions", "species", "species_at_sites")
ASKED = (*NEEDED, "nsites", "dimension_types", "nperiodic_dimensions", "structure_features")

_OCCUPANCY_TOLERANCE = 1e-3
_NO_ELEMENTS = {"X": "an unknown element, X", "vacancy": "a vacancy"}
# Features of a structure that make it something else than atoms on places, one each.
_UNUSABLE_FEATURES = {
    "disorder": "disorder: sites are shared or partly empty",
    "assemblies": "disorder: groups of atoms exclude each other",
    "implicit_atoms": "some of its atoms, such as hydrogens, have no position",
    "site_attachments": "some of its atoms, such as hydrogens, have no position",
}


def json_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, and an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def id_of(entry: dict[str, Any]) -> str:
    """Return the id of an entry as text."""
    return str(entry.get("id"))


def attributes_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an entry."""
    return json_object(entry.get("attributes"))


def crystal_from_entry(entry: dict[str, Any], fields: Iterable[str]) -> Crystal | Rejection:
    """Return the crystal of an entry, with the properties `fields` as metadata, or why not."""
    attributes = attributes_of(entry)
    try:
        checked_id(entry.get("id"))
        _check(attributes)
        # Checked as if they were in units of the cell vectors, which are not known to be sound yet.
        cartesian = crystal_from_record(
            {
                **{field: attributes.get(field) for field in fields},
                "id": id_of(entry),
                "lattice": attributes["lattice_vectors"],
                "species": _species(attributes),
                "frac_coords": attributes["cartesian_site_positions"],
            }
        )
    except UserError as error:
        reason = str(error).replace("`lattice`", "`lattice_vectors`")
        reason = reason.replace("`frac_coords`", "`cartesian_site_positions`")
        return Rejection(id_of(entry), "acquire", reason)
    return replace(cartesian, frac_coords=cartesian.frac_coords @ np.linalg.inv(cartesian.lattice))


def _check(attributes: dict[str, Any]) -> None:
    for key, crystalline in (("dimension_types", [1, 1, 1]), ("nperiodic_dimensions", 3)):
        if attributes.get(key) not in (None, crystalline):
            raise UserError(f"not periodic in three directions: `{key}` is {attributes[key]}")
    for key in NEEDED:
        if not attributes.get(key):
            raise UserError(f"property `{key}` is missing")
    for key in (*NEEDED, "structure_features"):
        if not isinstance(attributes.get(key) or [], list):
            raise UserError(f"property `{key}` is no list")
    for feature in attributes.get("structure_features") or []:
        if isinstance(feature, str) and feature in _UNUSABLE_FEATURES:
            raise UserError(_UNUSABLE_FEATURES[feature])
    stated = attributes.get("nsites")
    stated = stated if type(stated) is int else None
    sites, positions = attributes["species_at_sites"], attributes["cartesian_site_positions"]
    if len(positions) != len(sites) or stated not in (None, len(sites)):
        also = "" if stated is None else f"; `nsites` is {stated}"
        raise UserError(
            f"`cartesian_site_positions` has {len(positions)} and `species_at_sites` {len(sites)} "
            f"sites{also}"
        )


def _species(attributes: dict[str, Any]) -> list[str]:
    """Return the element of each site."""
    symbols = _symbols(attributes["species"])
    species = []
    for number, label in enumerate(attributes["species_at_sites"], start=1):
        if not isinstance(label, str) or label not in symbols:
            raise UserError(f"site {number} holds {label!r}, which is none of its species")
        element, problem = symbols[label]
        if problem:
            raise UserError(f"{problem}: site {number} holds {label!r}")
        species.append(element)
    return species


def _symbols(species: list[Any]) -> dict[str, tuple[str, str]]:
    """Return the element of each species by its name, and why it is not just that one, if so."""
    symbols: dict[str, tuple[str, str]] = {}
    try:
        for kind in species:
            elements, shares = kind["chemical_symbols"], kind["concentration"]
            parts = ", ".join(
                f"{element} {share:g}" for element, share in zip(elements, shares, strict=True)
            )
            problem = ""
            if len(elements) > 1 or not abs(shares[0] - 1) <= _OCCUPANCY_TOLERANCE:
                problem = f"partial occupancy ({parts})"
            elif elements[0] in _NO_ELEMENTS:
                problem = _NO_ELEMENTS[elements[0]]
            elif kind.get("attached"):
                problem = "atoms without a position are attached"
            if kind["name"] in symbols:
                raise ValueError
            symbols[kind["name"]] = elements[0], problem
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise UserError("property `species` is not as OPTIMADE defines it") from None
    return symbols
