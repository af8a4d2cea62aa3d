"""Whether the intensities of a scan can be those of a powder, whatever their unit."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from spacegrouper.errors import UserError

_BACKGROUND = 10.0  # degrees: broader than the peaks of small crystallites
_PEAK = 0.1  # degrees: as narrow as peaks become
_ABOVE_NOISE = 5.0  # standard deviations, which no chance reaches in a scan
_SPIKES = 2  # so many points beside others that are all the same are no curve
_ROUNDING = 1e-6  # of the intensities
_LOW = 1.0  # per cent of the points


def above_zero(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return intensities raised so that none is below 0, and by how much.

    A background that was subtracted leaves noise below 0, and peaks if it was too high; cut off at
    0, both would be lost.

    Raises:
        UserError: none is above 0, or one lies further below the others than peaks above them.
    """
    least, most = float(intensity.min()), float(intensity.max())
    if most <= max(least, 0):
        raise UserError("shows no peak: no intensity is above 0 and above the others")
    if least >= 0:
        return intensity, 0.0
    low = float(np.percentile(intensity, _LOW))
    if low - least > most - low:
        raise UserError(
            f"its intensity at {two_theta[intensity.argmin()]:g} degrees is {least:g}, far below "
            "all others; mend or leave out that point"
        )
    return intensity - least, -least


def check_peaks(two_theta: NDArray[np.float64], intensity: NDArray[np.float64]) -> None:
    """Check that something rises above the noise, and not as a few points of many.

    Args:
        two_theta: (n,), ascending, degrees.
        intensity: (n,).

    Raises:
        UserError: nothing does.
    """
    others = float(np.median(intensity))
    differ = np.flatnonzero(np.abs(intensity - others) > _ROUNDING * intensity.max())
    if 0 < differ.size <= _SPIKES:
        places = ", ".join(f"{two_theta[place]:g}" for place in differ)
        raise UserError(
            f"shows spikes and no peak: all intensities but those at {places} degrees are "
            f"{others:g}; give a scan as it was measured"
        )
    step = float(np.median(np.diff(two_theta)))
    width = max(round(_PEAK / step), 1)
    # Of differences of second order, which neither a slope nor a peak that is wider changes much.
    bends = intensity[2:] - 2 * intensity[1:-1] + intensity[:-2]
    noise = float(np.median(np.abs(bends))) / 0.6745 / np.sqrt(6)
    curve = median_filter(intensity, 3) if width > 1 else intensity
    smooth = uniform_filter1d(curve, width)
    window = min(round(_BACKGROUND / step), intensity.size) | 1
    height = float((smooth - median_filter(smooth, window, mode="nearest")).max())
    if height <= _ABOVE_NOISE * noise / np.sqrt(width) + _ROUNDING * float(curve.max()):
        raise UserError(
            "shows no peak above its noise; measure longer, or give a scan with the reflections"
        )
