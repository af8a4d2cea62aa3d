"""Diffraction patterns from image files: one grey image for each view of a crystal.

A network takes images of as many bits, 8 or 16, as it was trained on.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.text_files import check_file, is_folder
from spacegrouper.errors import UserError
from spacegrouper.prediction.other_formats import other_image
from spacegrouper.prediction.pattern_checks import check_centre, check_pattern
from spacegrouper.settings import Simulate
from spacegrouper.techniques.grey_image import read_grey_image
from spacegrouper.techniques.patterns.grey_scale import GreyScale

# Without loss and without programs in them, unlike JPEG and EPS.
_FORMATS = ("PNG", "TIFF", "BMP")
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
VIEWS = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Patterns:
    """The raw patterns of a crystal, (views, y, x), and a name for it."""

    name: str
    raw: Levels


def holds_patterns(path: Path) -> bool:
    """Tell whether a path is to be read as patterns and not as a structure."""
    return is_folder(path) or path.suffix.lower() == ".npy"


def read_pattern_file(path: Path, settings: Simulate) -> Iterator[Patterns | Rejection]:
    """Read the patterns of the crystals of a folder or a `.npy` file.

    A folder holds the images x, y and z of one crystal; an array is of one crystal
    (3, size, size) or of several (n, 3, size, size), which are named path#0, path#1 ... What is
    not as simulated with `settings` is a Rejection.

    Raises:
        UserError: the file is anything else.
    """
    name = path_text(path)
    if is_folder(path):
        yield Patterns(name, read_images([_view_file(path, view) for view in VIEWS], settings))
        return
    array = _open_array(path, settings.pixels, GreyScale.of(settings))
    several = array.ndim == 4
    for number, patterns in enumerate(array if several else array[None]):
        identifier = f"{name}#{number}" if several else name
        raw = np.array(patterns)
        try:
            for view, pattern in zip(VIEWS, raw, strict=True):
                with _named(f"view {view}"):
                    check_pattern(pattern, settings)
            check_centre(raw, settings)
        except UserError as error:
            yield Rejection(identifier, "read", str(error))
        else:
            yield Patterns(identifier, raw)


def read_images(paths: Sequence[Path], settings: Simulate) -> Levels:
    """Read one grey image for each view, as simulated with `settings`.

    Returns:
        The patterns, (views, size, size).

    Raises:
        UserError: a file is no grey image (colours must all be equal) of the size and of as many
            bits, or can be no pattern.
    """
    patterns: list[Levels] = []
    for path in paths:
        with _named(path_text(path)):
            patterns.append(_read_image(path, settings.pixels, GreyScale.of(settings)))
            check_pattern(patterns[-1], settings)
    with _named(", ".join(map(path_text, paths))):
        check_centre(patterns, settings)
    return np.stack(patterns)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in errors what they are about."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _open_array(path: Path, size: int, scale: GreyScale) -> Levels:
    name = path_text(path)
    with _named(name):
        check_file(path)
    try:
        # An archive of arrays (*.npz) is none, whatever its name.
        array: Any = np.lib.format.open_memmap(path, mode="r")  # type: ignore[no-untyped-call]
    except (OSError, ValueError, EOFError, OverflowError, SyntaxError):
        raise UserError(
            f"{name}: cannot be read as a NumPy array, or cut short; write it with numpy.save, "
            f"dtype {scale.dtype}"
        ) from None
    right_shape = array.ndim in (3, 4) and array.shape[-3:] == (3, size, size)
    if array.dtype != scale.dtype or not right_shape:
        problem = (
            f"{name}: expected {scale.words} (dtype {scale.dtype}) of shape (3, {size}, {size}) or "
            f"(crystals, 3, {size}, {size}), found {array.dtype} {array.shape}"
        )
        if right_shape and array.dtype.kind in "uif":
            if not np.isfinite(array).all():
                raise UserError(f"{problem}, with values that are not finite numbers")
            problem += f"; scale the intensities I of each view by {scale.formula}"
        raise UserError(problem)
    if len(array) == 0:
        raise UserError(f"{name}: holds no crystal, its shape is {array.shape}")
    patterns: Levels = array
    return patterns


def _read_image(path: Path, size: int, scale: GreyScale) -> Levels:
    check_file(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(512)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}") from None
    if reason := other_image(beginning, path.suffix.lower()):
        raise UserError(reason)
    levels = read_grey_image(
        path, _FORMATS, lambda image, bits: _reason_against(image, bits, size, scale)
    )
    return levels.astype(scale.dtype)


def _reason_against(image: Image.Image, bits: int, size: int, scale: GreyScale) -> str:
    """Return why an image is none of a view, as far as its header tells, or ""."""
    if image.size != (size, size):
        return (
            f"{image.width} x {image.height} pixels, but the network was trained on patterns of "
            f"{size} x {size}, and a detector like theirs"
        )
    if max(bits, 8) != scale.bit_depth or image.mode in "FI":
        depth = {"F": "floating-point numbers", "I": f"{bits} bits, maybe signed,"}.get(
            image.mode, f"{bits} bits"
        )
        return (
            f"{depth} a pixel, but the network was trained on {scale.words}; scale the measured "
            f"intensities I by {scale.formula}, and save that as PNG"
        )
    return ""


def _view_file(folder: Path, view: str) -> Path:
    """Return the image of a view; only if there is none another file that is called like it."""
    named = sorted(path for path in folder.iterdir() if path.stem.lower() == view)
    images = [path for path in named if path.suffix.lower() in _SUFFIXES]
    if len(images) > 1:
        both = " and ".join(path_text(path.name) for path in images)
        raise UserError(f"{path_text(folder)}: {both} are both view {view}; keep one of them")
    if not named:
        raise UserError(
            f"{path_text(folder)}: a folder of patterns holds x.png, y.png and z.png (or "
            f".tif, .bmp), but there is no {view}.png in it; structures are given as files"
        )
    return (images or named)[0]
