"""What tells a measured diffractogram from a computed one, drawn at random for training.

Sample and instrument change the areas of peaks (texture, thermal motion, other substances), their
shape, what lies below them, and which angles are measured. Ranges are settings of `augment`; values
follow from a generator alone. docs/powder.md says why each is as it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

_ORDERS = 8  # of the lattice plane that lies in the sample's surface
_SAME_SPACING = 1e-3  # relative: reflections of one plane are at n / d
_LOW_PLANES = 6  # the plane is one of so many of the widest spacing: crystals cleave along those
_STRANGE_PEAKS = 4


@dataclass(frozen=True)
class Instrument:
    """One sample in one diffractometer.

    Args:
        profile: the shape of its peaks, how much K-alpha 2, and its counts.
        width: factor of the peaks' widths.
        background: (points,), relative to the highest peak.
        measured: (points,), where it measures.
    """

    profile: Diffractogram
    width: float
    background: NDArray[np.float64]
    measured: NDArray[np.bool_]


def draw_instrument(
    profile: Diffractogram, augment: Augment, points: int, random: np.random.Generator
) -> Instrument:
    """Draw an instrument and the background of a sample in it."""
    # All are drawn, so that one setting does not change the random numbers of the others.
    width, lorentzian = random.uniform(-1, 1, 2)
    weaker, fewer = random.uniform(0, 1, 2)
    changes = {
        "lorentzian": float(np.clip(profile.lorentzian + augment.lorentzian * lorentzian, 0, 1)),
        "k_alpha_2": profile.k_alpha_2 * (1 - augment.k_alpha_2 * weaker),
        "counts": profile.counts and profile.counts / augment.fewer_counts**fewer,
    }
    place = np.linspace(0, 1, points)
    parts = random.dirichlet((1, 1, 1)) * augment.background * random.uniform() ** 2
    fall, centre, breadth = random.uniform((0.02, 0.1, 0.04), (0.3, 0.4, 0.15))
    background = (
        parts[0]
        + parts[1] * np.exp(-place / fall)
        + parts[2] * np.exp(-(((place - centre) / breadth) ** 2))
    )
    # Half of all instruments measure the whole range.
    first, last = augment.cut * np.maximum(random.uniform(-1, 1, 2), 0)
    measured = (place >= first) & (place <= 1 - last)
    return Instrument(
        profile.model_copy(update=changes),
        float(np.exp(augment.width * width)),
        background,
        measured,
    )


def sample_changes(
    theta: NDArray[np.float64],
    area: NDArray[np.float64],
    powder: Powder,
    augment: Augment,
    random: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return angles theta (m,), radians, and areas as a sample shows them, other substances too.

    Equivalent reflections lie at one angle, so texture that changes a peak changes all of them
    alike.
    """
    sin = np.sin(theta)
    spread, thermal, plane, factor = random.uniform(0, 1, 4)
    area = area * np.exp(augment.texture * spread**2 * random.standard_normal(area.size))
    # The factor of half of all samples is 1.
    factor = np.exp(3 * augment.texture * max(2 * factor - 1, 0))
    if area.size:
        order = sin / sin[int(plane * min(_LOW_PLANES, area.size))]
        nearest = np.rint(order)
        of_plane = (np.abs(order - nearest) < _SAME_SPACING * order) & (nearest <= _ORDERS)
        area[of_plane & (nearest > 0)] *= factor
        wavelength = powder.wavelength * 1e10
        area *= np.exp(-2 * augment.debye_waller * thermal * (sin / wavelength) ** 2)
    places = random.uniform(0, 1, _STRANGE_PEAKS)
    heights = augment.impurity * random.uniform(-1, 1, _STRANGE_PEAKS)
    if augment.impurity > 0 and area.size:
        first, last = np.radians(powder.two_theta) / 2
        strange = first + (last - first) * places[heights > 0]
        theta = np.concatenate([theta, strange])
        area = np.concatenate([area, area.max() * heights[heights > 0]])
    return theta, area
