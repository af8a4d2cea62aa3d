"""From a file of an instrument to its scan: the table of formats."""

import re
from pathlib import PurePath

from spacegrouper.crystals.text_files import decoded
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.brml import read_brml
from spacegrouper.techniques.powder.measured.bruker_raw import read_raw
from spacegrouper.techniques.powder.measured.columns import is_columns, read_columns
from spacegrouper.techniques.powder.measured.fullprof import read_fullprof
from spacegrouper.techniques.powder.measured.powder_cif import is_powder_cif, read_powder_cif
from spacegrouper.techniques.powder.measured.scan import Scan, checked
from spacegrouper.techniques.powder.measured.xrdml import read_xrdml
from spacegrouper.techniques.powder_rows import fullprof_rows, holds_powder_rows, is_gsas

_NAMED = (".xy", ".xye", ".xyd", ".xrdml", ".brml", ".raw")
# Formats of instruments that are not read.
_OTHERS = {
    ".ras": "Rigaku's RAS", ".rasx": "Rigaku's RASX", ".uxd": "Bruker's UXD",
    ".udf": "Philips' UDF", ".rd": "Philips' RD", ".gsa": "GSAS", ".gsas": "GSAS", ".gss": "GSAS",
    ".fxye": "GSAS", ".esg": "MAUD's ESG", ".cpi": "Sietronics' CPI", ".xdd": "XDD",
}  # fmt: skip
SUFFIXES = (*_NAMED, *_OTHERS)

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08]")
_BEGINNING = 8000  # bytes, which tell the format; whole letters of 32 bits


def is_diffractogram(content: bytes, name: str) -> bool:
    """Tell whether a file, unpacked, is to be read as a measured diffractogram."""
    suffix = _suffix(name)
    return (
        suffix in SUFFIXES
        or _is_raw(content)
        or _is_xrdml(content)
        or is_powder_cif(content)
        or (not _is_binary(content) and _is_of_numbers(decoded(content)))
    )


def read_diffractogram(content: bytes, name: str) -> Scan:
    """Read the content of a file, unpacked; its format is told by what is in it.

    Raises:
        UserError: it is none that is known, or no diffractogram.
    """
    if not content.strip():
        raise UserError("the file is empty")
    if content.startswith(b"PK\x03\x04"):
        scan = read_brml(content)
    elif _is_raw(content):
        scan = read_raw(content)
    elif _is_xrdml(content):
        scan = read_xrdml(content)
    elif is_powder_cif(content):
        scan = read_powder_cif(content)
    elif (suffix := _suffix(name)) in _OTHERS:
        raise UserError(_not_read(_OTHERS[suffix]))
    elif _is_binary(content):
        raise UserError("binary, and no format of diffractograms that is known; export it as .xy")
    else:
        scan = _read_text(decoded(content))
    return checked(scan)


def _read_text(text: str) -> Scan:
    if is_gsas(text):
        raise UserError(_not_read("GSAS"))
    rows = fullprof_rows(text)
    return read_columns(text) if rows is None else read_fullprof(rows)


def _not_read(kind: str) -> str:
    return f"a diffractogram in the format {kind}, which is not read; export it as .xy"


def _is_of_numbers(text: str) -> bool:
    return holds_powder_rows(text) or is_columns(text)


def _suffix(name: str) -> str:
    return PurePath(re.sub(r"\.(gz|bz2|xz)$", "", name.lower())).suffix


def _is_raw(content: bytes) -> bool:
    # A text may have the heading RAW.
    return content.startswith(b"RAW") and b"\0" in content[:1000]


def _is_xrdml(content: bytes) -> bool:
    return "<xrdMeasurements" in decoded(content[:_BEGINNING])


def _is_binary(content: bytes) -> bool:
    # Texts of 16 bits have zeros too, until they are decoded.
    return _CONTROL_CHARACTERS.search(decoded(content[:_BEGINNING])) is not None
