"""Whether images can be diffraction patterns as the network was trained on.

A network names a class for any image. What no simulation with its settings makes is refused. The
limits were set so that no pattern is refused that was simulated of 2,000 crystals of the Materials
Project, with all presets of views, beam stops, noise, and crystals of 3 to 30 cells; and none of
60 of them on the other grey scales. Limits of brightness are shares of the largest intensity, on
whatever scale.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate
from spacegrouper.techniques.images import levels_of_one, white_of
from spacegrouper.techniques.patterns.geometry import make_detector
from spacegrouper.techniques.patterns.grey_scale import GreyScale

_FULL_SCALE = 254  # of 255, the brightest pixel; in releases before pattern_version 2 it may be 254
# The median of an inverted image, as a share of white; what lies between spots is up to 0.06 by the
# square root, and by 6 logarithmic decades up to 0.6, by 12 up to 0.8.
_BRIGHT_BACKGROUND = {"linear": 0.5, "square_root": 0.7, "logarithmic": 0.85}
# Equal by symmetry are up to 4 of the brightest pixels of a pattern, and twice that of a view that
# adds up two.
_MOST_AT_FULL_SCALE = 8
# A drawn line: so many pixels in a row of one level, at least so bright, beside ones half as bright
# or darker. Reflections are at most 4 such pixels wide.
_LINE, _LINE_LEVEL = 5, 16  # of 255
_FEWEST_CELLS = 3  # along an axis; the reflections of fewer are wide and smooth
# The share of the best centre of symmetry that the detector's centre must reach. Simulated patterns
# have 0.5 and more, those moved by 5 pixels and more mostly below 0.1.
_CENTRED = 0.3
_FEWEST_TO_CENTRE = 60  # lit pixels in all views; the photons of fewer say nothing of a centre
# The median of the levels that are not black, as a share of white, lies below this for linear
# patterns of 16 bits (measured: up to 0.004) and above it for logarithmic ones (from 0.04 on).
_MEDIAN_BETWEEN_SCALES, _FEWEST_FOR_MEDIAN = 0.02, 60


def check_pattern(pattern: Levels, settings: Simulate) -> None:
    """Check that an image, (y, x), can be a pattern as simulated with `settings`.

    Raises:
        UserError: it can be none, and why.
    """
    scale, levels = GreyScale.of(settings), np.unique(pattern)
    white, one = white_of(pattern.dtype), levels_of_one(pattern.dtype)
    if len(levels) == 1:
        what = {0: "black", white: "white"}.get(int(levels[0]), f"of one grey level, {levels[0]}")
        raise UserError(f"all {what}: there is no pattern in it")
    if np.median(pattern) > _BRIGHT_BACKGROUND[scale.grey_scale] * white:
        raise UserError(
            "the background is bright, as in an inverted image; a pattern has bright spots on a "
            f"dark background, invert it with `{white} - I`"
        )
    background = int(np.median(pattern))
    if background > 0 and (pattern == background).mean() > 0.5:
        raise UserError(
            f"the background has grey level {background} and not 0; subtract it, and scale what is "
            f"left by {scale.formula}"
        )
    if levels[-1] < _FULL_SCALE * one:
        raise UserError(
            f"its brightest pixel has grey level {levels[-1]} and not {white}; scale the measured "
            f"intensities I by {scale.formula}"
        )
    closed = ~make_detector(settings).open.reshape(pattern.shape)
    if lit := int(np.count_nonzero(pattern[closed])):
        raise UserError(
            f"{lit} pixels are lit that the network's beam stop (up to {settings.beam_stop:g} "
            "pixels from the centre) or aperture covers; set them to 0, or check the centre"
        )
    # Photons that are counted have few levels, and many pixels of one level.
    if settings.poisson_noise:
        return
    # Neither do 8 bits of another scale differ along a flat reflection.
    tell_apart = scale.grey_scale == "linear" or scale.bit_depth == 16
    wide = min(settings.cells) < _FEWEST_CELLS
    if tell_apart and not wide and (place := _drawn_line(pattern, _LINE_LEVEL * one)):
        raise UserError(
            f"{_LINE} pixels and more in a line have one grey level (from column {place[1]}, row "
            f"{place[0]}): a scale bar, text, a frame, or saturated; give the pattern without it"
        )
    full = int(np.count_nonzero(pattern == white))
    if full > _MOST_AT_FULL_SCALE:
        raise UserError(
            f"{full} pixels have grey level {white}, where only the brightest has it: saturated or "
            f"brightened; give the measured intensities I, scaled by {scale.formula}"
        )
    _check_scale(pattern[pattern > 0], scale)


def _check_scale(lit: Levels, scale: GreyScale) -> None:
    """Check that lit pixels, (n,), are on the scale, where linear and logarithmic ones differ."""
    # The few levels of 8 linear bits do not tell.
    linear_8 = scale.bit_depth == 8 and scale.grey_scale == "linear"
    if linear_8 or scale.grey_scale == "square_root" or lit.size < _FEWEST_FOR_MEDIAN:
        return
    median = np.median(lit) / white_of(lit.dtype)
    found = "linear" if median < _MEDIAN_BETWEEN_SCALES else "logarithmic"
    if found != scale.grey_scale:
        raise UserError(
            f"its grey levels look {found}, but the network was trained on {scale.grey_scale} "
            f"ones; scale the measured intensities I by {scale.formula}"
        )


def check_centre(patterns: Sequence[Levels] | Levels, settings: Simulate) -> None:
    """Check that the patterns of a crystal, each (y, x), have the beam at the detector's centre.

    Friedel's law makes patterns nearly symmetric about the beam.

    Raises:
        UserError: their centre is elsewhere.
    """
    size = len(patterns[0])
    scale = GreyScale.of(settings)
    linear = [_linear(pattern, scale) for pattern in patterns]
    if sum(map(np.count_nonzero, linear)) < _FEWEST_TO_CENTRE:
        return
    from scipy import fft  # only here, as it is slow to import

    # How well lit pixels fall on lit ones when all are mirrored at a place, for all places, which
    # are half pixels apart.
    width = fft.next_fast_len(2 * size, real=True)
    matches = np.zeros((width, width))
    for pattern in linear:
        lit = (pattern > 0).astype(np.float32)
        transform = fft.rfft2(lit, (width, width))
        matches += fft.irfft2(transform**2, (width, width)) / max(lit.sum(), 1)
    if matches[size - 2 : size + 1, size - 2 : size + 1].max() >= _CENTRED * matches.max():
        return
    row, column = np.array(np.unravel_index(matches.argmax(), matches.shape)) / 2
    raise UserError(
        f"off centre: the pattern is symmetric about column {column:g}, row {row:g}, but the beam "
        f"meets the detector at {(size - 1) / 2:g}, {(size - 1) / 2:g}; move it there"
    )


def _linear(pattern: Levels, scale: GreyScale) -> NDArray[np.uint8]:
    """Return a pattern on the linear scale of 8 bits, to which limits belong."""
    eight: NDArray[np.uint8] = np.rint(255 * scale.shares(pattern)).astype(np.uint8)
    return eight


def _drawn_line(pattern: Levels, least: int) -> tuple[int, int] | None:
    """Return row and column of the first pixel of a line along rows or columns, if there is one."""
    for image, turned in ((pattern, False), (pattern.T, True)):
        padded = np.pad(image, ((1, 1), (0, 0)), mode="edge")
        runs = np.lib.stride_tricks.sliding_window_view(padded, _LINE, axis=1)
        low, high = runs.min(axis=2), runs.max(axis=2)
        beside = np.minimum(high[:-2], high[2:])
        level = low[1:-1]
        found = (level == high[1:-1]) & (level >= least) & (beside <= level // 2)
        if found.any():
            row, column = (int(place) for place in np.argwhere(found)[0])
            return (column, row) if turned else (row, column)
    return None
