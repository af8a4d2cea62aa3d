"""RAW of Bruker's instruments, version 3 (`RAW1.01`): binary, with ranges of equal steps.

The layout is that of DIFFRAC plus XCH, User's Manual (2002), appendix A.
"""

import struct

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import NOT_FILLED_IN
from spacegrouper.techniques.powder.measured.scan import Scan, one_scan

MARK = b"RAW1.01"
_HEADER, _RANGE_HEADER = 712, 304  # bytes
_MOST_RANGES = 1000


def read_raw(content: bytes) -> Scan:
    """Read the scan of a file.

    Raises:
        UserError: it is another version's, or damaged.
    """
    if not content.startswith(MARK):
        raise UserError(
            "a .raw file, but not of Bruker's version 3 (RAW1.01), the only one that is read; "
            "export it as .xy"
        )
    try:
        return one_scan(_ranges(content))
    except (struct.error, ValueError):
        raise UserError("a .raw file that is damaged or cut short; export it anew") from None


def _ranges(content: bytes) -> list[Scan]:
    (count,) = struct.unpack_from("<I", content, 12)
    if not 0 < count <= _MOST_RANGES:
        raise ValueError
    (general,) = struct.unpack_from("<d", content, 624)  # K-alpha 1
    scans, place = [], _HEADER
    for _ in range(count):
        length, points = struct.unpack_from("<II", content, place)
        (start,) = struct.unpack_from("<d", content, place + 16)
        (step,) = struct.unpack_from("<d", content, place + 176)
        (wavelength,) = struct.unpack_from("<d", content, place + 240)
        (further,) = struct.unpack_from("<I", content, place + 256)
        if length != _RANGE_HEADER:
            raise ValueError
        place += length + further
        intensity = np.frombuffer(content, "<f4", points, place).astype(np.float64)
        place += 4 * points
        known = general if wavelength in NOT_FILLED_IN else wavelength
        scans.append(Scan(start + step * np.arange(points), intensity, known))
    return scans
