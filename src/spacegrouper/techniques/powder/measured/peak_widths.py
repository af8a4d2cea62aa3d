"""Whether the peaks of a measured diffractogram are as narrow as those that a network has seen.

Small crystallites, strain and slits broaden peaks. Where they are wider than training ever draws
them, one hides the next, and the answer rests on what is left.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.powder.diffractograms import profile_widths
from spacegrouper.techniques.powder.known.peaks import Peaks, find_peaks
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

_HIGH = 0.2  # of the highest: lower peaks are not measured,
_MOST = 8  # and no more than so many
# Of the widest that training draws, as K-alpha 2 and neighbours widen peaks too. Of 300 crystals of
# the Materials Project, drawn as the network that ships was trained, none is above this; with its
# widest peaks 2 are, with peaks half as wide again all.
_WIDER = 1.3


def width_warning(
    curve: NDArray[np.floating[Any]], powder: Powder, profile: Diffractogram, augment: Augment
) -> str:
    """Return a warning of peaks that are wider than any that the network was trained on, or "".

    Args:
        curve: (points,), measured, as find_peaks takes it.
        powder, profile, augment: the sections that the network was trained with.
    """
    places, widths = measured_widths(find_peaks(curve, powder))
    if not places.size:
        return ""
    widest = profile_widths(np.radians(places / 2), powder, profile) * np.exp(augment.width)
    found, limit = float(np.median(widths)), float(np.median(widest))
    if found <= _WIDER * limit:
        return ""
    return (
        f"its peaks are {found:.2f}° wide at half of their height (at {powder.wavelength * 1e10:g} "
        f"Å), and those that the network was trained on {limit:.2f}° at most: in peaks so wide, "
        "as of fine crystallites, symmetry and cell are hardly told apart, and the probabilities "
        "mean little"
    )


def measured_widths(peaks: Peaks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of the highest peaks that stand alone, and their full widths, degrees.

    A width is twice the distance from the top to the nearer flank, as the farther one may belong
    to K-alpha 2 or a neighbour. A peak stands alone if both flanks fall to half of its height
    before they rise above it.
    """
    curve, found = peaks.curve, []
    tops = np.rint((peaks.places - peaks.first) / peaks.spacing).astype(np.int64)
    taken = np.zeros(curve.size, dtype=np.bool_)  # noise makes several tops of a wide peak
    high = np.flatnonzero(peaks.heights > _HIGH)
    for peak in high[np.argsort(-peaks.heights[high], kind="stable")]:
        top, half = int(tops[peak]), peaks.heights[peak] / 2
        low = np.flatnonzero(curve <= half)
        place = int(np.searchsorted(low, top))
        if taken[top] or place in (0, low.size):
            continue
        before, after = int(low[place - 1]), int(low[place])
        taken[before : after + 1] = True
        whole = peaks.measured[before] and peaks.measured[after]
        if not whole or curve[before : after + 1].max() > peaks.heights[peak]:
            continue
        # Where the straight lines between points are half as high as the top.
        left = before + (half - curve[before]) / (curve[before + 1] - curve[before])
        right = after - (half - curve[after]) / (curve[after - 1] - curve[after])
        middle = (peaks.places[peak] - peaks.first) / peaks.spacing
        found.append((peaks.places[peak], 2 * peaks.spacing * min(middle - left, right - middle)))
        if len(found) == _MOST:
            break
    places, widths = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return places, widths
