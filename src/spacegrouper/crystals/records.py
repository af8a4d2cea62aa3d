"""Crystals in JSON: the records of docs/structures.md, and pymatgen's `Structure`.

They are read as data. A decoder of pymatgen's would make objects of any class that a file names,
and a file from a stranger could run code.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, checked_id, printable
from spacegrouper.errors import UserError

EXPECTED = (
    "expected pymatgen's Structure (`structure.to('x.json')`) or the records of docs/structures.md"
)

_MOST_DIGITS = 300  # as many as a float can have
# Of a cell vector in Angstrom or a coordinate; beyond, too few digits are left for a position.
_LARGEST_NUMBER = 1e6
_FULL = 1e-3  # an occupancy this close to 1 is 1
_SAME_PLACE = 1e-2  # Angstrom; what two statements on a place, or a cell, may differ by
_KEYS = ("id", "lattice", "species", "frac_coords")


def parse_json(text: str) -> Any:
    """Parse a JSON document, strictly.

    Raises:
        UserError: the text is no JSON, or an object has a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_whole)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text.strip() else ""
        raise UserError(f"not valid JSON from {line}column {error.colno} on") from None
    except RecursionError:
        raise UserError("not valid JSON: nested too deeply") from None


def crystal_from_record(record: dict[str, Any]) -> Crystal:
    """Check a record with the keys of docs/structures.md; all other keys become metadata.

    Raises:
        UserError: the record describes no ordered crystal.
    """
    for key in _KEYS:
        if key not in record:
            raise UserError(f"key `{key}` is missing")
    name = checked_id(record["id"])
    species = record["species"]
    if not isinstance(species, list) or not species:
        raise UserError("no atoms: `species` must be a list of element symbols")
    for site, symbol in enumerate(species, start=1):
        if isinstance(symbol, dict | list):
            raise UserError(f"partial occupancy: site {site} holds {json.dumps(symbol)}")
        if not isinstance(symbol, str):
            raise UserError(f"`species` of site {site} is no element symbol: {json.dumps(symbol)}")
    return Crystal(
        id=name,
        lattice=_lattice(record["lattice"], "`lattice`"),
        species=tuple(species),
        frac_coords=_numbers(record["frac_coords"], (len(species), 3), "`frac_coords`"),
        metadata={key: value for key, value in record.items() if key not in _KEYS},
    )


def crystal_from_pymatgen(record: dict[str, Any], identifier: str) -> Crystal:
    """Read pymatgen's `Structure.as_dict()`; oxidation states and properties are left out.

    Raises:
        UserError: it is no ordered crystal, or contradicts itself.
    """
    kind = record.get("@class", "Structure")
    if kind == "Molecule" or ("sites" in record and "lattice" not in record):
        raise UserError("a molecule, without a unit cell; give a crystal")
    if kind not in ("Structure", "IStructure"):
        raise UserError(f"{EXPECTED}, found `@class` {kind}"[:300])
    for key in ("lattice", "sites"):
        if key not in record:
            raise UserError(f"{EXPECTED}; key `{key}` is missing")
    lattice = _lattice_of_pymatgen(record["lattice"])
    sites = record["sites"]
    if not isinstance(sites, list) or not sites:
        raise UserError("no atoms: `sites` must be a list of them")
    species, places = [], []
    for number, site in enumerate(sites, start=1):
        if not isinstance(site, dict):
            raise UserError(f"site {number}: expected an object with `species` and `abc`")
        species.append(_element(site.get("species"), number))
        places.append(_place(site, lattice, number))
    return Crystal(identifier, lattice, tuple(species), np.array(places))


def _lattice_of_pymatgen(record: Any) -> NDArray[np.float64]:
    if not isinstance(record, dict):
        raise UserError("`lattice` must be an object with `matrix`")
    lattice = _lattice(record.get("matrix"), "`lattice.matrix`")
    periodic = record.get("pbc", (True, True, True))
    if not isinstance(periodic, list | tuple) or not all(axis is True for axis in periodic):
        raise UserError("`lattice.pbc`: not periodic in three directions; give a crystal")
    for key, length in zip("abc", np.linalg.norm(lattice, axis=1), strict=True):
        if key in record:
            stated = _numbers(record[key], (), f"`lattice.{key}`")
            if abs(stated - length) > _SAME_PLACE:
                raise UserError(
                    f"`lattice.{key}` is {stated:g}, but `lattice.matrix` has {length:g} Angstrom"
                )
    return lattice


def _element(species: Any, number: int) -> str:
    if not isinstance(species, list) or not all(isinstance(part, dict) for part in species):
        raise UserError(f"site {number}: `species` must be a list of objects with `element`")
    names = [part.get("element") for part in species]
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"site {number}: `species` names no element")
    shares = [_numbers(part.get("occu", 1), (), f"site {number}: `occu`") for part in species]
    if len(names) > 1 or abs(shares[0] - 1) > _FULL:
        held = ", ".join(f"{name} {share:g}" for name, share in zip(names, shares, strict=True))
        raise UserError(f"partial occupancy: site {number} holds {held}"[:300])
    return str(names[0])


def _place(site: dict[str, Any], lattice: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return the fractional coordinates of a site, (3,), by `abc`, `xyz` or both."""
    given: dict[str, NDArray[np.float64]] = {
        key: _numbers(site[key], (3,), f"site {number}: `{key}`")
        for key in ("abc", "xyz")
        if key in site
    }
    if not given:
        raise UserError(f"site {number}: no coordinates, neither `abc` nor `xyz`")
    inverse: NDArray[np.float64] = np.linalg.inv(lattice)
    if "abc" not in given:
        return given["xyz"] @ inverse
    if "xyz" in given:
        apart = given["xyz"] - given["abc"] @ lattice
        # One of the two may have been moved by whole cells.
        if np.linalg.norm(apart - np.round(apart @ inverse) @ lattice) > _SAME_PLACE:
            raise UserError(f"site {number}: `abc` and `xyz` are different places in the cell")
    return given["abc"]


def _lattice(value: Any, name: str) -> NDArray[np.float64]:
    lattice: NDArray[np.float64] = _numbers(value, (3, 3), name)
    # Relative to a box of the same edges, so that the unit of length plays no role.
    if not abs(np.linalg.det(lattice)) > 1e-6 * np.linalg.norm(lattice, axis=1).prod():
        raise UserError(f"{name} spans no volume")
    return lattice


def _numbers(value: Any, shape: tuple[int, ...], name: str) -> Any:
    """Return numbers as an array of a shape; a single number where it is ()."""
    wanted = {(): "a number", (3,): "three numbers"}.get(shape)
    wanted = f"{name} must be {wanted or f'{shape[0]} rows of {shape[1]} numbers'}"
    try:
        values = np.array(value)
    except (ValueError, OverflowError):
        raise UserError(wanted) from None
    # A string of digits would pass as a float, and `true` as 1, but both are mistakes.
    if values.dtype.kind not in "if":
        raise UserError(wanted)
    if values.shape != shape:
        raise UserError(f"{wanted}, its shape is {values.shape}")
    if any(isinstance(number, bool) for number in np.array(value, dtype=object).flat):
        raise UserError(wanted)
    if not np.isfinite(values).all():
        raise UserError(f"{name} is not finite")
    if np.abs(values).max() > _LARGEST_NUMBER:
        raise UserError(f"{name} holds a number beyond {_LARGEST_NUMBER:g}, too large for it")
    return values.astype(np.float64)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UserError(f"key `{printable(twice[:200])}` is there twice")
    return record


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise UserError(f"a whole number of {len(digits)} digits")
    return int(digits)
