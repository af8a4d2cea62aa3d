"""From the reflections of a powder to its diffractogram, and from that to an image.

A reflection becomes a pseudo-Voigt profile of unit area, whose full width at half maximum H follows
from the diffraction angle:

    instrument  H_G^2 = U tan^2 theta + V tan theta + W    Caglioti, Paoletti, Ricci (1958)
    size        H_L  += 0.9 wavelength / (size cos theta)   Scherrer (1918)
    strain      H_L  += 4 microstrain tan theta             Stokes, Wilson (1944)

The first is a Gaussian's and adds to the others as Thompson, Cox and Hastings, J. Appl. Cryst.
20:79 (1987) approximate a Voigt profile: H^5 = H_G^5 + 2.69269 H_G^4 H_L + 2.42843 H_G^3 H_L^2
+ 4.47163 H_G^2 H_L^3 + 0.07842 H_G H_L^4 + H_L^5. The share of the Lorentzian is a setting.

Lines of images are drawn as matplotlib's Agg does, from their exact outline (docs/powder.md).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from spacegrouper.techniques.powder.instrument import draw_instrument, sample_changes
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

LINE_WIDTH = 1.0  # of images, pixels

_K_ALPHA_RATIO = 1.5444 / 1.5406  # of the wavelengths of copper, K-alpha 2 over K-alpha 1
_SCHERRER = 0.9
_REACH = 30.0  # full widths at half maximum, from where a Lorentzian's tails are cut
_LEAST_TAIL = 1e-4  # of the highest peak, of tails in training, where noise hides them
_GAUSSIAN_REACH = 3.0  # of the Gaussian, which is 1e-11 of its maximum there
_SAMPLES = 3  # least number of samples in a full width at half maximum
_TOP = 1.05  # of the image; the highest peak is 1
# As Agg joins the parts of a line: how far edges of the inner side are cut where they meet, and the
# largest distance of a round corner's polygon from its arc, of which nearly flat ones have none.
_INNER_MITER = 1.01  # radii
_ARC_ERROR = 0.125  # pixels
_FLAT_ARC = 1 / 1024  # radii


def diffractograms(
    sticks: NDArray[np.uint16],
    powder: Powder,
    profile: Diffractogram,
    points: int,
    augment: Augment | None,
    generators: Sequence[np.random.Generator],
) -> NDArray[np.float32]:
    """Return the diffractograms of crystals, (n, points), the highest point of each 1.

    `sticks`: (n, angles), integrated intensities at the steps of `powder`; the points are evenly
    spaced over powder.two_theta, both ends included, and each is the mean over its interval, as a
    detector counts. A generator is used only for noise and augmentation; it may then go on to
    augment_images. Sticks that are all 0 give a diffractogram of 0.
    """
    found = np.empty((len(sticks), points), dtype=np.float32)
    instruments = augment is not None and augment.draws_instruments
    for row, (values, generator) in enumerate(zip(sticks, generators, strict=True)):
        found[row] = _diffractogram(
            values, powder, profile, points, augment, generator, draws_instruments=instruments
        )
    return found


def shown_curves(
    diffractograms: NDArray[np.float32], powder: Powder, profile: Diffractogram
) -> NDArray[np.float32]:
    """Return what a network sees of diffractograms (n, points), the highest point of each 1.

    What is broader than `profile.baseline` is subtracted: the opening of the curve, its lowest
    point in a window and then the highest of those (Sonneveld, Visser, J. Appl. Cryst. 8:1 (1975)
    subtract as much, by iteration).
    """
    found = diffractograms
    if profile.baseline is not None:
        first, last = powder.two_theta
        window = 1 + round(profile.baseline / (last - first) * (found.shape[1] - 1))
        found = found - grey_opening(found, size=(1, window), mode="nearest")
        found /= np.maximum(found.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    if profile.scale == "square_root":
        found = np.sqrt(found)
    return found


def draw_images(
    diffractograms: NDArray[np.float32], size: int, line_width: float = LINE_WIDTH
) -> NDArray[np.uint8]:
    """Draw diffractograms (n, points), 0 to 1, as a white line on black; (n, size, size).

    The line, `line_width` pixels wide, runs over the whole width; the image is 1.05 high.
    """
    images = np.empty((len(diffractograms), size, size), dtype=np.uint8)
    for image, heights in zip(images, diffractograms, strict=True):
        _draw(image, heights * (size / _TOP), line_width / 2)
    return images


def augment_images(
    images: NDArray[np.uint8], augment: Augment, generators: Sequence[np.random.Generator]
) -> NDArray[np.uint8]:
    """Rotate images (n, size, size) about their centres, then change their contrast.

    Rotation interpolates linearly, what comes in from outside is black; contrast multiplies the
    differences from the image's mean grey level.
    """
    changed = np.empty_like(images)
    for row, (image, generator) in enumerate(zip(images, generators, strict=True)):
        turn = np.radians(augment.rotation * generator.uniform(-1, 1))
        factor = 1 + augment.contrast * generator.uniform(-1, 1)
        _turn(changed[row], image, np.cos(turn), np.sin(turn))
        if factor != 1:
            mean = changed[row].mean()
            grey = mean + factor * (changed[row] - mean)
            changed[row] = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return changed


def _diffractogram(
    sticks: NDArray[np.uint16],
    powder: Powder,
    profile: Diffractogram,
    points: int,
    augment: Augment | None,
    generator: np.random.Generator,
    *,
    draws_instruments: bool,
) -> NDArray[np.float64]:
    """Return the diffractogram of a crystal, (points,)."""
    (steps,) = np.nonzero(sticks)
    area = sticks[steps].astype(np.float64)
    theta = np.radians(powder.two_theta[0] + powder.step * steps) / 2
    shifts = [0.0, 0.0, 0.0]
    instrument = None
    if augment is not None:
        # All are drawn, so that one setting does not change the random numbers of the others.
        area *= np.exp(augment.peak_area * generator.standard_normal(steps.size))
        strain, *shifts = generator.uniform(-1, 1, 4) * (
            augment.strain,
            augment.step,
            augment.sample_displacement,
            augment.zero_shift,
        )
        if draws_instruments:
            random = generator.spawn(1)[0]  # leaves the generator's own numbers as they are
            instrument = draw_instrument(profile, augment, points, random)
            theta, area = sample_changes(theta, area, powder, augment, random)
            profile = instrument.profile
        theta = _bragg(theta, 1 / (1 + strain))
    if profile.k_alpha_2 > 0:
        theta = np.concatenate([theta, _bragg(theta, _K_ALPHA_RATIO)])
        area = np.concatenate([area, profile.k_alpha_2 * area])
    real = np.isfinite(theta)  # strain or K-alpha 2 may leave no angle
    theta, area = theta[real], area[real]
    width = _width(theta, powder, profile)
    if instrument is not None:
        width *= instrument.width
    position = _shifted(theta, powder, *shifts)

    first, last = powder.two_theta
    spacing = (last - first) / (points - 1)
    narrowest = width.min(initial=np.inf)
    samples = max(1, int(np.ceil(_SAMPLES * spacing / narrowest)))
    fine: NDArray[np.float64] = np.zeros(points * samples)
    begin = first + spacing * (0.5 / samples - 0.5)
    least = 0.0 if instrument is None else _LEAST_TAIL * (area / width).max(initial=0)
    _add_profiles(fine, begin, spacing / samples, position, area, width, profile.lorentzian, least)
    found: NDArray[np.float64] = fine.reshape(points, samples).mean(axis=1)
    if not found.any():
        return found
    found = found / found.max() + profile.background
    if instrument is not None:
        found += instrument.background
        if profile.counts is not None:
            # As many photons scatter nearly so, and these numbers take a tenth of the time.
            noise = generator.standard_normal(points, dtype=np.float32)
            found = np.maximum(found + np.sqrt(found / profile.counts) * noise, 0)
        found *= instrument.measured
    elif profile.counts is not None:
        found = generator.poisson(found * profile.counts).astype(np.float64)
    # Of few counts none may be left.
    return found / found.max() if found.any() else found


def _bragg(theta: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Return the angles, radians, for so many times the wavelength over spacing; or NaN."""
    sin = ratio * np.sin(theta)
    angle: NDArray[np.float64] = np.arcsin(np.where(sin < 1, sin, np.nan))
    return angle


