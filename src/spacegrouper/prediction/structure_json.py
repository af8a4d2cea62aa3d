"""Crystals in JSON: pymatgen's `Structure`, and the records of docs/structures.md.

They are read as data. A decoder of pymatgen's would make objects of any class that a file names,
and a file from a stranger could run code.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import crystal_from_record
from spacegrouper.errors import UserError

_STAGE = "read"
_FULL = 1e-3  # an occupancy this close to 1 is 1, as in CIF files
_SAME_PLACE = 1e-2  # Angstrom; what two statements on a place, or a cell, may differ by
_EXPECTED = (
    "expected pymatgen's Structure (`structure.to('x.json')`) or the records of docs/structures.md"
)


def read_json(text: str, name: str) -> list[Crystal | Rejection]:
    """Read the crystals of a JSON document, or of one JSON document a line.

    Ids are `name`, or `name#id` of the records of a file with several, `name#line` where a record
    has no id. Raises UserError for a text that is no JSON.
    """
    try:
        documents = [_parsed(text)]
        several = isinstance(documents[0], list)
        documents = documents[0] if several else documents
    except UserError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines[:2]):
            raise
        documents, several = lines, True
    if not documents:
        raise UserError("no atoms: an empty list")
    return [
        _read(document, name, str(number) if several else "")
        for number, document in enumerate(documents, start=1)
    ]


def _read(document: Any, name: str, number: str) -> Crystal | Rejection:
    identifier = f"{name}#{number}" if number else name
    try:
        record = _parsed(document) if isinstance(document, str) else document
        if not isinstance(record, dict):
            raise UserError(_EXPECTED)
        own = record.get("id")
        if number and isinstance(own, str | int) and own != "":
            identifier = f"{name}#{own}"
        if "frac_coords" in record:
            return _own_record(record, identifier)
        return _pymatgen_structure(record, identifier)
    except UserError as error:
        return Rejection(identifier, _STAGE, str(error))


def _own_record(record: dict[str, Any], identifier: str) -> Crystal:
    try:
        return crystal_from_record({**record, "id": identifier})
    except ValueError as error:
        raise UserError(str(error)) from None


def _pymatgen_structure(record: dict[str, Any], identifier: str) -> Crystal:
    kind = record.get("@class", "Structure")
    if kind == "Molecule" or ("sites" in record and "lattice" not in record):
        raise UserError("a molecule, without a unit cell; give a crystal")
    if kind not in ("Structure", "IStructure") or not {"lattice", "sites"} <= record.keys():
        found = f"`@class` {kind}" if "@class" in record else "other keys"
        raise UserError(f"{_EXPECTED}, found {found}"[:300])
    lattice = _lattice(record["lattice"])
    sites = record["sites"]
    if not isinstance(sites, list) or not sites:
        raise UserError("no atoms: `sites` must be a list of them")
    species, places = [], []
    for number, site in enumerate(sites, start=1):
        if not isinstance(site, dict):
            raise UserError(f"site {number}: expected an object with `species` and `abc`")
        species.append(_species(site.get("species"), number))
        places.append(_place(site, lattice, number))
    return Crystal(identifier, lattice, tuple(species), np.array(places))


def _lattice(record: Any) -> NDArray[np.float64]:
    if not isinstance(record, dict):
        raise UserError("`lattice` must be an object with `matrix`")
    lattice: NDArray[np.float64] = _array(record.get("matrix"), (3, 3), "`lattice.matrix`")
    lengths = np.linalg.norm(lattice, axis=1)
    if not abs(np.linalg.det(lattice)) > 1e-6 * lengths.prod():
        raise UserError("`lattice.matrix` spans no volume")
    periodic = record.get("pbc", (True, True, True))
    if not isinstance(periodic, list | tuple) or not all(axis is True for axis in periodic):
        raise UserError("`lattice.pbc`: not periodic in three directions; give a crystal")
    for key, length in zip("abc", lengths, strict=True):
        if key in record:
            stated = _array(record[key], (), f"`lattice.{key}`")
            if abs(stated - length) > _SAME_PLACE:
                raise UserError(
                    f"`lattice.{key}` is {stated:g}, but `lattice.matrix` has {length:g} Angstrom"
                )
    return lattice


def _species(record: Any, number: int) -> str:
    """Return the element of a site, with its oxidation state left out."""
    if not isinstance(record, list) or not all(isinstance(part, dict) for part in record):
        raise UserError(f"site {number}: `species` must be a list of objects with `element`")
    names = [part.get("element") for part in record]
    if not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"site {number}: `species` names no element")
    shares = [_array(part.get("occu", 1), (), f"site {number}: `occu`") for part in record]
    if len(names) > 1 or abs(shares[0] - 1) > _FULL:
        shown = ", ".join(f"{name}:{share:g}" for name, share in zip(names, shares, strict=True))
        raise UserError(f"partial occupancy: site {number} holds {shown}"[:300])
    return str(names[0])


def _place(site: dict[str, Any], lattice: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return the fractional coordinates of a site, (3,), by `abc`, `xyz` or both."""
    given: dict[str, NDArray[np.float64]] = {
        key: _array(site[key], (3,), f"site {number}: `{key}`")
        for key in ("abc", "xyz")
        if key in site
    }
    if not given:
        raise UserError(f"site {number}: no coordinates, neither `abc` nor `xyz`")
    if len(given) == 1:
        inverse: NDArray[np.float64] = np.linalg.inv(lattice)
        return given["abc"] if "abc" in given else given["xyz"] @ inverse
    apart = given["xyz"] - given["abc"] @ lattice
    # One of the two may have been moved by whole cells.
    steps = np.round(apart @ np.linalg.inv(lattice)) @ lattice
    if np.linalg.norm(apart - steps) > _SAME_PLACE:
        raise UserError(f"site {number}: `abc` and `xyz` are different places in the cell")
    return given["abc"]


def _array(value: Any, shape: tuple[int, ...], name: str) -> Any:
    """Return numbers of a shape; a single number where it is ()."""
    try:
        # A string of digits would pass as a float, but a number in quotes is a mistake.
        values = np.array(value)
        if values.dtype.kind not in "if" or values.shape != shape:
            raise ValueError
    except (ValueError, OverflowError):
        wanted = {(): "a number", (3,): "three numbers", (3, 3): "3 rows of 3 numbers"}[shape]
        raise UserError(f"{name} must be {wanted}") from None
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise UserError(f"{name} is not finite")
    return values


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON, or cut short, at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise UserError("not valid JSON: nested too deeply") from None
    except ValueError:
        raise UserError("not valid JSON: a number has too many digits") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise UserError(f"the key {repeated!r} stands twice in one object; keep one"[:300])
    return record
