import base64
import io
import struct
import tracemalloc
import zlib
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from bitmap_table import png
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.techniques.morphology.bitmap_encodings import (
    BitmapEncoding,
    Form,
    decode_bitmap,
    detect_encoding,
    largest_value,
)
from spacegrouper.techniques.morphology.settings import Morphology

VIEWS, PIXELS = 2, 12
SETTINGS = Morphology(pixels=PIXELS, views=((1, 0, 0), (0, 1, 0)))
FORMS: tuple[Form, ...] = ("image", "bits", "bytes", "run_length")
IMAGE = BitmapEncoding("image", "bare")


def black_and_white(seed: int = 0) -> np.ndarray:
    return 255 * np.random.default_rng(seed).integers(0, 2, (VIEWS, PIXELS, PIXELS), dtype=np.uint8)


def run_length(pixels: np.ndarray) -> bytes:
    runs = bytearray()
    for value in pixels.ravel().tolist():
        if runs and runs[-1] == value and runs[-2] < 255:
            runs[-2] += 1
        else:
            runs += bytes([1, value])
    return bytes(runs)


def encoded(bitmaps: np.ndarray, form: Form) -> bytes:
    if form == "image":
        return png(bitmaps)
    if form == "bits":
        return np.packbits(bitmaps.ravel() > 127).tobytes()
    return bitmaps.tobytes() if form == "bytes" else run_length(bitmaps)


WRITTEN: dict[str, Any] = {
    "bare": lambda content: content,
    "bare, of a driver": memoryview,
    "hexadecimal": bytes.hex,
    "hexadecimal, capitals": lambda content: content.hex().upper().encode(),
    "hexadecimal, as PostgreSQL writes it": lambda content: "\\x" + content.hex(),
    "base64": lambda content: base64.b64encode(content).decode(),
    "base64, in lines": lambda content: base64.encodebytes(content),
    "base64, in a URI": lambda content: (
        "data:image/png;base64," + base64.b64encode(content).decode()
    ),
    "base64, as Python prints it": lambda content: repr(base64.b64encode(content)),
    "base64, as Python prints a text": lambda content: repr(base64.b64encode(content).decode()),
    "base64, printed in a URI": lambda content: f"data:;base64,{base64.b64encode(content)!r}",
    "bare, as Python prints it": repr,
    "bare, printed twice": lambda content: repr(repr(content)),
    "bare, printed and encoded": lambda content: repr(content).encode(),
    "bare, of a bytearray": lambda content: repr(bytearray(content)),
    "bare, in a URI": lambda content: "data:application/octet-stream," + quote(content),
    "hexadecimal, as Python prints it": lambda content: repr(content.hex().encode()),
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("form", FORMS)
def test_every_encoding_is_found_and_gives_the_pixels_back(form: Form, written: str) -> None:
    values = [WRITTEN[written](encoded(black_and_white(seed), form)) for seed in range(5)]

    encoding = detect_encoding(values, SETTINGS)

    assert encoding == BitmapEncoding(form, written.partition(",")[0])  # type: ignore[arg-type]
    for seed, value in enumerate(values):
        bitmaps, edge = decode_bitmap(value, encoding, SETTINGS)
        np.testing.assert_array_equal(bitmaps, black_and_white(seed))
        assert (bitmaps.dtype, edge) == (np.uint8, PIXELS)


@given(st.data())
def test_runs_of_any_length_come_back(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=30))
    levels = np.repeat(np.arange(len(lengths), dtype=np.uint8), lengths)
    pixels = np.resize(levels, (VIEWS, PIXELS, PIXELS))

    found, _ = decode_bitmap(run_length(pixels), BitmapEncoding("run_length", "bare"), SETTINGS)

    np.testing.assert_array_equal(found, pixels)


def test_a_few_bad_values_do_not_hide_the_encoding() -> None:
    good = [encoded(black_and_white(seed), "bits") for seed in range(3)]

    assert detect_encoding([b"", *good, None, b"x"], SETTINGS) == BitmapEncoding("bits", "bare")


