"""BRML of Bruker's instruments: a ZIP archive of XML files, one for each scan."""

import re
import zipfile
import zlib
from io import BytesIO

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import in_angstrom, stated_wavelength
from spacegrouper.techniques.powder.measured.scan import Scan, one_scan
from spacegrouper.techniques.powder.measured.xml_text import numbers_of, xml_root

_LARGEST = 100_000_000  # bytes of all scans, unpacked
_SAME_ANGLE = 0.05  # degrees
_SCAN = re.compile(r"(.*/)?RawData\d+\.xml")


def read_brml(content: bytes) -> Scan:
    """Read the scan of a file; none of its other parts is unpacked.

    Raises:
        UserError: it is damaged, or holds no scan of 2 theta.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [each for each in archive.infolist() if _SCAN.fullmatch(each.filename)]
            if sum(each.file_size for each in members) > _LARGEST:
                raise UserError("holds more than a scan of a powder; export that as .xy")
            # No more than the stated size is unpacked.
            scans = [_scan(archive.read(each)) for each in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise UserError("a .brml file that is damaged or cut short; export it anew") from None
    return one_scan([scan for scan in scans if scan is not None])


def _scan(content: bytes) -> Scan | None:
    root = xml_root(content)
    axis = next((each for each in root.iter("ScanAxisInfo") if _is_two_theta(each.attrib)), None)
    rows = [numbers_of(datum.text, "points") for datum in root.iter("Datum")]
    if axis is None or not rows:
        return None
    # A point: seconds, a mark, the angles of the axes, and last the counts.
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 4:
        raise UserError("its points are of a kind that is not known; export it as .xy")
    table = np.array(rows)
    ends = [
        number for name in ("Start", "Stop") for number in numbers_of(axis.findtext(name), "angles")
    ]
    if len(ends) != 2:
        raise UserError(
            "its axis of 2 theta has not one number for start and one for stop; export it as .xy"
        )
    for column in table.T[2:-1]:
        if np.allclose([column[0], column[-1]], ends, atol=_SAME_ANGLE):
            wavelengths = [
                in_angstrom(number, line.get("Unit"))
                for line in root.iter("WaveLengthAlpha1")
                for number in numbers_of(line.get("Value"), "wavelengths")
            ]
            return Scan(column, table[:, -1], stated_wavelength(wavelengths, []))
    for column in table.T[2:-1]:
        if abs(column[0] - ends[0]) < _SAME_ANGLE < abs(column[-1] - column[0]):
            raise UserError(
                f"states that its angles stop at {ends[1]:g} degrees, but its points do at "
                f"{column[-1]:g}; export it anew, whole"
            )
    raise UserError("its points have no column of the angles that it names; export it as .xy")


def _is_two_theta(names: dict[str, str]) -> bool:
    return "TwoTheta" in (names.get("AxisId"), names.get("AxisName"))
