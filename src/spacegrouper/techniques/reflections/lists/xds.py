"""Format `xds`: XDS_ASCII.HKL and INTEGRATE.HKL of XDS."""

import re
from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat
from spacegrouper.errors import UserError

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


_RECORD = re.compile(
    r"^!(UNIT_CELL_CONSTANTS|X-RAY_WAVELENGTH|SPACE_GROUP_NUMBER)=(.*)$", re.MULTILINE
)
_END_OF_HEADER = "!END_OF_HEADER"


def _recognises(content: "Content") -> bool:
    return content.data.startswith((b"!FORMAT=XDS_ASCII", b"!OUTPUT_FILE=INTEGRATE.HKL"))


def _read(content: "Content") -> "FromFile":
    import gemmi
    import numpy as np

    from spacegrouper.techniques.reflections.list_file import (
        FromFile,
        Measured,
        guessed_radiation,
        known_wavelength,
    )
    from spacegrouper.techniques.reflections.lists.shared.cells import checked_cell
    from spacegrouper.techniques.reflections.lists.shared.file_for_gemmi import file_for_gemmi

    try:
        with file_for_gemmi(content.data, ".HKL") as path:
            xds = gemmi.read_xds_ascii(path)
    except (RuntimeError, ValueError):
        raise UserError(
            "the file of XDS is damaged, cut short, or written by a program that is not known"
        ) from None
    _check_header(content.text.partition(_END_OF_HEADER)[0])
    notes: list[str] = []
    wavelength = known_wavelength(xds.wavelength or float("nan"), "the file of XDS", notes)
    group = gemmi.find_spacegroup_by_number(xds.spacegroup_number)
    return FromFile(
        reflections=Measured(
            np.array(xds.miller_array, dtype=np.int32),
            np.array(xds.iobs_array, dtype=np.float64),
            np.array(xds.sigma_array, dtype=np.float64),
            "intensity",
        ),
        cell=checked_cell(xds.cell_constants, "!UNIT_CELL_CONSTANTS"),
        wavelength=wavelength,
        radiation=guessed_radiation(wavelength, notes),
        symbol=group.xhm() if group else None,
        number=group.number if group else None,
        notes=tuple(notes),
    )


def _check_header(header: str) -> None:
    """Raise UserError where a record is there twice, with other values."""
    found: dict[str, list[str]] = {}
    for record, text in _RECORD.findall(header):
        values = text.split()
        if found.setdefault(record, values) != values:
            raise UserError(
                f"!{record} is there twice, as {' '.join(found[record])} and as "
                f"{' '.join(values)}; keep the one that belongs to the list"
            )


LIST_FORMATS.register(ListFormat("xds", "XDS_ASCII.HKL or INTEGRATE.HKL", _recognises, _read))