def test_the_settings_can_name_the_form() -> None:
    # Pairs of 2 and a level are both: runs, and as many pixels of a byte.
    twofold = bytes([2, 7] * (VIEWS * PIXELS**2 // 2))

    assert detect_encoding([twofold], SETTINGS).form == "bytes"
    named = SETTINGS.model_copy(update={"encoding": "run_length"})
    assert detect_encoding([twofold], named).form == "run_length"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"GIF89a...", "bytes of 9, a GIF file: neither"),
        (base64.b64encode(b"BM......").decode(), "a BMP file as base64 text"),
        ("<memory at 0x7f0>", "a Python object's address, not its content"),
        ("b'\\x89PNG", "bytes as Python prints them, b'...', which are cut short"),
        ("data:image/svg+xml,<svg/>", "an SVG text"),
        ("data:image/png", "a `data:` URI"),
        (
            png(np.zeros((5, 5), np.uint8)),
            "a PNG file: an image of 5 x 5 pixels, but 2 square",
        ),
    ],
)
def test_what_is_no_bitmap_is_named(value: Any, found: str) -> None:
    with pytest.raises(UserError) as error:
        detect_encoding([value], SETTINGS)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_nothing_at_all_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^morphology\.encoding: none of the first 2 values") as e:
        detect_encoding([b"secret", b"x"], SETTINGS)

    assert "\n" not in str(e.value)
    assert "secret" not in str(e.value)
    with pytest.raises(UserError, match="is NULL"):
        detect_encoding([], SETTINGS)


RIGHT = encoded(black_and_white(), "image")


