"""CIF with a powder profile: the tags `_pd_meas_*` and `_pd_proc_*` of the powder dictionary."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_text import UNKNOWN, Block, cif_blocks, is_cif, parse_number, shown
from spacegrouper.crystals.text_files import decoded
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import (
    anode_of,
    particles_of,
    stated_wavelength,
)
from spacegrouper.techniques.powder.measured.scan import Scan

# As measured rather than as processed.
_ANGLES = ("_pd_meas_2theta_scan", "_pd_meas_2theta_corrected", "_pd_proc_2theta_corrected")
_RANGES = ("_pd_meas_2theta_range", "_pd_proc_2theta_range")
_INTENSITIES = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_meas_counts_net",
    "_pd_meas_intensity_net",
    "_pd_proc_intensity_total",
    "_pd_proc_intensity_net",
)
_WAVELENGTH = "_diffrn_radiation_wavelength"
_TYPES = ("_diffrn_radiation_type", "_diffrn_source_target")
_SOURCES = (*_TYPES, "_diffrn_source", "_diffrn_source_type", "_diffrn_radiation_source")
_SAME_END = 0.5  # degrees: angles may be corrected
_SAME_STEP = 0.05  # of a step

_TAG = re.compile(r"^[ \t]*(_[\w.]+)", re.MULTILINE)


def is_powder_cif(content: bytes) -> bool:
    """Tell whether a content is a CIF file with a profile and without atoms."""
    if not is_cif(content):
        return False
    # Newer dictionaries have a dot in their tags.
    tags = {tag.lower().replace(".", "_") for tag in _TAG.findall(decoded(content))}
    return not tags.isdisjoint(_INTENSITIES) and "_atom_site_fract_x" not in tags


def read_powder_cif(content: bytes) -> Scan:
    """Read the profile of a CIF file.

    Raises:
        UserError: there are several, or one without angles, not of X-rays, or that contradicts
            itself.
    """
    profiles = [block for block in cif_blocks(content) if any(map(block.has, _INTENSITIES))]
    if len(profiles) != 1:
        raise UserError(f"holds {len(profiles)} profiles; give a file with one")
    block = profiles[0]
    tag = next(tag for tag in _INTENSITIES if block.has(tag))
    columns = block.table(tag)
    intensity = _numbers(columns[tag], tag)
    _check_radiation(block)
    wavelength, unclear = _wavelength(block)
    angles, ends_only = _angles(block, columns, intensity.size)
    return Scan(angles, intensity, wavelength, unclear=unclear, ends_only=ends_only)


def _check_radiation(block: Block) -> None:
    """Raise UserError where something other than X-rays was diffracted."""
    probe = block.text("_diffrn_radiation_probe")
    others = [probe] if probe and not re.fullmatch(r"x-?rays?", probe, re.IGNORECASE) else []
    others += [text for tag in _SOURCES for text in block.values(tag) if particles_of(text)]
    if others:
        raise UserError(f"was measured with {shown(others[0])}; give a diffractogram of X-rays")


def _wavelength(block: Block) -> tuple[float | None, str]:
    """Return the wavelength, and what is said of it and not understood."""
    table = block.table(_WAVELENGTH) if block.has(_WAVELENGTH) else {}
    texts = table.get(_WAVELENGTH, [])
    weights = [parse_number(text) for text in table.get(f"{_WAVELENGTH}_wt", [])]
    rows = [number for number, text in enumerate(texts) if text not in UNKNOWN]
    for row in rows:
        if math.isnan(parse_number(texts[row])):
            raise UserError(f"{_WAVELENGTH} is {shown(texts[row])}, not a number")
    if weights and not any(map(math.isnan, weights)):
        # The strongest line, of equal ones the first.
        rows.sort(key=lambda row: -weights[row])
    types = [text for tag in _TYPES for text in block.values(tag)]
    anodes = [anode for text in types if (anode := anode_of(f"anode {text}"))]
    wavelengths = [parse_number(texts[row]) for row in rows[:1]]
    unclear = "" if wavelengths or anodes else ", ".join(types)
    return stated_wavelength(wavelengths, anodes), unclear


def _angles(
    block: Block, columns: dict[str, list[str]], points: int
) -> tuple[NDArray[np.float64], bool]:
    """Return the angles of so many points, and whether nothing but their ends is said."""
    for tag in _ANGLES:
        if tag in columns:
            angles = _numbers(columns[tag], tag)
            _check_number(block, tag, points)
            _check_range(block, tag.rpartition("_")[0], angles)
            return angles, False
    for tag in _RANGES:
        ends = block.number(f"{tag}_min"), block.number(f"{tag}_max")
        if not any(map(math.isnan, ends)):
            if ends[0] >= ends[1]:
                raise UserError(
                    f"{tag}_min is {ends[0]:g} and _max is {ends[1]:g}; give the angles of its "
                    f"points as {_ANGLES[0]}"
                )
            counted = _check_number(block, tag, points)
            step = (ends[1] - ends[0]) / max(points - 1, 1)
            stated = abs(block.number(f"{tag}_inc"))
            if abs(stated - step) > _SAME_STEP * step:
                raise UserError(
                    f"{tag}_inc is {stated:g}, but {points} points from {ends[0]:g} to "
                    f"{ends[1]:g} are {step:.4g} apart; export it anew, whole"
                )
            return np.linspace(*ends, points), math.isnan(stated) and not counted
    raise UserError(
        f"its profile has no angles; give {_ANGLES[0]} in its loop, or {_RANGES[0]}_min and _max"
    )


def _check_number(block: Block, tag: str, points: int) -> bool:
    """Tell whether the number of points is stated.

    Raises:
        UserError: it is another.
    """
    number = block.number(f"{tag[:8]}_number_of_points")
    if not math.isnan(number) and number != points:
        raise UserError(
            f"states {number:g} points, but its profile has {points}; export it anew, whole"
        )
    return not math.isnan(number)


def _check_range(block: Block, start: str, angles: NDArray[np.float64]) -> None:
    """Raise UserError where a range of angles is stated beside these, and is another."""
    stated = [block.number(f"{start}_range_{end}") for end in ("min", "max")]
    found = [float(angles.min()), float(angles.max())]
    # A scan may go down.
    differences = np.abs(np.subtract(sorted(stated), found))
    if (differences > _SAME_END).any():
        raise UserError(
            f"{start}_range_min and _max are {stated[0]:g} and {stated[1]:g}, but its angles are "
            f"{found[0]:g} to {found[1]:g}; leave only what is right in the file"
        )


def _numbers(texts: list[str], tag: str) -> NDArray[np.float64]:
    numbers = np.array([parse_number(text) for text in texts])
    if np.isnan(numbers).any():
        place = int(np.isnan(numbers).argmax())
        raise UserError(f"{tag} number {place + 1} is {texts[place]!r}, not a number")
    return numbers
