"""What is compared of a measured diffractogram: the curve above its background, and its peaks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, grey_opening, maximum_filter1d

from spacegrouper.techniques.powder.settings import Powder

_SPACING = 0.02  # degrees, about: the range has a whole number of them
_BASELINE = 4.0  # degrees: what is broader is background
_SMOOTHING = 1.0  # points
_NEAR_ZERO = 0.05  # of the highest: what lies lower shows the noise
_NOISE = 1.5  # of the median of that, that is taken away
_LOWEST = 0.004  # of the highest
_WINDOW = 9  # points, of which a peak is the highest
_MEASURED = 8  # of the highest peaks, whose widths are measured,
_HIGH = 0.2  # if they are at least so high
_NARROWEST = 0.1  # degrees: less is a few points


@dataclass(frozen=True, eq=False)
class Peaks:
    """A diffractogram, and its peaks by ascending angle.

    Args:
        curve: (points,), above the background, the highest 1; 0 where nothing was measured.
        first, spacing: the angle of its first point, and of a point to the next, degrees.
        measured: (points,), which were measured.
        places: (n,), degrees 2 theta.
        heights: (n,), of the highest.
        width: full width at half maximum, the median of the highest peaks, degrees.
    """

    curve: NDArray[np.float64]
    first: float
    spacing: float
    measured: NDArray[np.bool_]
    places: NDArray[np.float64]
    heights: NDArray[np.float64]
    width: float


def fine_points(powder: Powder) -> int:
    """Return how many points, some 0.02 degrees apart, the range of a network's data has."""
    first, last = powder.two_theta
    return 1 + max(1, round((last - first) / _SPACING))


def find_peaks(curve: NDArray[np.floating[Any]], powder: Powder) -> Peaks:
    """Find the peaks of a curve (points,) over the range, above its background.

    It is NaN where nothing was measured. A peak is the highest point of its neighbourhood, and lies
    where the parabola through it and the points beside it is highest.
    """
    first, last = powder.two_theta
    spacing = (last - first) / (curve.size - 1)
    measured = np.isfinite(curve)
    window = 1 + round(_BASELINE / spacing)
    above = np.zeros(curve.size)
    for part in measured_parts(measured):
        smooth = gaussian_filter1d(curve[part].astype(np.float64), _SMOOTHING)
        above[part] = smooth - grey_opening(smooth, size=window, mode="nearest")
    above /= max(above.max(), np.finfo(np.float64).tiny)
    low = above[measured & (above < _NEAR_ZERO)]
    noise = float(np.median(low)) if low.size else 0.0
    found = np.maximum(above - _NOISE * noise, 0)
    found /= max(found.max(), np.finfo(np.float64).tiny)
    highest = (maximum_filter1d(found, _WINDOW) == found) & (found > max(_LOWEST, 3 * noise))
    at = 1 + np.flatnonzero(highest[1:-1])
    before, top, after = found[at - 1], found[at], found[at + 1]
    bend = before - 2 * top + after
    offset = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0)
    return Peaks(
        found,
        first,
        spacing,
        measured=measured,
        places=first + spacing * (at + np.clip(offset, -1, 1)),
        heights=top,
        width=max(spacing * _width(found, at), _NARROWEST),
    )


def measured_parts(measured: NDArray[np.bool_]) -> list[slice]:
    """Return where points (n,) were measured without a gap, by ascending angle."""
    ends = np.flatnonzero(np.diff(measured, prepend=False, append=False))
    return [slice(begin, end) for begin, end in ends.reshape(-1, 2).tolist()]


def _width(curve: NDArray[np.float64], peaks: NDArray[np.int64]) -> float:
    """Return the median of the full widths at half maximum of the highest peaks, points."""
    widths = []
    high = peaks[curve[peaks] > _HIGH]
    for peak in high[np.argsort(-curve[high], kind="stable")[:_MEASURED]]:
        low = np.flatnonzero(curve <= curve[peak] / 2)
        place = np.searchsorted(low, peak)
        first = low[place - 1] if place else 0
        last = low[place] if place < low.size else curve.size - 1
        widths.append(last - first)
    return float(np.median(widths)) if widths else 0.0
