"""Encoded bitmaps of a database: which encoding they have, and their pixels.

What is in a row was written by strangers. Nothing of it is evaluated; its length and the size in an
image's header are looked at before anything is decoded, and whatever goes wrong is a ValueError.

    image        a PNG or JPEG file; colours become grey, and what is transparent black
    bits         eight pixels a byte, the first in the highest bit, 1 white; without gaps between
                 rows or views, the last byte filled up
    bytes        one grey level a byte
    run_length   pairs of bytes: how many pixels (1 to 255), and their grey level

Pixels come row by row from the upper left corner, one view below the other. Each may be written as
base64 (blanks and line ends allowed) or in hexadecimal digits (also after `\\x` or `0x`), and any
of these as a `data:` URI (RFC 2397) or as Python prints it, `b'...'`.
"""

import base64
import binascii
import io
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.techniques.morphology.settings import Morphology

Form = Literal["image", "bits", "bytes", "run_length"]
Writing = Literal["bare", "hexadecimal", "base64"]

# An image may be of another size than the bitmaps, but 16 million pixels take 64 MB to decode.
_MOST_PIXELS = 2**24
_MOST_BYTES = 2**22
# Each scan of a progressive JPEG goes over the whole image; programs write about ten.
_START_OF_SCAN, _MOST_SCANS = b"\xff\xda", 64
# Of PNG files (ISO/IEC 15948, 8.2 and 11.2.1): channels of a colour type; first column and row of
# the seven passes of an interlaced image, and the steps to the next.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INTERLACED = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_PART = 2**20  # bytes that are decompressed at a time
# The beginning of a `data:` URI, and what Python prints of bytes and of texts.
_DATA_URI = re.compile(rb"\s*data:[\w/+.;=-]*,", re.IGNORECASE)
_PRINTED = re.compile(
    rb"""\s*(?:bytearray\()?[bu]?(?P<quote>['"])"""
    rb"""(?P<content>(?:[ -\[\]-~]|\\[\\'"nrt]|\\x[\da-f]{2})*)(?P=quote)\)?\s*"""
)
_ESCAPE = re.compile(rb"\\(?:x(..)|(.))")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_MOST_WRAPPINGS = 3
# What columns hold in place of bitmaps, by how it begins.
_OTHER_KINDS = (
    (b"\x89PNG", "a PNG file"),
    (b"\xff\xd8\xff", "a JPEG file"),
    (b"GIF8", "a GIF file"),
    (b"BM", "a BMP file"),
    (b"RIFF", "a WebP file"),
    (b"II*\0", "a TIFF file"),
    (b"MM\0*", "a TIFF file"),
    (b"%PDF", "a PDF file"),
    (b"\x93NUMPY", "a file of NumPy"),
    (b"\x80\x04", "a pickle of Python"),
    (b"\x80\x05", "a pickle of Python"),
    (b"\x1f\x8b", "gzip data"),
    (b"<svg", "an SVG text"),
    (b"<?xml", "an XML text"),
    (b"<memory at", "a Python object's address, not its content"),
    (b"data:", "a `data:` URI"),
    (b"b'", "bytes as Python prints them, b'...', which are cut short or hold other signs"),
    (b'b"', 'bytes as Python prints them, b"...", which are cut short or hold other signs'),
    (b"{", "JSON"),
    (b"[", "a list"),
)
_HEXADECIMAL = re.compile(rb"(?:\\x|0x)?((?:[0-9A-Fa-f]{2})+)\s*")


@dataclass(frozen=True)
class BitmapEncoding:
    """How bitmaps are encoded: in which form, and whether that is written as text."""

    form: Form
    writing: Writing

    def __str__(self) -> str:
        return self.form if self.writing == "bare" else f"{self.form} as {self.writing} text"


def largest_value(settings: Morphology) -> int:
    """Return how many bytes a column may hold for a bitmap; longer values are not read at all."""
    # A run for each pixel, each byte as Python prints it: `\\x00`.
    return max(_MOST_BYTES, 8 * _pixels(settings) + 16)


def detect_encoding(values: Sequence[Any], settings: Morphology) -> BitmapEncoding:
    """Return the encoding in which most values are bitmaps; of equals the first of the list above.

    `values`: of the bitmap column. `settings.encoding`: the form, unless it is `auto`. Raises
    UserError where no encoding makes a bitmap of any value.
    """
    forms = get_args(Form) if settings.encoding == "auto" else (settings.encoding,)
    candidates = [BitmapEncoding(*pair) for pair in product(forms, get_args(Writing))]
    reasons = {candidate: list(_reasons(values, candidate, settings)) for candidate in candidates}
    best = min(candidates, key=lambda candidate: len(reasons[candidate]))
    if len(reasons[best]) == len(values):
        views, pixels = len(settings.views), settings.pixels
        raise UserError(
            f"morphology.encoding: none of the first {len(values)} values of column "
            f"{settings.bitmap_column} is {_expected(settings)}; the first "
            f"{_seen(values, settings)}; set `pixels` (now {pixels}), `views` (as many as a bitmap "
            f"holds, now {views}) or `encoding`"
        )
    return best


