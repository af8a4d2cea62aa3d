"""CIF with a powder profile: the tags `_pd_meas_*` and `_pd_proc_*` of the powder dictionary."""

import math
import re

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_text import Block, cif_blocks, is_cif, parse_number
from spacegrouper.crystals.text_files import decoded
from spacegrouper.errors import UserError
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
        UserError: there are several, or one without angles.
    """
    profiles = [block for block in cif_blocks(content) if any(map(block.has, _INTENSITIES))]
    if len(profiles) != 1:
        raise UserError(f"holds {len(profiles)} profiles; give a file with one")
    block = profiles[0]
    tag = next(tag for tag in _INTENSITIES if block.has(tag))
    columns = block.table(tag)
    intensity = _numbers(columns[tag], tag)
    wavelength = block.number("_diffrn_radiation_wavelength")
    return Scan(_angles(block, columns, intensity.size), intensity, wavelength)


def _angles(block: Block, columns: dict[str, list[str]], points: int) -> NDArray[np.float64]:
    for tag in _ANGLES:
        if tag in columns:
            return _numbers(columns[tag], tag)
    for tag in _RANGES:
        ends = block.number(f"{tag}_min"), block.number(f"{tag}_max")
        if not any(map(math.isnan, ends)):
            return np.linspace(*ends, points)
    raise UserError(
        f"its profile has no angles; give {_ANGLES[0]} in its loop, or {_RANGES[0]}_min and _max"
    )


def _numbers(texts: list[str], tag: str) -> NDArray[np.float64]:
    numbers = np.array([parse_number(text) for text in texts])
    if np.isnan(numbers).any():
        place = int(np.isnan(numbers).argmax())
        raise UserError(f"{tag} number {place + 1} is {texts[place]!r}, not a number")
    return numbers
