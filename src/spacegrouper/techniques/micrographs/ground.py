"""What lies under the spots: the ground, which depends on the distance from the beam, and noise.

Parts that are much darker than their ring are behind a beam stop.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_closing, binary_dilation, gaussian_filter, gaussian_filter1d

from spacegrouper.techniques.micrographs.checks import large_pieces, saturated_pixels
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask

_DARK = 0.6  # of the ring's median
_CLEAR = 6.0  # of its noise: darker by as much
_SMALLEST_STOP = 60  # pixels
_MARGIN = 3  # pixels around a stop that are in its half shadow
_SMOOTH = 1.5  # pixels, of the rings
_OF_MEDIAN = 1.4826  # standard deviation over median absolute deviation


@dataclass(frozen=True, eq=False)
class Ground:
    """An image without its ground.

    Args:
        rest: (rows, columns), counts less the ground.
        noise: (rows, columns), standard deviation of a pixel without a spot.
        hidden: (rows, columns), what is behind a beam stop, or saturated.
        has_stop: whether there is a beam stop.
    """

    rest: Floats
    noise: Floats
    hidden: Mask
    has_stop: bool


def ground_of(counts: Floats, centre: Floats) -> Ground:
    """Find the ground of an image (rows, columns) about the beam at (row, column)."""
    away = np.hypot(*(np.indices(counts.shape) - centre[:, None, None]))
    ring = away.astype(np.int64)
    median = _medians(counts, ring)
    spread = _OF_MEDIAN * _medians(np.abs(counts - median[ring]), ring)
    least = _least_noise(counts)
    # The ground falls outwards: rings that are darker than those around them are hidden as a whole.
    falling = np.maximum.accumulate(gaussian_filter1d(median, _SMOOTH)[::-1])[::-1]
    stop = _stop(counts, falling[ring], np.maximum(spread, least)[ring])
    if stop.any():
        # Anew without the stop, which is darker than the ground.
        median = _medians(counts, ring, ~stop)
        spread = _OF_MEDIAN * _medians(np.abs(counts - median[ring]), ring, ~stop)
    median, spread = gaussian_filter1d(median, _SMOOTH), gaussian_filter1d(spread, 3 * _SMOOTH)
    return Ground(
        rest=counts - median[ring],
        noise=np.maximum(spread, least)[ring],
        hidden=stop | saturated_pixels(counts),
        has_stop=bool(stop.any()),
    )


def _medians(values: Floats, ring: Indices, open_: Mask | None = None) -> Floats:
    """Return the median of each ring, (rings,); that of the next one outside where it is hidden."""
    chosen = np.ones(values.shape, dtype=bool) if open_ is None else open_
    rings, kept = ring[chosen], values[chosen]
    order = np.lexsort((kept, rings))
    counts = np.bincount(rings, minlength=ring.max() + 1)
    ends = np.cumsum(counts)
    middle = np.clip(ends - counts + counts // 2, 0, len(order) - 1)
    medians: Floats = kept[order][middle]
    full = np.flatnonzero(counts)
    nearest = np.clip(np.searchsorted(full, np.arange(len(counts))), 0, len(full) - 1)
    found: Floats = medians[full[nearest]]
    return found


def _least_noise(counts: Floats) -> float:
    """Return the noise that the steps of the levels make at least."""
    levels = np.unique(counts)
    step = float(np.diff(levels).min()) if len(levels) < 70_000 else 0.0
    return max(0.3 * step, 1e-5 * float(np.quantile(counts, 0.999) - levels[0]), 1e-12)


def _stop(counts: Floats, median: Floats, noise: Floats) -> Mask:
    """Return what is darker than the ground by more than noise, in one large piece."""
    smooth, floor = gaussian_filter(counts, 2.0), float(np.quantile(counts, 0.001))
    dark = (smooth - floor < _DARK * (median - floor)) & (median - smooth > _CLEAR * noise / 3)
    large = large_pieces(binary_closing(dark, iterations=2), _SMALLEST_STOP)
    found: Mask = binary_dilation(large, iterations=_MARGIN) if large.any() else large
    return found
