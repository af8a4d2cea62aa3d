"""Where the direct beam meets the camera, also behind a beam stop.

By Friedel's law a pattern is nearly the same after half a turn about the beam, so the convolution
of the image with itself has its maximum at twice the place of the beam.
"""

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter, white_tophat

from spacegrouper.techniques.micrographs.micrograph import Floats, Indices

_SPOT = 15  # pixels, wider than spots are
_HIGHEST = 0.9995  # quantile; the direct beam and hot pixels count no more than a strong spot


def centre_of(counts: Floats) -> Floats:
    """Return row and column of the beam, to about half a pixel.

    Args:
        counts: (rows, columns), bright spots on a dark ground.
    """
    spots = _spots_alone(counts)
    rows, columns = spots.shape
    shape = [scipy.fft.next_fast_len(2 * edge, real=True) for edge in spots.shape]
    together = scipy.fft.irfft2(scipy.fft.rfft2(spots, shape) ** 2, shape)
    together = gaussian_filter(together[: 2 * rows - 1, : 2 * columns - 1], 1.0)
    highest = np.array(np.unravel_index(together.argmax(), together.shape))
    return _between_pixels(together, highest) / 2


def _spots_alone(counts: Floats) -> Floats:
    """Return the square root of what stands out from its surroundings and from noise."""
    smooth = gaussian_filter(counts, 1.0)
    rest = white_tophat(smooth, size=_SPOT)
    noise = np.median(rest)
    found: Floats = np.sqrt(np.clip(rest - 3 * noise, 0, np.quantile(rest, _HIGHEST)))
    return found


def _between_pixels(values: Floats, place: Indices) -> Floats:
    """Return where a parabola through a maximum and its neighbours has its own."""
    found = place.astype(np.float64)
    for axis in range(2):
        step = np.eye(2, dtype=int)[axis]
        if not 0 < place[axis] < values.shape[axis] - 1:
            continue
        before, at, after = (values[tuple(place + one * step)] for one in (-1, 0, 1))
        bend = before - 2 * at + after
        if bend < 0:
            found[axis] += 0.5 * (before - after) / bend
    return found