def jpeg(bitmaps: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(bitmaps.reshape(-1, bitmaps.shape[-1])).save(file, "JPEG", **options)
    return file.getvalue()


def converted(mode: str, **options: Any) -> bytes:
    file = io.BytesIO()
    stacked = black_and_white().reshape(-1, PIXELS)
    Image.fromarray(stacked).convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def test_what_follows_a_png_does_no_harm() -> None:
    found, _ = decode_bitmap(RIGHT + b"and more", IMAGE, SETTINGS)

    np.testing.assert_array_equal(found, black_and_white())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_pngs_of_all_colours_are_grey(mode: str) -> None:
    found, _ = decode_bitmap(converted(mode), IMAGE, SETTINGS)

    np.testing.assert_array_equal(found, black_and_white())


def interlaced(edge: int, depth: int) -> tuple[bytes, np.ndarray]:
    """An interlaced grey PNG file of two views, and its pixels; Pillow does not write any."""
    levels = 2**depth
    pixels = np.random.default_rng(0).integers(0, levels, (2 * edge, edge), dtype=np.uint8)
    stream = b""
    for left, top, across, down in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
        *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    ):
        for row in pixels[top::down, left::across]:
            if row.size:
                bits = np.unpackbits(row[:, None], axis=1)[:, 8 - depth :]
                stream += b"\0" + np.packbits(bits.ravel()).tobytes()
    header = struct.pack(">IIBBBBB", edge, 2 * edge, depth, 0, 0, 0, 1)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(stream)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts), pixels * (255 // (levels - 1))


@pytest.mark.parametrize("edge", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("depth", [1, 4, 8])
def test_interlaced_pngs_are_read(edge: int, depth: int) -> None:
    content, pixels = interlaced(edge, depth)
    settings = SETTINGS.model_copy(update={"pixels": edge})

    found, _ = decode_bitmap(content, IMAGE, settings)

    np.testing.assert_array_equal(found, pixels.reshape(2, edge, edge))


def test_sixteen_bits_are_the_upper_eight() -> None:
    file = io.BytesIO()
    wide = black_and_white().reshape(-1, PIXELS).astype(np.uint16) * 200
    Image.fromarray(wide).save(file, "PNG")

    found, _ = decode_bitmap(file.getvalue(), IMAGE, SETTINGS)

    np.testing.assert_array_equal(found, (wide >> 8).reshape(VIEWS, PIXELS, PIXELS))


def test_transparent_pixels_are_black() -> None:
    file = io.BytesIO()
    pixels = np.full((VIEWS * PIXELS, PIXELS, 4), 255, dtype=np.uint8)
    pixels[:5, :, 3] = 0
    Image.fromarray(pixels).save(file, "PNG")

    found, _ = decode_bitmap(file.getvalue(), IMAGE, SETTINGS)

    assert not found[0, :5].any()
    assert (found[0, 5:] == 255).all()


def test_jpeg_is_read() -> None:
    flat = np.full((VIEWS, PIXELS, PIXELS), 100, dtype=np.uint8)

    found, _ = decode_bitmap(jpeg(flat), IMAGE, SETTINGS)

    assert np.abs(found.astype(int) - 100).max() <= 2


@pytest.mark.parametrize("edge", [36, 30, 17, 5])
def test_another_size_is_averaged_over_areas(edge: int) -> None:
    bitmaps = np.random.default_rng(0).integers(0, 256, (VIEWS, edge, edge), dtype=np.uint8)
    # Repeated so often that a pixel of either size is made of whole ones.
    fine = bitmaps.repeat(PIXELS, axis=1).repeat(PIXELS, axis=2).astype(float)
    expected = fine.reshape(VIEWS, PIXELS, edge, PIXELS, edge).mean(axis=(2, 4))

    found, old_edge = decode_bitmap(encoded(bitmaps, "image"), IMAGE, SETTINGS)

    assert old_edge == edge
    assert np.abs(found - expected).max() <= 0.5 + 1e-9


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png_of_size(width: int, height: int) -> bytes:
    """A valid file whose header promises more than there is, as bombs do."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min(width + 1, 1000)) * min(height, 3))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def with_text_bomb(name: bytes) -> bytes:
    """A valid bitmap with a text that is much larger once decompressed."""
    body = zlib.compress(bytes(300 * 2**20), 9)
    text = b"key\0\0" + body if name == b"zTXt" else b"key\0\1\0\0\0" + body
    if name == b"iCCP":
        text = b"key\0\0" + body
    place = RIGHT.index(b"IDAT") - 4
    return RIGHT[:place] + chunk(name, text) + RIGHT[place:]


def png_cut_short() -> bytes:
    """With right checksums, but half of the compressed pixels."""
    place = RIGHT.index(b"IDAT")
    (length,) = struct.unpack(">I", RIGHT[place - 4 : place])
    rows = RIGHT[place + 4 : place + 4 + length // 2]
    return RIGHT[: place - 4] + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GIF = io.BytesIO()
Image.new("L", (PIXELS, VIEWS * PIXELS)).save(GIF, "GIF")
BAD: dict[str, tuple[Any, Form, str]] = {
    "NULL": (None, "image", "no bitmap: NULL"),
    "empty": (b"", "image", "no bitmap: empty"),
    "a number": (17, "bytes", "neither bytes nor a text, but int"),
    "a text": ("x", "bytes", "a text, but bytes are expected"),
    "too short": (b"x" * 287, "bytes", "287 bytes, but a bitmap of 2 views of 12 x 12 pixels"),
    "too long": (b"x" * 289, "bytes", "as bytes takes 288"),
    "bits too short": (b"x" * 35, "bits", "as bits takes 36"),
    "half a run": (b"x" * 3, "run_length", "3 bytes are no pairs"),
    "runs too short": (b"\x05\0", "run_length", "runs of 5 pixels, but 288 are expected"),
    "runs too long": (b"\xff\0" * 9000, "run_length", "runs of 2295000 pixels"),
    "an empty run": (run_length(black_and_white()) + b"\0\0", "run_length", "none empty"),
    "another format": (GIF.getvalue(), "image", "neither a PNG nor a JPEG file$"),
    "not square": (png_of_size(10, 10), "image", "an image of 10 x 10 pixels, but 2 square views"),
    "a large header": (png_of_size(20000, 40000), "image", "neither a PNG|pixels at most"),
    "an absurd header": (png_of_size(2**31 - 1, 2**31 - 1), "image", "neither a PNG nor"),
    "16 million pixels": (png_of_size(4096, 8192), "image", "of 16777216 pixels at most"),
    "cut short": (RIGHT[:-40], "image", "a damaged image"),
    "rows missing": (png_of_size(PIXELS, VIEWS * PIXELS), "image", "a damaged image"),
    "rows cut short": (png_cut_short(), "image", "a damaged image"),
    "too many bytes": (bytes(2**22 + 1), "bytes", "4194305 bytes, more than the 4194304 allowed"),
    "too many scans": (jpeg(black_and_white()) + b"\xff\xda" * 64, "image", "more than 64 scans"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_bitmap_says_why(case: str) -> None:
    value, form, reason = BAD[case]

    with pytest.raises(ValueError, match=reason) as error:
        decode_bitmap(value, BitmapEncoding(form, "bare"), SETTINGS)

    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("writing", "text"), [("base64", "ab*="), ("base64", "abc"), ("hexadecimal", "abc")]
)
def test_a_text_cut_short_is_none(writing: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"not (pairs of )?{writing}"):
        decode_bitmap(text, BitmapEncoding("bytes", writing), SETTINGS)


@pytest.mark.parametrize("place", range(0, len(RIGHT), 7))
def test_a_changed_byte_of_a_png_is_noticed_or_harmless(place: int) -> None:
    changed = bytearray(RIGHT)
    changed[place] ^= 0x10

    try:
        found, _ = decode_bitmap(bytes(changed), IMAGE, SETTINGS)
    except ValueError:
        return
    np.testing.assert_array_equal(found, black_and_white())


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_compressed_bomb_beside_the_pixels_takes_no_memory(name: bytes) -> None:
    bomb = with_text_bomb(name)
    tracemalloc.start()
    try:
        decode_bitmap(bomb, IMAGE, SETTINGS)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either is right)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 32 * 2**20


ENCODINGS = st.builds(
    BitmapEncoding, st.sampled_from(FORMS), st.sampled_from(["bare", "hexadecimal", "base64"])
)


def decoded_or_rejected(value: Any, encoding: BitmapEncoding) -> None:
    """Nothing but a ValueError, and no more memory than a bitmap and its decoder take."""
    tracemalloc.start()
    try:
        bitmaps, _ = decode_bitmap(value, encoding, SETTINGS)
        assert bitmaps.shape == (VIEWS, PIXELS, PIXELS)
        assert bitmaps.dtype == np.uint8
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either is right)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 32 * 2**20


@given(st.binary(max_size=600), ENCODINGS)
def test_any_bytes_are_a_bitmap_or_none(content: bytes, encoding: BitmapEncoding) -> None:
    decoded_or_rejected(content, encoding)


@given(st.text(max_size=600), ENCODINGS)
@example("\ud800", BitmapEncoding("bytes", "hexadecimal"))
def test_any_text_is_a_bitmap_or_none(text: str, encoding: BitmapEncoding) -> None:
    decoded_or_rejected(text, encoding)


@given(
    st.sampled_from(
        [RIGHT, converted("P"), converted("RGBA"), jpeg(black_and_white(), progressive=True)]
    ),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=6)), max_size=6),
    st.integers(0, 40),
)
def test_mutated_images_are_bitmaps_or_none(
    content: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    changed = bytearray(content)
    for place, replacement in changes:
        place %= len(changed)
        changed[place : place + len(replacement)] = replacement
    decoded_or_rejected(bytes(changed[: len(changed) - cut]), IMAGE)


@given(
    st.sampled_from(
        [b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"zTXt", b"iTXt", b"eXIf", b"pHYs"]
    ),
    st.binary(max_size=60),
)
def test_chunks_of_any_content_are_bitmaps_or_none(name: bytes, content: bytes) -> None:
    """With right checksums, so that the decoder goes on to what is in them."""
    place = RIGHT.index(b"IDAT") - 4
    decoded_or_rejected(RIGHT[:place] + chunk(name, content) + RIGHT[place:], IMAGE)
    size = struct.unpack(">II", content.ljust(8, b"\0")[:8])
    header = RIGHT[16:24] + content.ljust(13, b"\0")[8:13]
    decoded_or_rejected(RIGHT[:8] + chunk(b"IHDR", header) + RIGHT[33:], IMAGE)
    decoded_or_rejected(png_of_size(*size), IMAGE)


def test_the_longest_value_holds_the_longest_right_one() -> None:
    large = Morphology(pixels=2000)
    assert largest_value(SETTINGS) == 2**22
    assert largest_value(large) >= len("\\x" + (b"\1\0" * (3 * 2000 * 2000)).hex())
