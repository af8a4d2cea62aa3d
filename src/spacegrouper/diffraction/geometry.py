"""Where the pixels of a flat detector lie on the Ewald sphere, and how a view turns the crystal."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.config.sections import Simulate, View

METRES_PER_ANGSTROM = 1e-10


@dataclass(frozen=True)
class Detector:
    """The pixels of a detector with n x n of them, row by row.

    `s`: (n * n, 3) scattering vectors, 1/Angstrom, in the laboratory frame: beam along +z,
    columns along +x, rows along +y. `obliquity`: (n * n,) the factor (D / L)^3 by which a pixel
    farther from the crystal, and seen at an angle, catches less.
    """

    s: NDArray[np.float64]
    obliquity: NDArray[np.float64]


def make_detector(settings: Simulate) -> Detector:
    """Place the pixel centres on the (curved) Ewald sphere; for an even n none lies on s = 0."""
    distance = settings.detector_distance
    offsets = (np.arange(settings.pixels) - (settings.pixels - 1) / 2) * settings.pixel_size
    y, x = (axis.ravel() for axis in np.meshgrid(offsets, offsets, indexing="ij"))
    length = np.sqrt(x**2 + y**2 + distance**2)
    # D / L - 1, written so that nothing cancels near the beam
    along_beam = -(x**2 + y**2) / (length * (length + distance))
    wavelength = settings.wavelength / METRES_PER_ANGSTROM
    s = np.stack([x / length, y / length, along_beam], axis=1) / wavelength
    return Detector(s=s, obliquity=(distance / length) ** 3)


def rotation_matrix(view: View) -> NDArray[np.float64]:
    """Return the right-handed turn r -> R r of a view, (3, 3)."""
    cosine, sine = math.cos(math.radians(view.angle)), math.sin(math.radians(view.angle))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[view.axis]
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = cosine
    rotation[first, second], rotation[second, first] = -sine, sine
    return rotation
