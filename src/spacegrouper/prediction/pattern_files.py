"""Diffraction patterns from image files: one grey image for each view of a crystal.

A network takes images of as many bits, 8 or 16, as it was trained on.
"""

import warnings
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
from spacegrouper.errors import UserError
from spacegrouper.prediction.other_formats import other_image
from spacegrouper.prediction.pattern_checks import check_centre, check_pattern
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.grey_scale import GreyScale

# Without loss and without programs in them, unlike JPEG and EPS.
_FORMATS = ("PNG", "TIFF", "BMP")
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
VIEWS = ("x", "y", "z")

_TIFF_BITS = 258  # the tag with the bits of each channel
_LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")
_GREY_16 = ("I;16", "I;16L", "I;16B")
_GREY = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa")


@dataclass(frozen=True, eq=False)
class Patterns:
    """The raw patterns of a crystal, (views, y, x), and a name for it."""

    name: str
    raw: Levels


def holds_patterns(path: Path) -> bool:
    """Tell whether a path is to be read as patterns and not as a structure."""
    return path.is_dir() or path.suffix.lower() == ".npy"


def read_pattern_file(path: Path, settings: Simulate) -> Iterator[Patterns | Rejection]:
    """Read the patterns of the crystals of a folder or a `.npy` file.

    A folder holds the images x, y and z of one crystal; an array is of one crystal
    (3, size, size) or of several (n, 3, size, size), which are named path#0, path#1 ... What is
    not as simulated with `settings` is a Rejection.

    Raises:
        UserError: the file is anything else.
    """
    name = path_text(path)
    if path.is_dir():
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
    try:
        # An archive of arrays (*.npz) is none, whatever its name.
        array: Any = np.lib.format.open_memmap(path, mode="r")  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise UserError(f"{name}: no such file") from None
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
    try:
        with path.open("rb") as file:
            beginning = file.read(512)
    except FileNotFoundError:
        raise UserError("no such file; give an image for each view") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}") from None
    if reason := other_image(beginning, path.suffix.lower()):
        raise UserError(reason)
    try:
        # Of tags and the like that play no role here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                # Known from the header, before anything is unpacked.
                if reason := _reason_against(image, beginning, size, scale):
                    raise UserError(reason)
                if image.mode in _GREY_16:
                    return np.asarray(image).astype(np.uint16)
                channels = np.asarray(image.convert("RGBA"))
    # Pillow's readers fail in many ways.
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError) as error:
        raise UserError(f"not an image, or cut short; give {' or '.join(_FORMATS)}") from error
    except Image.DecompressionBombError:
        raise UserError(f"has far more pixels than {size} x {size}") from None
    if (channels[..., 3] < 255).any():
        raise UserError(
            "has transparent pixels, which have no grey level; save it without transparency (alpha "
            "channel)"
        )
    grey = channels[..., :3]
    if (grey != grey[..., :1]).any():
        raise UserError("has colours; give a grey image, one for each view")
    return np.ascontiguousarray(grey[..., 0])


def _reason_against(image: Image.Image, beginning: bytes, size: int, scale: GreyScale) -> str:
    """Return why an image is none of a view, as far as its header tells, or ""."""
    pages = getattr(image, "n_frames", 1)
    if pages > 1:
        return f"holds {pages} pages or frames; save each view as a file of its own"
    if image.size != (size, size):
        return (
            f"{image.width} x {image.height} pixels, but the network was trained on patterns of "
            f"{size} x {size}, and a detector like theirs"
        )
    if image.info.get("compression") in _LOSSY_TIFF:
        return "TIFF with JPEG in it, which loses grey levels; save the pattern without it"
    if image.format == "PNG":
        bits = beginning[24]
    else:
        bits = max(getattr(image, "tag_v2", {}).get(_TIFF_BITS, (8,)))
    if max(bits, 8) != scale.bit_depth or image.mode in "FI":
        depth = {"F": "floating-point numbers", "I": f"{bits} bits, maybe signed,"}.get(
            image.mode, f"{bits} bits"
        )
        return (
            f"{depth} a pixel, but the network was trained on {scale.words}; scale the measured "
            f"intensities I by {scale.formula}, and save that as PNG"
        )
    if image.mode not in (_GREY if scale.bit_depth == 8 else _GREY_16):
        what = "transparency" if image.mode == "LA" else "colours"
        return f"has {what} ({image.mode}); give a grey image, one for each view"
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