def _shifted(
    theta: NDArray[np.float64], powder: Powder, step: float, displacement: float, zero: float
) -> NDArray[np.float64]:
    """Return the angles 2 theta, degrees, at which the diffractometer finds reflections."""
    first = powder.two_theta[0]
    true: NDArray[np.float64] = np.degrees(2 * theta)
    return first + (true - first) * (1 + step) + displacement * np.cos(theta) + zero


def _width(
    theta: NDArray[np.float64], powder: Powder, profile: Diffractogram
) -> NDArray[np.float64]:
    """Return full widths at half maximum, degrees 2 theta, of the module's docstring.

    No narrower than the step of the angles.
    """
    u, v, w = profile.caglioti
    tan = np.tan(theta)
    gaussian = np.sqrt(np.maximum(u * tan**2 + v * tan + w, 0))
    lorentzian = 4 * profile.microstrain * tan
    if profile.crystallite_size is not None:
        size = profile.crystallite_size * 1e-9
        lorentzian += _SCHERRER * powder.wavelength / (size * np.cos(theta))
    lorentzian = np.degrees(lorentzian)
    fifth_power = (
        gaussian**5
        + 2.69269 * gaussian**4 * lorentzian
        + 2.42843 * gaussian**3 * lorentzian**2
        + 4.47163 * gaussian**2 * lorentzian**3
        + 0.07842 * gaussian * lorentzian**4
        + lorentzian**5
    )
    width: NDArray[np.float64] = np.maximum(fifth_power**0.2, powder.step)
    return width