def decode_bitmap(
    value: Any, encoding: BitmapEncoding, settings: Morphology
) -> tuple[NDArray[np.uint8], int]:
    """Return the bitmaps (views, pixels, pixels) that a value of the column holds, and their edge.

    The edge is that of a view before images of another size were brought to `settings.pixels`, by
    averages over areas. Raises ValueError, with the reason in one line, for anything that is no
    such bitmap, and no other error.
    """
    if value is None:
        raise ValueError("no bitmap: NULL")
    content = _plain_bytes(value, encoding.writing, settings)
    if not content:
        raise ValueError("no bitmap: empty")
    if encoding.form == "image":
        return _decode_image(content, settings)
    expected = _pixels(settings)
    if encoding.form == "run_length":
        pixels = _decode_runs(content, expected)
    else:
        length = expected if encoding.form == "bytes" else math.ceil(expected / 8)
        if len(content) != length:
            raise ValueError(
                f"{len(content)} bytes, but {_expected(settings)} as {encoding.form} takes {length}"
            )
        pixels = np.frombuffer(content, dtype=np.uint8).copy()
        if encoding.form == "bits":
            pixels = np.uint8(255) * np.unpackbits(pixels, count=expected)
    return pixels.reshape(len(settings.views), settings.pixels, settings.pixels), settings.pixels


def _reasons(
    values: Sequence[Any], encoding: BitmapEncoding, settings: Morphology
) -> Iterator[str]:
    """Yield why values are no bitmaps in this encoding, of those that are none."""
    for value in values:
        try:
            decode_bitmap(value, encoding, settings)
        except ValueError as error:
            yield str(error)


def _plain_bytes(value: Any, writing: Writing, settings: Morphology) -> bytes:
    if isinstance(value, str):
        # What is not ASCII is neither base64 nor a hexadecimal digit.
        content = value.encode("ascii", errors="replace")
    elif isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value)
    else:
        raise ValueError(f"neither bytes nor a text, but {type(value).__name__}")
    if len(content) > largest_value(settings):
        raise ValueError(f"{len(content)} bytes, more than the {largest_value(settings)} allowed")
    content, wrapped = _unwrapped(content)
    if writing == "bare":
        if isinstance(value, str) and not wrapped:
            raise ValueError("a text, but bytes are expected")
        return content
    if writing == "hexadecimal":
        digits = _HEXADECIMAL.fullmatch(content)
        if not digits:
            raise ValueError("not pairs of hexadecimal digits")
        return bytes.fromhex(digits[1].decode())
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        raise ValueError("not base64, or cut short") from None


def _unwrapped(content: bytes) -> tuple[bytes, bool]:
    """Return what a `data:` URI or bytes as Python prints them hold, and whether it was such."""
    wrapped = False
    for _ in range(_MOST_WRAPPINGS):
        if uri := _DATA_URI.match(content):
            content = unquote_to_bytes(content[uri.end() :])
        elif printed := _PRINTED.fullmatch(content):
            content = _ESCAPE.sub(_unescaped, printed["content"])
        else:
            break
        wrapped = True
    return content, wrapped


def _unescaped(escape: re.Match[bytes]) -> bytes:
    digits, letter = escape.groups()
    return bytes.fromhex(digits.decode()) if digits else _ESCAPED.get(letter, letter)


def _decode_runs(content: bytes, expected: int) -> NDArray[np.uint8]:
    if len(content) % 2:
        raise ValueError(f"{len(content)} bytes are no pairs of a count and a grey level")
    runs = np.frombuffer(content, dtype=np.uint8).reshape(-1, 2)
    # Checked first: only then is it known how much memory they take.
    total = int(runs[:, 0].sum(dtype=np.int64))
    if total != expected or not runs[:, 0].all():
        raise ValueError(f"runs of {total} pixels, but {expected} are expected, and none empty")
    return np.repeat(runs[:, 1], runs[:, 0])


