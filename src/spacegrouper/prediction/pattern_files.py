"""Diffraction patterns from image files: one 8-bit grey image for each view of a crystal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.errors import UserError

# Without loss and without programs in them, unlike JPEG and EPS.
_FORMATS = ("PNG", "TIFF", "BMP")
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
VIEWS = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Patterns:
    """The raw patterns of a crystal, (views, y, x), and a name for it."""

    name: str
    raw: NDArray[np.uint8]


def holds_patterns(path: Path) -> bool:
    """Tell whether a path is to be read as patterns and not as a structure."""
    return path.is_dir() or path.suffix.lower() == ".npy"


def read_pattern_file(path: Path, size: int) -> list[Patterns]:
    """Read the patterns of the crystals of a folder or a `.npy` file, each (3, size, size).

    A folder holds the images x, y and z of one crystal; an array is uint8, of one crystal
    (3, size, size) or of several (n, 3, size, size), which are named path#0, path#1 ... Raises
    UserError for anything else.
    """
    if path.is_dir():
        return [Patterns(str(path), read_images([_view_file(path, view) for view in VIEWS], size))]
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise UserError(
            f"{path}: cannot be read as a NumPy array; write it with numpy.save"
        ) from None
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[-3:] != (3, size, size):
        raise UserError(
            f"{path}: expected 8-bit patterns (dtype uint8) of shape (3, {size}, {size}) or "
            f"(crystals, 3, {size}, {size}), found {array.dtype} {array.shape}"
        )
    if array.ndim == 3:
        return [Patterns(str(path), np.array(array))]
    return [
        Patterns(f"{path}#{number}", np.array(patterns)) for number, patterns in enumerate(array)
    ]


def read_images(paths: Sequence[Path], size: int) -> NDArray[np.uint8]:
    """Read one grey image of size x size pixels for each view; (views, size, size).

    Raises UserError for a file that is no 8-bit grey image (colours must all be equal) of the size.
    """
    return np.stack([_read_image(path, size) for path in paths])


def _read_image(path: Path, size: int) -> NDArray[np.uint8]:
    try:
        with Image.open(path, formats=_FORMATS) as image:
            # Known from the header, before anything is unpacked.
            if image.size != (size, size):
                raise UserError(
                    f"{path}: {image.width} x {image.height} pixels, but the network has learnt "
                    f"from patterns of {size} x {size}, and a detector like theirs"
                )
            if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
                raise UserError(f"{path}: not of 8 bits a pixel (mode {image.mode}); convert it")
            channels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        missing = "no such file; give an image for each view"
        damaged = f"not an image, or cut short; give {' or '.join(_FORMATS)}"
        raise UserError(f"{path}: {damaged if path.is_file() else missing}") from error
    if (channels != channels[..., :1]).any():
        raise UserError(f"{path}: has colours; give a grey image, one for each view")
    return np.ascontiguousarray(channels[..., 0])


def _view_file(folder: Path, view: str) -> Path:
    for suffix in _SUFFIXES:
        if (folder / f"{view}{suffix}").is_file():
            return folder / f"{view}{suffix}"
    raise UserError(
        f"{folder}: a folder of patterns holds x.png, y.png and z.png (or .tif, .bmp), but there "
        f"is no {view}.png in it"
    )
