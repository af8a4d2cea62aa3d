"""The second line of molybdenum and silver, K-alpha 2, taken out of a diffractogram.

Copper's lies 0.25 % beside K-alpha 1, and training has it. Those of molybdenum and silver lie 0.6
and 0.8 % beside it, where each looks like the reflection of another lattice. After W. A. Rachinger,
J. Sci. Instrum. 25, 254 (1948), half of what K-alpha 1 has at the same spacing is subtracted, from
low angles on.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

# K-alpha 1 and K-alpha 2, Angstrom (Bearden, Rev. Mod. Phys. 39:78, 1967).
_DOUBLETS = {"molybdenum": (0.70930, 0.71359), "silver": (0.559421, 0.563813)}
_SAME = 0.0025  # relative: the mean of the lines is taken for K-alpha 1, too
_RATIO = 0.5  # of the intensities, by the theory of spectra
_BACKGROUND = 2.0  # degrees
# Of the area of the peaks, that may fall below the background: where a monochromator has taken
# K-alpha 2 out, half of each peak does, or a tenth of wide ones. Set on simulated curves.
_MOST_BELOW = 0.06


def without_second_line(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64], wavelength: float
) -> tuple[NDArray[np.float64], str]:
    """Return intensities without K-alpha 2, and what was done, for the answer, or "".

    They are left alone where the wavelength has no such second line, and where the peaks show none.

    Args:
        two_theta: (n,), ascending, degrees.
        intensity: (n,), none below 0.
        wavelength: Angstrom.
    """
    for element, (first, second) in _DOUBLETS.items():
        if abs(wavelength / first - 1) > _SAME:
            continue
        single = _subtracted(two_theta, intensity, first / second)
        before, after = (_below_and_above(two_theta, each) for each in (intensity, single))
        if after[0] - before[0] < _MOST_BELOW * before[1]:
            return np.maximum(single, 0), f"K-alpha 2 of {element} was subtracted"
    return intensity, ""


def _subtracted(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64], ratio: float
) -> NDArray[np.float64]:
    """Return the part of intensities (n,) that K-alpha 1 has; `ratio`: of the wavelengths."""
    same_spacing = np.degrees(2 * np.arcsin(np.sin(np.radians(two_theta / 2)) * ratio))
    # Between the points before and after; the one after is before the point itself.
    after = np.searchsorted(two_theta, same_spacing)
    after = np.minimum(after, np.arange(two_theta.size) - 1)
    before = np.maximum(after - 1, 0)
    steps = two_theta[after] - two_theta[before]
    share = np.where(steps > 0, (same_spacing - two_theta[before]) / np.maximum(steps, 1e-9), 0)
    share = np.clip(share, 0, 1)
    single = intensity / (1 + _RATIO)  # at angles below which nothing was measured
    for point in np.flatnonzero(same_spacing >= two_theta[0]):
        low, high, part = single[before[point]], single[after[point]], share[point]
        single[point] = intensity[point] - _RATIO * (low + part * (high - low))
    return single


def _below_and_above(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the sums of what is below the background, and of what is above it."""
    window = round(_BACKGROUND / float(np.median(np.diff(two_theta)))) | 1
    net = intensity - median_filter(intensity, min(window, intensity.size), mode="nearest")
    return float(-net[net < 0].sum()), float(net[net > 0].sum())
