"""From a measured scan to the points at which a network sees diffractograms."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.contract.measured_files import Measured
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.known.peaks import fine_points
from spacegrouper.techniques.powder.measured.doublets import without_second_line
from spacegrouper.techniques.powder.measured.intensities import check_peaks
from spacegrouper.techniques.powder.measured.peak_widths import width_warning
from spacegrouper.techniques.powder.measured.radiation import looks_like_nm
from spacegrouper.techniques.powder.measured.scan import LARGEST_STEP, Scan, gaps
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

_LEAST_COVERED = 0.5  # of the network's range
_SAME_WAVELENGTH = 0.002  # relative: K-alpha 1, and its mean with K-alpha 2
_LEAST_OVERLAP = 1e-6  # of an interval, to be measured: less is rounding
_NAMED_GAPS = 3
_NO_ANGLES = 20.0  # degrees: lattice spacings, scattering vectors and radians end below


def measured_for_network(
    scan: Scan, name: str, presentation: Presentation, wavelength: float | None
) -> Measured:
    """Return a scan as a network is shown it, with what was done to it.

    Raises:
        UserError: as `on_network_axis`, or nothing rises above the noise.
    """
    composer: Any = DESCRIPTORS[presentation.descriptor].composer(presentation)
    powder = Powder.model_validate(presentation.made_with["powder"])
    profile = Diffractogram.model_validate(presentation.sections["diffractogram"])
    used, _, _ = _wavelength(scan, powder.wavelength * 1e10, wavelength)
    intensity, second_line = without_second_line(scan.two_theta, scan.intensity, used)
    scan = replace(scan, intensity=intensity)
    curve, _, notes = on_network_axis(scan, powder, composer.points, wavelength)
    # Last, as there may be no peak because angles are none, or were left out.
    check_peaks(scan.two_theta, scan.intensity)
    background = "the background is left as it is"
    if profile.baseline is not None and presentation.descriptor == "diffractogram":
        background = f"what is broader than {profile.baseline:g}° was subtracted, as in training"
    (inputs,) = composer.shown(curve[None])
    # As finely as peaks are found, for the comparison with known crystals.
    finely, inside, _ = on_network_axis(scan, powder, fine_points(powder), wavelength)
    finely = np.where(inside, finely, np.nan)
    augment = Augment.model_validate(presentation.sections["augment"])
    return Measured(
        name,
        {"measured": curve, "measured finely": finely},
        (inputs[0],),
        (*notes, *filter(None, [second_line]), background),
        differs=width_warning(finely, powder, profile, augment),
    )


def on_network_axis(
    scan: Scan, powder: Powder, points: int, wavelength: float | None
) -> tuple[NDArray[np.float32], NDArray[np.bool_], tuple[str, ...]]:
    """Bring a scan to evenly spaced points over the range of a network's data.

    Angles are those at which the lattice spacings are seen with the network's wavelength; a point
    is the mean over its interval, as a detector counts.

    Args:
        scan: as measured.
        powder: what the network's data were simulated with.
        points: of a diffractogram.
        wavelength: Angstrom, where the user says it.

    Returns:
        The diffractogram (points,), the highest point 1; which points were measured, (points,); and
        what was done, for the answer.

    Raises:
        UserError: wavelengths contradict each other, or the range covers too little.
    """
    own = powder.wavelength * 1e10
    used, said, hint = _wavelength(scan, own, wavelength)
    notes = [f"wavelength {used:g} Å, {said}"]
    if scan.scans > 1:
        notes.append(f"{scan.scans} scans of the same angles added")
    if scan.ends_only:
        step = abs(scan.two_theta[1] - scan.two_theta[0])
        notes.append(
            f"angles spread evenly over the {scan.two_theta.size} points, {step:.4g}° apart, as "
            "the file says the first and the last, and not how many; if it lacks some, all are "
            "wrong"
        )
    if scan.raised:
        notes.append(
            f"intensities raised by {scan.raised:g}, as some are below 0; give them without the "
            "background subtracted if you can"
        )
    # Angles that no crystal spacing reaches with the network's wavelength are left out.
    sin = np.sin(np.radians(scan.two_theta / 2)) * own / used
    reached = sin < 1
    if not reached.any():
        widest = used / 2 / np.sin(np.radians(scan.two_theta[0] / 2))
        raise UserError(
            f"shows lattice spacings below {widest:.4g} Angstrom, which are not seen at the "
            f"network's wavelength, {own:g} Angstrom; measure lower angles, or give the right "
            f"--wavelength{hint}"
        )
    angles = np.degrees(2 * np.arcsin(sin[reached]))
    intensity = scan.intensity[reached]
    first, last = powder.two_theta
    spacing = (last - first) / (points - 1)
    edges = first + spacing * (np.arange(points + 1) - 0.5)
    gap = gaps(scan.two_theta)
    widths = np.where(gap[: angles.size - 1], 0, np.diff(angles))
    covered = np.diff(np.interp(edges, angles, _running_sums(widths)))
    inside = covered > _LEAST_OVERLAP * spacing
    if inside.mean() < _LEAST_COVERED:
        if scan.two_theta[-1] < _NO_ANGLES and not hint:
            hint = "; or its first column is not 2 theta in degrees"
        with_gaps = f" with gaps or steps above {LARGEST_STEP:g} degrees" if gap.any() else ""
        raise UserError(
            f"covers {angles[0]:.4g} to {angles[-1]:.4g} degrees{with_gaps} at {own:g} Angstrom, "
            f"less than half of the {first:g} to {last:g} degrees that the network was trained on; "
            f"measure more, or give the right --wavelength{hint}"
        )
    areas = (intensity[1:] + intensity[:-1]) / 2 * widths
    found = np.diff(np.interp(edges, angles, _running_sums(areas)))
    found = np.where(inside, found / np.where(inside, covered, 1), 0)
    if found.max() <= 0:
        raise UserError(
            f"has no intensity between {first:g} and {last:g} degrees, which the network sees"
        )
    notes.append(
        f"resampled from {scan.two_theta.size} points, {scan.two_theta[0]:.4g} to "
        f"{scan.two_theta[-1]:.4g}°, to {points}, {first:g} to {last:g}°"
        + (f" at {own:g} Å" if abs(used / own - 1) > _SAME_WAVELENGTH else "")
    )
    if gap.any():
        notes.append(_gap_note(scan.two_theta, gap))
    if not inside.all():
        share = 100 * (1 - inside.mean())
        words = f"{share:.0f}" if share >= 0.5 else "less than 1"
        notes.append(f"{words} % of the range not measured, shown as 0")
    return (found / found.max()).astype(np.float32), inside, tuple(notes)


def _wavelength(scan: Scan, own: float, given: float | None) -> tuple[float, str, str]:
    """Return the wavelength of a scan, Angstrom, who says it, and what may be wrong with it.

    Args:
        scan: as measured.
        own: of the network's data.
        given: by the user.

    Raises:
        UserError: file and user contradict each other.
    """
    known = scan.wavelength
    in_nm = known is not None and looks_like_nm(known)
    if known and given and in_nm and abs(10 * known / given - 1) <= _SAME_WAVELENGTH:
        known = None
    if known and given and abs(known / given - 1) > _SAME_WAVELENGTH:
        raise UserError(
            f"was measured at {known:g} Angstrom as the file says, but --wavelength is "
            f"{given:g}; leave the option out, or mend the file"
        )
    used = given or known or own
    if given:
        said = "as given"
    elif known:
        said = "as the file says"
    elif scan.unclear:
        said = f"assumed, as what the file says of it is not understood: {scan.unclear!r}"
    else:
        said = "assumed, as nothing says it"
    hint = ""
    if in_nm and not given:
        hint = f"; {used:g} Angstrom looks like nm, which would be --wavelength {10 * used:g}"
    return used, said, hint


def _running_sums(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0], np.cumsum(parts)])


def _gap_note(two_theta: NDArray[np.float64], gap: NDArray[np.bool_]) -> str:
    # Steps side by side are one gap.
    first = np.flatnonzero(gap & ~np.concatenate([[False], gap[:-1]]))
    last = np.flatnonzero(gap & ~np.concatenate([gap[1:], [False]])) + 1
    named = [
        f"{two_theta[start]:.4g} to {two_theta[end]:.4g}°"
        + (f" (steps above {LARGEST_STEP:g}°)" if end > start + 1 else "")
        for start, end in zip(first, last, strict=True)
    ]
    if len(named) == 1:
        return f"a gap from {named[0]} counts as not measured"
    more = f" and {len(named) - _NAMED_GAPS} more" if len(named) > _NAMED_GAPS else ""
    return f"gaps from {', '.join(named[:_NAMED_GAPS])}{more} count as not measured"
