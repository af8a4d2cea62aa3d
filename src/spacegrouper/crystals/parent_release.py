"""What a release takes over from its parent: standard cells that are known, unchanged crystals.

Both are lines of crystals that `write_crystals` has written, cell and atoms last. They are compared
as bytes: equal bytes are equal numbers, and only crystals that differ are parsed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import digest_of, id_of, line_of, parse_line, read_lines
from spacegrouper.crystals.releases import (
    Change,
    compare_releases,
    inherited,
    labels_to_keep,
)
from spacegrouper.crystals.standard_cell import LABELS, with_labels
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise

# Where the cell begins. No text of a record can hold it, for there its quotes are escaped.
_CELL = b',"lattice":[['


class ParentCells:
    """The standard cells that a parent's run has found.

    Args:
        acquired: its crystals as they were given, JSON lines.
        standardised: what was made of them, JSON lines.
        settings: with which that was done.
    """

    def __init__(self, acquired: Path, standardised: Path, settings: Standardise) -> None:
        self._settings = settings
        self._standardised = lines_by_id(standardised)
        self._given: dict[str, tuple[bytes, bytes]] = {}
        for number, line in enumerate(read_lines(acquired), start=1):
            # Of several with one id, the first was standardised.
            name = id_of(line, number)
            if name in self._standardised and name not in self._given:
                self._given[name] = (digest_of(line), digest_of(_parts(line)[1]))

    def cell_of(self, name: str, line: bytes) -> bytes | None:
        """Return the line that a crystal is standardised to, or None where that is not known.

        A crystal with the id, lattice, species and coordinates of one of the parent's has its
        standard cell, whatever else is said of it.
        """
        given = self._given.get(name)
        if given is None:
            return None
        cell = _parts(line)[1]
        if given[1] != digest_of(cell):
            return None
        standardised = self._standardised[name]
        if given[0] == digest_of(line):
            return standardised
        known = _metadata(standardised)
        labels = {label: known[label] for label in LABELS}
        metadata = with_labels(_metadata(line), labels, self._settings)
        text = json.dumps({"id": name, **metadata}, separators=(",", ":"))
        return text[:-1].encode() + _parts(standardised)[1]


def lines_by_id(path: Path) -> dict[str, bytes]:
    """Read the lines of a file of crystals by their ids.

    Raises:
        UserError: the file cannot be read, or a line has no id.
    """
    try:
        return {id_of(line, number): line for number, line in enumerate(read_lines(path), start=1)}
    except UserError as error:
        raise UserError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def compare_with_parent(
    parent: Mapping[str, bytes], release: Mapping[str, bytes], settings: Standardise, processes: int
) -> Iterator[Change]:
    """Compare standardised crystals as `compare_releases` does, but parse only those that differ.

    Args:
        parent: the lines of the parent release by id.
        release: those of the release.
        settings: with which both were standardised.
        processes: how many at a time.
    """
    labels = labels_to_keep(settings)
    same = {
        name
        for name, line in parent.items()
        if name in release and _are_one_record(line, release[name], labels)
    }
    compared = compare_releases(
        (_parsed(line) for name, line in parent.items() if name not in same),
        (_parsed(line) for name, line in release.items() if name not in same),
        settings,
        processes,
    )
    for name in parent:
        yield Change(name, "unchanged", "the same record") if name in same else next(compared)
    yield from compared


def lines_of_release(
    parent: Mapping[str, bytes], release: Mapping[str, bytes], changes: Iterable[Change]
) -> Iterator[tuple[str, bytes]]:
    """Yield ids and lines of the crystals of a release, unchanged ones as the parent has them.

    They keep the coordinates, labels and structure key that their patterns were made with; small
    differences, below the tolerances of `compare_releases`, thus do not add up over many releases.

    Args:
        parent: the lines of the parent release by id.
        release: those of the release.
        changes: between the two, as `compare_with_parent` finds them.
    """
    unchanged = {change.id for change in changes if change.change == "unchanged"}
    for name, line in release.items():
        if name in unchanged and not _are_one_record(parent[name], line, LABELS):
            yield name, line_of(inherited(_parsed(parent[name]), _parsed(line)))
        else:
            yield name, line


def _parts(line: bytes) -> tuple[bytes, bytes]:
    """Return what a line says of a crystal, and its cell and atoms.

    Of a line that was not written here, the cell is taken to be all of it: it then equals another
    only where they are one.
    """
    place = line.rfind(_CELL)
    return (b"", line) if place < 0 else (line[:place], line[place:])


def _metadata(line: bytes) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads(_parts(line)[0] + b"}")
    del metadata["id"]
    return metadata


def _are_one_record(earlier: bytes, later: bytes, labels: Iterable[str]) -> bool:
    if earlier == later:
        return True
    if _parts(earlier)[1] != _parts(later)[1]:
        return False
    before, after = _metadata(earlier), _metadata(later)
    return all(before.get(label) == after.get(label) for label in labels)


def _parsed(line: bytes) -> Crystal:
    record = parse_line(line, 1)
    if isinstance(record, Rejection):
        raise UserError(f"{record.id}: {record.reason}; give the products of standardise")
    return record