@njit(cache=True, nogil=True)
def _add_profiles(
    values: Any,
    begin: float,
    spacing: float,
    position: Any,
    area: Any,
    width: Any,
    share: float,
    least: float,
) -> None:
    """Add pseudo-Voigt profiles to values at begin + spacing, begin + 2 spacing ...

    A Lorentzian's tails end after 30 widths, or where they are below `least`.
    """
    ln_2 = np.log(2.0)
    for peak in range(position.size):
        half = width[peak] / 2
        lorentzian = share * area[peak] / (np.pi * half)
        gaussian = (1 - share) * area[peak] * np.sqrt(ln_2 / np.pi) / half
        place = (position[peak] - begin) / spacing
        unit = spacing / half
        far = 2 * _REACH
        if least > 0:
            far = min(far, np.sqrt(max(lorentzian / least - 1, 0.0)))
        reach = far / unit
        if place + 2 * _REACH / unit < 0 or place - 2 * _REACH / unit > values.size - 1:
            continue
        start = int(max(np.ceil(place - reach), 0))
        stop = int(min(np.floor(place + reach), values.size - 1)) + 1
        for point in range(start, stop):
            offset = (point - place) * unit
            values[point] += lorentzian / (1 + offset * offset)
        reach = 2 * _GAUSSIAN_REACH / unit
        start = int(max(np.ceil(place - reach), 0))
        stop = int(min(np.floor(place + reach), values.size - 1)) + 1
        for point in range(start, stop):
            offset = (point - place) * unit
            values[point] += gaussian * np.exp(-ln_2 * offset * offset)


@njit(cache=True, nogil=True)
def _draw(image: Any, heights: Any, radius: float) -> None:
    """Draw the line of heights (points,), pixels, over the width of an image (size, size).

    The outline runs along the upper side of the line, and back along the lower one.
    """
    size = len(image)
    spacing = size / (len(heights) - 1)
    # Of each row, what the coverage of a pixel has more than that of its left neighbour.
    changes = np.zeros((size, size + 1))
    last = len(heights) - 1
    # Both ends lie outside the image; the left one counts, as it is where pixels become covered.
    _add_edge(changes, -radius, heights[0] - radius, -radius, heights[0] + radius)
    for side in (1, -1):
        # Rightwards above the line, leftwards below it.
        first = 0 if side == 1 else last
        x, y = first * spacing - side * radius, heights[first] + side * radius
        for step in range(1, last):
            middle = first + side * step
            before = heights[middle] - heights[middle - side]
            after = heights[middle + side] - heights[middle]
            x, y = _join(
                changes,
                x,
                y,
                middle * spacing,
                heights[middle],
                side * spacing,
                before,
                after,
                radius,
            )
        end = last - first
        _add_edge(changes, x, y, end * spacing + side * radius, heights[end] + side * radius)
    for row in range(size):
        covered = 0.0
        for column in range(size):
            covered += changes[size - 1 - row, column]
            # Where the line overlaps itself, Agg adds up what is covered, to no more than all.
            image[row, column] = int(min(abs(covered), 1.0) * 255 + 0.5)


