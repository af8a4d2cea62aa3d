"""Whether an image can be a diffraction pattern at all; what can be mended is."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import label, median_filter, uniform_filter

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.micrograph import Floats, Mask, Micrograph

_MOST_SATURATED = 0.01  # of the pixels; the direct beam and its halo are fewer
_MOST_HIGHEST = 12  # spots of the highest value; equal by symmetry are up to 12
_LARGEST_PLATEAU = 9  # pixels at the highest level that are no saturation, of a peak cut by 8 bits
_INVERTED = 2.0  # by how much dark spots must outweigh bright ones
_SMOOTH = 31  # pixels


def checked(micrograph: Micrograph) -> Micrograph:
    """Return a micrograph with bright spots on a dark ground, with a note of what was mended.

    Raises:
        UserError: the image holds one level only, or is saturated.
    """
    counts = micrograph.counts
    low, high = float(counts.min()), float(counts.max())
    if low == high:
        raise UserError(f"{micrograph.name}: all pixels have the value {low:g}: no pattern")
    if _is_inverted(counts):
        micrograph = replace(
            micrograph,
            counts=high + low - counts,
            notes=(*micrograph.notes, "dark spots on a bright ground: the image was inverted"),
        )
    saturated = saturated_pixels(micrograph.counts)
    share = saturated.mean()
    if share > _MOST_SATURATED:
        raise UserError(
            f"{micrograph.name}: {100 * share:.1f} % of the pixels have the highest value, "
            f"{micrograph.counts.max():g}: saturated; expose it shorter, or give the raw image"
        )
    highest = label(micrograph.counts == micrograph.counts.max(), np.ones((3, 3)))[1]
    if highest > _MOST_HIGHEST:
        raise UserError(
            f"{micrograph.name}: {highest} spots have the highest value, "
            f"{micrograph.counts.max():g}: saturated or brightened; expose it shorter, or give the "
            "raw image"
        )
    return micrograph


def saturated_pixels(counts: Floats) -> Mask:
    """Return which pixels, (rows, columns), lie on a plateau at the highest level."""
    return large_pieces(counts >= counts.max(), _LARGEST_PLATEAU + 1)


def large_pieces(mask: Mask, fewest: int) -> Mask:
    """Return which pixels of a mask, (rows, columns), are in a piece of at least so many."""
    pieces, _ = label(mask)
    sizes = np.bincount(pieces.ravel())
    found: Mask = mask & (sizes[pieces] >= fewest)
    return found


def _is_inverted(counts: Floats) -> bool:
    """Tell whether what stands out from the ground is dark, and the ground brighter than half.

    A beam stop is dark too, but then the spots are bright. Spots are few: the third moment of what
    a smooth ground leaves is that of the spots.
    """
    # Single hot or dead pixels are no spots.
    smooth = median_filter(counts, 3)
    low, middle, high = np.quantile(smooth, (0.001, 0.5, 0.999))
    if middle - low < high - middle:
        return False
    rest = smooth - uniform_filter(smooth, _SMOOTH)
    bright, dark = (np.maximum(rest, 0) ** 3).sum(), (np.maximum(-rest, 0) ** 3).sum()
    return bool(dark > _INVERTED * bright)
