"""A diffractogram as an instrument measured it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.intensities import above_zero
from spacegrouper.techniques.powder.measured.radiation import NOT_FILLED_IN

FEWEST_POINTS = 100
LARGEST_STEP = 0.25  # degrees: coarser ones step over peaks
_GAP = 0.5  # degrees: wider than a peak with its flanks, so that one may be missing
_ROUNDING = 1e-6  # degrees
_WAVELENGTHS = (0.05, 10.0)  # Angstrom, of any diffractometer


@dataclass(frozen=True, eq=False)
class Scan:
    """Intensities over the diffraction angle.

    Args:
        two_theta: (n,), degrees.
        intensity: (n,), in any unit.
        wavelength: Angstrom; none, 0 or NaN where the file does not say it.
        scans: how many of the same angles were added up.
        unclear: the words of the file that speak of a wavelength and are not understood, or "".
        ends_only: whether the file says the first and the last angle and not how many there are.
        raised: what was added to the intensities, so that none is below 0.
    """

    two_theta: NDArray[np.float64]
    intensity: NDArray[np.float64]
    wavelength: float | None = None
    scans: int = 1
    unclear: str = ""
    ends_only: bool = False
    raised: float = 0.0


def gaps(two_theta: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell between which ascending angles (n,) nothing was measured, (n - 1,).

    That is where a peak may be missing: in a long step, or in several that are coarse. A few points
    that were left out, in one step that is not so long, are no gap.
    """
    steps = np.diff(two_theta)
    coarse = steps > LARGEST_STEP + _ROUNDING
    beside = np.concatenate([[False], coarse[:-1]]) | np.concatenate([coarse[1:], [False]])
    found: NDArray[np.bool_] = (steps > _GAP + _ROUNDING) | (coarse & beside)
    return found


def one_scan(scans: Sequence[Scan]) -> Scan:
    """Add up scans of the same angles.

    Raises:
        UserError: they are of several, or there is none.
    """
    if not scans:
        raise UserError("holds no scan of 2 theta; export that of the powder as .xy")
    first = scans[0]
    for scan in scans[1:]:
        if not np.array_equal(scan.two_theta, first.two_theta):
            raise UserError(
                f"holds {len(scans)} scans of different angles; export one of them as .xy"
            )
    return replace(
        first, intensity=np.sum([scan.intensity for scan in scans], axis=0), scans=len(scans)
    )


def checked(scan: Scan) -> Scan:
    """Return a scan with ascending angles, nothing below 0, whose wavelength is one or None.

    Raises:
        UserError: it can be no diffractogram, or its wavelength none.
    """
    angles, intensity = scan.two_theta, scan.intensity
    if angles.size < FEWEST_POINTS:
        raise UserError(
            f"holds {angles.size} point{'s' * (angles.size != 1)}, but a diffractogram has at "
            f"least {FEWEST_POINTS}; give the whole scan"
        )
    if not (np.isfinite(angles).all() and np.isfinite(intensity).all()):
        raise UserError("has values that are no finite numbers; mend or leave out those points")
    if angles[0] > angles[-1]:
        angles, intensity = angles[::-1], intensity[::-1]
    steps = np.diff(angles)
    if steps.min() <= 0:
        place = int(steps.argmin())
        raise UserError(
            f"the angles do not ascend: {angles[place + 1]:g} degrees follow "
            f"{angles[place]:g}; give one scan, its angles in the first column"
        )
    if angles[0] < 0 or angles[-1] >= 180:
        raise UserError(
            f"its angles are {angles[0]:g} to {angles[-1]:g}, but 2 theta lies between 0 and 180 "
            "degrees; give angles, not spacings or channels"
        )
    if np.median(steps) > LARGEST_STEP + _ROUNDING:
        raise UserError(
            f"its step of {np.median(steps):g} degrees passes over peaks; measure steps of "
            f"{LARGEST_STEP:g} degrees at most"
        )
    intensity, raised = above_zero(angles, intensity)
    return replace(
        scan,
        two_theta=angles,
        intensity=intensity,
        raised=raised,
        wavelength=_checked_wavelength(scan.wavelength),
    )


def _checked_wavelength(stated: float | None) -> float | None:
    if stated is None or math.isnan(stated) or stated in NOT_FILLED_IN:
        return None
    least, most = _WAVELENGTHS
    if not least <= stated <= most:
        raise UserError(
            f"states a wavelength of {stated:g} Angstrom, and not one of {least:g} to {most:g}; "
            "mend the file, or export it as .xy and give --wavelength"
        )
    return stated
