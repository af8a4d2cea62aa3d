"""Spots of a micrograph: where they are, and how much is in them."""

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter

from spacegrouper.techniques.micrographs.grid_points import grid_points
from spacegrouper.techniques.micrographs.ground import Ground
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask

_CLEAR = 6.0  # of the noise
_SMOOTH = 1.2  # pixels
_REACH = 3  # pixels to either side that belong to one spot
_MOST = 1500
_NEAR_EDGE = 4  # pixels
_OF_SCATTER = 0.3  # of the scatter around a spot that may be under all of it
_WINDOW = 4  # pixels to either side in which a spot's place is its centre of mass


def spots_of(ground: Ground) -> Floats:
    """Find what stands out of the noise, outside of what is hidden.

    Returns:
        (n, 2), row and column, the clearest first.
    """
    smooth = gaussian_filter(ground.rest, _SMOOTH)
    # Of independent pixels, a Gaussian's sum of squares is 1 / (4 pi sigma^2).
    noise = ground.noise / np.sqrt(4 * np.pi) / _SMOOTH
    ratio = np.where(ground.hidden, 0.0, smooth / noise)
    peaks = (ratio == maximum_filter(ratio, 2 * _REACH + 1)) & (ratio > _CLEAR)
    peaks[:_NEAR_EDGE], peaks[-_NEAR_EDGE:] = False, False
    peaks[:, :_NEAR_EDGE], peaks[:, -_NEAR_EDGE:] = False, False
    places = np.argwhere(peaks)
    order = np.argsort(-ratio[peaks], kind="stable")[:_MOST]
    return _centres_of_mass(smooth, places[order])


def _centres_of_mass(smooth: Floats, places: Indices) -> Floats:
    """Return where the upper half of each maximum has its centre of mass."""
    steps = grid_points(_WINDOW)
    around = places[:, None] + steps
    weights = smooth[around[..., 0], around[..., 1]]
    weights = np.maximum(weights - 0.5 * smooth[tuple(places.T)][:, None], 0)
    found: Floats = (weights[..., None] * around).sum(axis=1) / weights.sum(axis=1)[:, None]
    return found


def integrated(ground: Ground, places: Floats, radius: float) -> tuple[Floats, Floats, Mask]:
    """Sum up what is within a radius of places, (n, 2), less what a ring around them has.

    Args:
        ground: of the image.
        places: row and column.
        radius: pixels.

    Returns:
        Intensities (n,), their standard uncertainties (n,), and whether all of their pixels are on
        the image and not hidden (n,).
    """
    reach = int(np.ceil(1.8 * radius + 1))
    steps = grid_points(reach)
    around = np.rint(places).astype(np.int64)[:, None] + steps
    away = np.linalg.norm(around - places[:, None], axis=2)
    inside, beside = away <= radius, (away > 1.25 * radius) & (away <= 1.8 * radius + 1)
    rows, columns = ground.rest.shape
    on = (around >= 0).all(axis=2) & (around < (rows, columns)).all(axis=2)
    clipped = np.clip(around, 0, (rows - 1, columns - 1))
    at = clipped[..., 0], clipped[..., 1]
    seen = on & ~ground.hidden[at]
    values = ground.rest[at]
    whole: Mask = (seen | ~inside).all(axis=1)
    ring = np.where(beside & seen, values, np.nan)
    enough = (beside & seen).sum(axis=1) >= 6
    level = np.zeros(len(places))
    level[enough] = np.nanmedian(ring[enough], axis=1)
    scatter = np.zeros(len(places))
    # Tails of neighbours are no noise that averages out.
    scatter[enough] = np.nanmedian(np.abs(ring[enough] - level[enough, None]), axis=1)
    pixels = inside.sum(axis=1)
    sums = np.where(inside, values, 0).sum(axis=1) - pixels * level
    noise = np.where(inside, ground.noise[at] ** 2, 0).sum(axis=1)
    of_level = (
        pixels**2 * noise / np.maximum(pixels, 1) / np.maximum((beside & seen).sum(axis=1), 6)
    )
    return sums, np.sqrt(noise + of_level + (pixels * scatter * _OF_SCATTER) ** 2), whole
