"""From the reflections of a powder to its diffractogram, and to what a network sees of it.

A reflection becomes a pseudo-Voigt profile of unit area, whose full width at half maximum H follows
from the diffraction angle:

    instrument  H_G^2 = U tan^2 theta + V tan theta + W    Caglioti, Paoletti, Ricci (1958)
    size        H_L  += 0.9 wavelength / (size cos theta)   Scherrer (1918)
    strain      H_L  += 4 microstrain tan theta             Stokes, Wilson (1944)

The first is a Gaussian's and adds to the others as Thompson, Cox and Hastings, J. Appl. Cryst.
20:79 (1987) approximate a Voigt profile: H^5 = H_G^5 + 2.69269 H_G^4 H_L + 2.42843 H_G^3 H_L^2
+ 4.47163 H_G^2 H_L^3 + 0.07842 H_G H_L^4 + H_L^5. The share of the Lorentzian is a setting.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from spacegrouper.techniques.powder.instrument import draw_instrument, sample_changes
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

_K_ALPHA_RATIO = 1.5444 / 1.5406  # of the wavelengths of copper, K-alpha 2 over K-alpha 1
_SCHERRER = 0.9
_REACH = 30.0  # full widths at half maximum, from where a Lorentzian's tails are cut
_LEAST_TAIL = 1e-4  # of the highest peak, of tails in training, where noise hides them
_GAUSSIAN_REACH = 3.0  # of the Gaussian, which is 1e-11 of its maximum there
_SAMPLES = 3  # least number of samples in a full width at half maximum


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
    the images. Sticks that are all 0 give a diffractogram of 0.
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
    width = profile_widths(theta, powder, profile)
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


def profile_widths(
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
