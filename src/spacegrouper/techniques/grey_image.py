"""Grey images from files of any program: their levels as they were stored, or a reason why not."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.errors import UserError

_PNG_BITS = 24  # the byte with the bits of each channel
_TIFF_BITS = 258  # the tag with them
_LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")
_ONE_CHANNEL = ("I", "F", "I;16", "I;16L", "I;16B")
_EIGHT_BITS = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa")


def read_grey_image(
    path: Path, formats: Sequence[str], reason_against: Callable[[Image.Image, int], str]
) -> NDArray[Any]:
    """Read the levels of a grey image.

    Args:
        path: the file.
        formats: that are taken, as Pillow names them.
        reason_against: (the image, of which nothing but the header is read; bits of a channel) to
            why it is not taken for other reasons, or "".

    Returns:
        (rows, columns); of 8 bits and fewer, 0 to 255, otherwise in the type of the file.

    Raises:
        UserError: it is no image of one page, has colours or transparent pixels, or is stored with
            a loss of levels; without the file's name.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(_PNG_BITS + 1)
        # Of tags and the like that play no role here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=formats) as image:
                # Known from the header, before anything is unpacked.
                bits = _bits_of(image, beginning)
                if reason := _reason_against_all(image, bits) or reason_against(image, bits):
                    raise UserError(reason)
                if image.mode in _ONE_CHANNEL:
                    return np.asarray(image)
                channels = np.asarray(image.convert("RGBA"))
    # Pillow's readers fail in many ways.
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError):
        raise UserError(f"not an image, or cut short; give {' or '.join(formats)}") from None
    except Image.DecompressionBombError:
        raise UserError("has far more pixels than a pattern; cut it to the pattern") from None
    if (channels[..., 3] < 255).any():
        raise UserError(
            "has transparent pixels, which have no grey level; save it without transparency (alpha "
            "channel)"
        )
    grey = channels[..., :3]
    if (grey != grey[..., :1]).any():
        raise UserError("has colours; give the grey image that the camera recorded")
    return np.ascontiguousarray(grey[..., 0])


def _bits_of(image: Image.Image, beginning: bytes) -> int:
    """Return how many bits a channel has in the file, which Pillow may reduce to eight."""
    if image.format == "PNG":
        return beginning[_PNG_BITS]
    return int(max(getattr(image, "tag_v2", {}).get(_TIFF_BITS, (8,))))


def _reason_against_all(image: Image.Image, bits: int) -> str:
    """Return why no technique can take an image, as far as its header tells, or ""."""
    pages = getattr(image, "n_frames", 1)
    if pages > 1:
        return f"holds {pages} pages or frames; save one as a file of its own"
    if image.info.get("compression") in _LOSSY_TIFF:
        return "TIFF with JPEG in it, which loses grey levels; save the pattern without it"
    if image.mode in _ONE_CHANNEL:
        return ""
    if image.mode not in _EIGHT_BITS:
        return f"has colours ({image.mode}); give a grey image"
    if bits > 8:
        return f"has colours or transparency, of {bits} bits a channel; give a grey image"
    return ""
