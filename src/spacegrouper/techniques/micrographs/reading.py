"""From the files of microscopes, and from grey images, to a micrograph.

The files of microscopes are read by RosettaSciIO, which is under another licence (GPL-3.0-or-later)
than this package (BSD-3-Clause). So it is an extra, and imported only where such a file is read.
"""

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.text_files import check_file
from spacegrouper.errors import UserError
from spacegrouper.techniques.grey_image import read_grey_image
from spacegrouper.techniques.micrographs.micrograph import Floats, Micrograph
from spacegrouper.techniques.patterns.radiation import (
    JOULES_PER_ELECTRONVOLT,
    wavelength_of_electrons,
)

# The reader of each format, as RosettaSciIO names it.
_READERS = {
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".mrc": "mrc",
    ".mib": "quantumdetector",
    ".blo": "blockfile",
    ".hspy": "hspy",
    ".tvips": "tvips",
}
_IMAGES = (".tif", ".tiff", ".png")
_FORMATS = ("TIFF", "PNG")
SUFFIXES = (*_READERS, *_IMAGES)

# 1/Angstrom, of the units that cameras are calibrated in.
_RECIPROCAL = {"1/nm": 0.1, "nm^-1": 0.1, "1/å": 1.0, "1/a": 1.0, "å^-1": 1.0, "1/pm": 100.0}
_RADIANS = {"mrad": 1e-3, "rad": 1.0}
_SMALLEST, _LARGEST = 64, 8192  # pixels along an edge
_DIFFERENT = 0.01  # relative, of the steps along rows and columns


def read_micrograph(path: Path) -> Micrograph:
    """Read one diffraction pattern.

    Raises:
        UserError: what cannot be read, or is no single grey image, in one line.
    """
    name = path_text(path)
    try:
        check_file(path)
        if not path.stat().st_size:
            raise UserError("an empty file; export the pattern anew")
        reader = _READERS.get(path.suffix.lower())
        counts, step, tension, notes = (
            _of_microscope(path, reader) if reader else (_of_image(path), None, None, ())
        )
        if counts.ndim > 2:
            raise UserError(
                f"holds {' x '.join(map(str, counts.shape[:-2]))} images; save one of them, or "
                "their mean, as a file of its own"
            )
        if not all(_SMALLEST <= edge <= _LARGEST for edge in counts.shape):
            raise UserError(
                f"{counts.shape[1]} x {counts.shape[0]} pixels; give {_SMALLEST} to {_LARGEST} "
                "along each edge"
            )
        if not np.isfinite(counts).all():
            raise UserError("has pixels that are no finite numbers; set them to 0")
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror or 'cut short'}") from None
    return Micrograph(name, counts, step, tension, notes)


def _of_microscope(
    path: Path, reader: str
) -> tuple[Floats, float | None, float | None, tuple[str, ...]]:
    try:
        module = import_module(f"rsciio.{reader}")
    except ModuleNotFoundError as error:
        package = {"skimage": "scikit-image"}.get(error.name or "", "rosettasciio")
        raise UserError(
            f"{path.suffix} files are read with {package}, which is not installed; pip install "
            f"{package}, or save the pattern as TIFF"
        ) from None
    if reader == "mrc":
        _check_mrc(path)
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signals = module.file_reader(str(path))
    # The reader fails in as many ways as files are broken.
    except Exception:
        raise UserError(
            f"not a {path.suffix} file, or damaged; export it anew, or as TIFF"
        ) from None
    finally:
        logging.disable(level)
    # Of a .dm3, a thumbnail in colours may come first.
    images = [one for one in signals if np.asarray(one["data"]).dtype.kind in "uif"]
    images = [one for one in images if np.asarray(one["data"]).size]
    if not images:
        raise UserError("holds no image; export it anew, or as TIFF")
    if len(images) > 1:
        raise UserError(f"holds {len(images)} images; save one as a file of its own")
    counts = np.asarray(images[0]["data"], dtype=np.float64)
    # Of a scan of one place, and the like.
    long = [axis for axis, size in zip(images[0]["axes"], counts.shape, strict=False) if size > 1]
    counts = counts.squeeze()
    if counts.ndim < 2:
        raise UserError(
            f"holds a line of {counts.size} values and no image; export the pattern, as TIFF"
        )
    tension = _tension(images[0].get("metadata", {}))
    notes: list[str] = []
    step = _step(long, tension, notes)
    return counts, step, tension, tuple(notes)


def _check_mrc(path: Path) -> None:
    """Refuse a header with impossible numbers of columns, rows and images: the reader would hang.

    They are the first three words of a file, of either byte order.
    """
    with path.open("rb") as file:
        header = file.read(12)
    orders = [np.frombuffer(header, order) for order in ("<i4", ">i4") if len(header) == 12]
    if not any((sizes > 0).all() and (sizes <= path.stat().st_size).all() for sizes in orders):
        raise UserError("not a .mrc file, or damaged; export it anew, or as TIFF")


def _tension(metadata: Mapping[str, Any]) -> float | None:
    """Return the high tension, kV, where a microscope has one."""
    instrument = metadata.get("Acquisition_instrument", {})
    for microscope in ("TEM", "SEM"):
        energy = instrument.get(microscope, {}).get("beam_energy")
        if isinstance(energy, int | float) and 10 <= energy <= 3000:
            return float(energy)
    return None


def _step(
    axes: Sequence[Mapping[str, Any]], tension: float | None, notes: list[str]
) -> float | None:
    """Return 1/Angstrom of a pixel; None where the file does not say it, with a note."""
    steps = []
    for axis in axes[-2:]:
        units = str(axis.get("units") or "").lower().replace(" ", "").replace("⁻¹", "^-1")
        scale = abs(float(axis.get("scale") or 0))
        if units in _RECIPROCAL and scale > 0:
            steps.append(scale * _RECIPROCAL[units])
        elif units in _RADIANS and scale > 0 and tension:
            wavelength = wavelength_of_electrons(tension * 1e3 * JOULES_PER_ELECTRONVOLT) * 1e10
            steps.append(scale * _RADIANS[units] / wavelength)
        else:
            notes.append(f"the file's scale is in {units or 'no unit'}: it is not used")
            return None
    if abs(math.log(steps[0] / steps[1])) > _DIFFERENT:
        raise UserError(
            f"a pixel is {steps[0]:.4g} by {steps[1]:.4g} 1/Angstrom; resample it to square pixels"
        )
    return sum(steps) / 2


def _of_image(path: Path) -> Floats:
    return read_grey_image(path, _FORMATS, lambda image, bits: "").astype(np.float64)
