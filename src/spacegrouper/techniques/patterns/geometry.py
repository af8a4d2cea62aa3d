"""Where the pixels of a flat detector lie on the Ewald sphere, and how a view turns the crystal."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.settings import Simulate, View

METRES_PER_ANGSTROM = 1e-10


@dataclass(frozen=True)
class Detector:
    """The pixels of a detector with n x n of them, row by row.

    `s`: (3, n * n) scattering vectors, 1/Angstrom, in the laboratory frame: beam along +z,
    columns along +x, rows along +y. `obliquity`: (n * n,) the factor (D / L)^3 by which a pixel
    farther from the crystal, and seen at an angle, catches less. `open`: (n * n,) whether a pixel
    records anything.
    """

    s: NDArray[np.float64]
    obliquity: NDArray[np.float64]
    open: NDArray[np.bool_]


def make_detector(settings: Simulate) -> Detector:
    """Place the pixel centres on the Ewald sphere; for an even n none lies on s = 0."""
    distance = settings.detector_distance
    from_centre = np.arange(settings.pixels) - (settings.pixels - 1) / 2
    rows, columns = (axis.ravel() for axis in np.meshgrid(from_centre, from_centre, indexing="ij"))
    x, y = columns * settings.pixel_size, rows * settings.pixel_size
    length = np.sqrt(x**2 + y**2 + distance**2)
    # D / L - 1, written so that nothing cancels near the beam
    along_beam = -(x**2 + y**2) / (length * (length + distance))
    if settings.ewald_sphere == "flat":
        along_beam[:] = 0
    wavelength = settings.wavelength / METRES_PER_ANGSTROM
    radius = np.hypot(rows, columns)
    unstopped = (radius > settings.beam_stop) | (settings.beam_stop == 0)
    return Detector(
        s=np.stack([x / length, y / length, along_beam]) / wavelength,
        obliquity=(distance / length) ** 3,
        open=unstopped & (radius < (settings.aperture or np.inf)),
    )


def scattering_components(
    rows: NDArray[np.float64], columns: NDArray[np.float64], settings: Simulate
) -> NDArray[np.float64]:
    """Return the components of s along x and y at places of the detector, 1/Angstrom.

    `rows`, `columns`: (n,), in pixels, which need not be whole; returns (n, 2).
    """
    middle = (settings.pixels - 1) / 2
    scale = settings.pixel_size / settings.detector_distance
    tangents = scale * (np.stack([columns, rows], axis=1) - middle)
    length = np.sqrt(1 + np.sum(tangents**2, axis=1, keepdims=True))
    found: NDArray[np.float64] = tangents / length / (settings.wavelength / METRES_PER_ANGSTROM)
    return found


def detector_places(components: NDArray[np.float64], settings: Simulate) -> NDArray[np.float64]:
    """Return the rows and columns, (n, 2), in pixels, where s has components along x and y, (n, 2).

    The inverse of `scattering_components`; what no beam is scattered to is infinitely far off.
    """
    sines = components * (settings.wavelength / METRES_PER_ANGSTROM)
    cosine = np.sqrt(np.maximum(1 - np.sum(sines**2, axis=1, keepdims=True), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        tangents = np.where(cosine > 0, sines / cosine, np.inf)
    scale = settings.pixel_size / settings.detector_distance
    places: NDArray[np.float64] = tangents[:, ::-1] / scale + (settings.pixels - 1) / 2
    return places


def reach(settings: Simulate) -> float:
    """Return the component of s across the beam at the middle of an edge, 1/Angstrom."""
    edge = settings.pixels / 2 * settings.pixel_size / settings.detector_distance
    return float(edge / np.hypot(1, edge) / (settings.wavelength * 1e10))


def rotation_matrices(view: View) -> NDArray[np.float64]:
    """Return the right-handed turns r -> R r of a view, (angles, 3, 3)."""
    return np.stack([_rotation_matrix(view.axis, angle) for angle in view.angles])


def _rotation_matrix(axis: str, angle: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = cosine
    rotation[first, second], rotation[second, first] = -sine, sine
    return rotation
