"""Crystals in files of JSON: one document, a list, or a document a line."""

from typing import Any

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.records import (
    EXPECTED,
    crystal_from_pymatgen,
    crystal_from_record,
    parse_json,
)
from spacegrouper.errors import UserError


def read_json(text: str, name: str) -> list[Crystal | Rejection]:
    """Read the crystals of a JSON document, or of one JSON document a line.

    Ids are `name`, or `name#id` of the records of a file with several, `name#line` where a record
    has no id.

    Raises:
        UserError: the text is no JSON.
    """
    try:
        documents = [parse_json(text)]
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
        record = parse_json(document) if isinstance(document, str) else document
        if not isinstance(record, dict):
            raise UserError(EXPECTED)
        own = record.get("id")
        if number and isinstance(own, str | int) and own != "":
            identifier = f"{name}#{own}"
        if "frac_coords" in record:
            return crystal_from_record({**record, "id": identifier})
        return crystal_from_pymatgen(record, identifier)
    except UserError as error:
        return Rejection(identifier, "read", str(error))
