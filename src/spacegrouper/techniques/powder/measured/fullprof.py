"""FullProf's free format (INSTRM = 0): start, step and end of the angles, then intensities."""

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.headings import check_radiation, heading_wavelength
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder_rows import FullProfRows


def read_fullprof(rows: FullProfRows) -> Scan:
    """Return the scan of a file.

    Raises:
        UserError: it has not as many intensities as its range has points, or is not of X-rays.
    """
    points = rows.intensity.size
    stated = (rows.end - rows.start) / rows.step + 1
    # The end need not be a whole number of steps from the start.
    if abs(stated - points) >= 1:
        raise UserError(
            f"states {rows.start:g} to {rows.end:g} degrees in steps of {rows.step:g}, which are "
            f"{stated:.0f} points, but {points} follow; export it anew, whole"
        )
    check_radiation(rows.heading)
    wavelength, unclear = heading_wavelength(rows.heading)
    angles = rows.start + rows.step * np.arange(points)
    return Scan(angles, rows.intensity, wavelength, unclear=unclear)