def _decode_image(content: bytes, settings: Morphology) -> tuple[NDArray[np.uint8], int]:
    views, pixels = len(settings.views), settings.pixels
    with _opened(content) as image:
        edge, height = image.size
        if height != views * edge or edge * height > _MOST_PIXELS:
            raise ValueError(
                f"an image of {edge} x {height} pixels, but {views} square views one below the "
                f"other are expected, of {_MOST_PIXELS} pixels at most"
            )
        is_png = image.format == "PNG"
    if not is_png and content.count(_START_OF_SCAN) > _MOST_SCANS:
        raise ValueError(f"a JPEG file of more than {_MOST_SCANS} scans")
    try:
        if is_png:
            # Decoding does not look at the checksums; afterwards the image has to be opened anew.
            with _opened(content) as image:
                image.verify()
            _check_rows_of_png(content)
        with _opened(content) as image:
            grey = _grey_levels(image)
    except Exception as error:  # decoders raise whatever comes to them
        raise ValueError(f"a damaged image: {_one_line(error)}") from None
    return _resized(grey.reshape(views, edge, edge), pixels), edge


def _check_rows_of_png(content: bytes) -> None:
    """Raise ValueError for a PNG file whose pixels end early: decoding would leave them black.

    Its chunks are known to be whole.
    """
    fields = struct.unpack(">IIBBBBB", content[16:29])
    width, height, depth, colours, interlaced = *fields[:4], fields[6]
    pixels, place, name = [], 8, b""
    while name != b"IEND":
        length, name = struct.unpack(">I4s", content[place : place + 8])
        if name == b"IDAT":
            pixels.append(content[place + 8 : place + 8 + length])
        place += length + 12
    expected = 0
    for left, top, across, down in _INTERLACED if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            expected += max(rows, 0) * (1 + math.ceil(columns * _CHANNELS[colours] * depth / 8))
    decompressor, compressed = zlib.decompressobj(), b"".join(pixels)
    while expected > 0 and (part := decompressor.decompress(compressed, _PART)):
        expected -= len(part)
        compressed = decompressor.unconsumed_tail
    if expected > 0:
        raise ValueError(f"{expected} bytes of its pixels are missing")


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except Exception as error:
        # Pillow's own message has the address of the buffer in it.
        known = not isinstance(error, Image.UnidentifiedImageError)
        reason = f": {_one_line(error)}" if known else ""
        raise ValueError(f"neither a PNG nor a JPEG file{reason}") from None


def _grey_levels(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):  # 16 bits, of which conversion would cut off the higher half
        return np.asarray(np.asarray(image).astype(np.int64).clip(0, 65535) >> 8, dtype=np.uint8)
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        black.alpha_composite(image.convert("RGBA"))
        image = black
    return np.asarray(image.convert("L"))


def _resized(bitmaps: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """Return bitmaps (views, edge, edge) as (views, pixels, pixels), averaged over areas."""
    edge = bitmaps.shape[-1]
    if edge == pixels:
        return bitmaps
    limits = np.arange(pixels + 1) * edge / pixels
    places = np.arange(edge)
    upto = np.clip(limits[:, None] - places, 0, 1)
    weights = np.diff(upto, axis=0) * pixels / edge  # (pixels, edge), each row adds up to 1
    averages = [weights @ bitmap.astype(np.float64) @ weights.T for bitmap in bitmaps]
    # The next digits are noise of the summation, and must not decide at a half.
    return np.asarray(np.rint(np.round(averages, 9)), dtype=np.uint8)


def _pixels(settings: Morphology) -> int:
    return len(settings.views) * settings.pixels**2


def _expected(settings: Morphology) -> str:
    views = len(settings.views)
    return (
        f"a bitmap of {views} view{'s' if views > 1 else ''} of {settings.pixels} x "
        f"{settings.pixels} pixels"
    )


def _seen(values: Sequence[Any], settings: Morphology) -> str:
    """Say what the first value is like, not what is in it."""
    if not values or values[0] is None:
        return "is NULL"
    length = f" of {len(values[0])}" if hasattr(values[0], "__len__") else ""
    kind = _recognised(values[0], settings)
    return f"is {type(values[0]).__name__}{length}{kind and f', {kind}'}"


def _recognised(value: Any, settings: Morphology) -> str:
    """Return what a value is by how it begins, and of an image what is wrong with it, or ""."""
    if isinstance(value, str):
        value = value.encode("ascii", errors="replace")
    for writing in get_args(Writing):
        try:
            content = _plain_bytes(value, writing, settings)
        except ValueError:
            continue
        for beginning, kind in _OTHER_KINDS:
            if content.lstrip().startswith(beginning):
                found = kind if writing == "bare" else f"{kind} as {writing} text"
                try:
                    _decode_image(content, settings)
                except ValueError as error:
                    return f"{found}: {error}"
                return found
    return ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
