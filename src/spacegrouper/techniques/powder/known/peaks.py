"""What is compared of a measured diffractogram: the curve above its background, and its peaks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from spacegrouper.techniques.powder.diffractograms import shown_curves
from spacegrouper.techniques.powder.settings import Diffractogram, Powder

SPACING = 0.02  # degrees

_BASELINE = 4.0  # degrees
_SMOOTHING = 1.0  # points
_NOISE = 1.5  # of the median of what is near zero, that is taken away
_LOWEST = 0.004  # of the highest
_WINDOW = 9  # points, of which a peak is the highest
_MEASURED = 8  # of the highest peaks, whose widths are measured,
_HIGH = 0.2  # if they are at least so high
_NARROWEST = 0.1  # degrees: less is a few points


@dataclass(frozen=True, eq=False)
class Peaks:
    """A diffractogram, and its peaks by ascending angle.

    Args:
        curve: (points,), SPACING apart from `powder.two_theta[0]` on, above the background, the
            highest 1.
        places: (n,), degrees 2 theta.
        heights: (n,), of the highest.
        measured: the first and the last angle at which anything was counted, degrees.
        width: full width at half maximum, the median of the highest peaks, degrees.
    """

    curve: NDArray[np.float64]
    places: NDArray[np.float64]
    heights: NDArray[np.float64]
    measured: tuple[float, float]
    width: float


def fine_points(powder: Powder) -> int:
    """Return how many points, SPACING apart, the range of a network's data has."""
    return 1 + round((powder.two_theta[1] - powder.two_theta[0]) / SPACING)


def find_peaks(curve: NDArray[np.floating[Any]], powder: Powder) -> Peaks:
    """Find the peaks of a curve (points,), SPACING apart over the range, above its background.

    A peak is the highest point of its neighbourhood, and lies where the parabola through it and the
    points beside it is highest.
    """
    smooth = gaussian_filter1d(np.asarray(curve, dtype=np.float64), _SMOOTHING)
    (above,) = shown_curves(smooth[None], powder, Diffractogram(baseline=_BASELINE))
    low = above[above < 0.05]
    noise = float(np.median(low)) if low.size else 0.0
    found = np.maximum(above - _NOISE * noise, 0)
    found /= max(found.max(), np.finfo(np.float64).tiny)
    highest = (maximum_filter1d(found, _WINDOW) == found) & (found > max(_LOWEST, 3 * noise))
    at = 1 + np.flatnonzero(highest[1:-1])
    before, top, after = found[at - 1], found[at], found[at + 1]
    bend = before - 2 * top + after
    offset = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0)
    first = powder.two_theta[0]
    places = first + SPACING * (at + np.clip(offset, -1, 1))
    counted = np.flatnonzero(curve)
    begin, end = (counted[0], counted[-1]) if counted.size else (0, len(curve) - 1)
    measured = (float(first + SPACING * begin), float(first + SPACING * end))
    return Peaks(found, places, top, measured, max(_width(found, at), _NARROWEST))


def _width(curve: NDArray[np.float64], peaks: NDArray[np.int64]) -> float:
    """Return the median of the full widths at half maximum of the highest peaks, degrees."""
    widths = []
    high = peaks[curve[peaks] > _HIGH]
    for peak in high[np.argsort(-curve[high], kind="stable")[:_MEASURED]]:
        low = np.flatnonzero(curve <= curve[peak] / 2)
        place = np.searchsorted(low, peak)
        first = low[place - 1] if place else 0
        last = low[place] if place < low.size else curve.size - 1
        widths.append(SPACING * (last - first))
    return float(np.median(widths)) if widths else 0.0
