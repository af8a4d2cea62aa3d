"""Format `p4p`: what Bruker's APEX and SAINT know of a crystal, beside its list."""

import re
from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile

_RECORD = re.compile(r"^([A-Z]+\d*)\s+(.*)$", re.MULTILINE)
_FIRST = re.compile(r"^FILEID\s")


def _recognises(content: "Content") -> bool:
    return _FIRST.match(content.text.lstrip()) is not None


def _read(content: "Content") -> "FromFile":
    """Read CELL (edges, angles, volume) and SOURCE (the target, wavelengths in Angstrom)."""
    from spacegrouper.errors import UserError
    from spacegrouper.techniques.reflections.list_file import (
        FromFile,
        guessed_radiation,
        known_wavelength,
    )
    from spacegrouper.techniques.reflections.lists.shared.cells import checked_cell

    records: dict[str, str] = {}
    for word, values in _RECORD.findall(content.text):
        if records.setdefault(word, values) != values and word == "CELL":
            raise UserError(
                "CELL is there twice, and differs; keep the one that belongs to the list"
            )
    numbers = _numbers(records.get("CELL", ""))
    if len(numbers) < 6:
        raise UserError(
            f"CELL has {len(numbers)} numbers; a .p4p file gives three edges and three angles"
        )
    notes: list[str] = []
    lengths = _numbers(records.get("SOURCE", ""))
    wavelength = known_wavelength(lengths[0], "SOURCE", notes) if lengths else None
    return FromFile(
        cell=checked_cell(numbers[:6], "CELL"),
        wavelength=wavelength,
        radiation=guessed_radiation(wavelength, notes),
        notes=tuple(notes),
    )


def _numbers(values: str) -> list[float]:
    """Return the numbers among words."""
    return [float(word) for word in values.split() if re.fullmatch(r"[+-]?\d*\.?\d+", word)]


LIST_FORMATS.register(
    ListFormat(
        name="p4p",
        words="Bruker .p4p beside a list",
        recognises=_recognises,
        read=_read,
        has_reflections=lambda content: False,
    )
)