@njit(cache=True, nogil=True)
def _join(
    changes: Any,
    x: float,
    y: float,
    corner_x: float,
    corner_y: float,
    across: float,
    before: float,
    after: float,
    radius: float,
) -> Any:
    """Add the outline on the left of a corner, from (x, y) on; return the point that it reaches.

    `across`: both parts of the line in x; `before`, `after`: the parts in y.
    """
    length_before, length_after = np.hypot(across, before), np.hypot(across, after)
    # Unit vectors to the left of both parts.
    x_1, y_1 = -before / length_before, across / length_before
    x_2, y_2 = -after / length_after, across / length_after
    turn = np.arctan2(x_1 * y_2 - y_1 * x_2, x_1 * x_2 + y_1 * y_2)
    miter = 1 / np.cos(turn / 2)
    if turn > 0:
        # The inner side: the edges are cut where they meet, unless they are too short for that.
        cut = miter <= max(min(length_before, length_after) / radius, _INNER_MITER)
        points = 0
    else:
        cut = 1 - 1 / miter < _FLAT_ARC
        points = int(-turn / (2 * np.arccos(radius / (radius + _ARC_ERROR))))
    if cut:
        scale = radius * miter / np.hypot(x_1 + x_2, y_1 + y_2)
        next_x, next_y = corner_x + scale * (x_1 + x_2), corner_y + scale * (y_1 + y_2)
        _add_edge(changes, x, y, next_x, next_y)
        return next_x, next_y
    for point in range(points + 2):
        angle = turn * point / (points + 1)
        cos, sin = np.cos(angle), np.sin(angle)
        next_x = corner_x + radius * (cos * x_1 - sin * y_1)
        next_y = corner_y + radius * (sin * x_1 + cos * y_1)
        _add_edge(changes, x, y, next_x, next_y)
        x, y = next_x, next_y
    return x, y


@njit(cache=True, nogil=True)
def _add_edge(changes: Any, x: float, y: float, end_x: float, end_y: float) -> None:
    """Add the part of each pixel to the right of an edge: downwards positive, upwards negative.

    `changes`: (size, size + 1), row 0 at y = 0. Summed over a closed outline, this is the part
    of a pixel that is inside, as often as the outline runs around it.
    """
    if y == end_y:
        return
    direction = 1.0
    if y > end_y:
        x, y, end_x, end_y, direction = end_x, end_y, x, y, -1.0
    size = len(changes)
    slope = (end_x - x) / (end_y - y)
    for row in range(max(int(np.floor(y)), 0), min(int(np.ceil(end_y)), size)):
        bottom, top = max(y, float(row)), min(end_y, row + 1.0)
        one, other = x + slope * (bottom - y), x + slope * (top - y)
        left, right = max(min(one, other), 0.0), min(max(one, other), float(size))
        left, right = min(left, float(size)), max(right, 0.0)
        part = direction * (top - bottom)
        before, before_that = 0.0, 0.0
        for column in range(int(left), min(int(right) + 1, size) + 1):
            # The mean of what is right of the edge, of x from 0 to the end of this column.
            reached = column + 1.0
            if reached < right:
                until = (reached - left) ** 2 / (2 * (right - left))
            else:
                until = reached - (left + right) / 2
            changes[row, column] += part * (until - 2 * before + before_that)
            before, before_that = until, before


@njit(cache=True, nogil=True)
def _turn(turned: Any, image: Any, cos: float, sin: float) -> None:
    """Turn an image (size, size) counter-clockwise about its centre."""
    size = len(image)
    centre = (size - 1) / 2
    for row in range(size):
        for column in range(size):
            across, down = column - centre, row - centre
            x = centre + cos * across - sin * down
            y = centre + sin * across + cos * down
            left, top = int(np.floor(x)), int(np.floor(y))
            grey = 0.0
            for j in range(top, top + 2):
                for i in range(left, left + 2):
                    if 0 <= i < size and 0 <= j < size:
                        grey += image[j, i] * (1 - abs(x - i)) * (1 - abs(y - j))
            turned[row, column] = int(grey + 0.5)
