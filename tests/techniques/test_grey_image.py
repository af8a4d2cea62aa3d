from pathlib import Path

import numpy as np
import pytest
from deep_colours import write_deep_colours
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.techniques.grey_image import read_grey_image

FORMATS = ("PNG", "TIFF")


def read(path: Path) -> np.ndarray:
    return read_grey_image(path, FORMATS, lambda image, bits: "")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_levels_are_those_of_the_file(tmp_path: Path, dtype: str) -> None:
    values = (np.arange(80 * 70).reshape(80, 70) % 251 + 1).astype(dtype)
    Image.fromarray(values).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), values)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_grey_that_is_saved_otherwise_is_the_same(tmp_path: Path, mode: str) -> None:
    values = (np.arange(80 * 70).reshape(80, 70) % 251).astype(np.uint8)
    Image.fromarray(values).convert(mode).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), values)


def test_black_and_white_are_the_lowest_and_the_highest_level(tmp_path: Path) -> None:
    Image.fromarray(np.eye(70) > 0).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), 255 * np.eye(70))


def see_through(path: Path) -> None:
    Image.new("L", (8, 8), 3).save(path, transparency=3)


GREY = Image.new("L", (8, 8), 3)
WRITERS = {
    "lossy.tif": (lambda p: GREY.save(p, compression="jpeg"), "TIFF with JPEG in it"),
    "two.tif": (lambda p: GREY.save(p, save_all=True, append_images=[GREY]), "holds 2 pages"),
    "colours.png": (lambda p: Image.new("RGB", (8, 8), (1, 2, 3)).save(p), "has colours"),
    "cmyk.tif": (lambda p: Image.new("CMYK", (8, 8)).save(p), "has colours .CMYK"),
    "deep.png": (
        lambda p: write_deep_colours(p, 8),
        "has colours or transparency, of 16 bits a channel",
    ),
    "clear.png": (see_through, "transparent pixels"),
    "cut.png": (
        lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n12"),
        "not an image, or cut short; give",
    ),
    "gif.png": (lambda p: GREY.save(p, format="GIF"), "give PNG or TIFF"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_would_change_levels_is_refused(tmp_path: Path, name: str) -> None:
    write, reason = WRITERS[name]
    write(tmp_path / name)
    with pytest.raises(UserError, match=reason) as refused:
        read(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_more_pixels_than_are_unpacked_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    GREY.save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(UserError, match="has far more pixels than a pattern"):
        read(tmp_path / "a.png")


def test_a_header_is_judged_before_anything_is_unpacked(tmp_path: Path) -> None:
    GREY.save(tmp_path / "a.png")
    with pytest.raises(UserError, match="8 bits and 8 wide"):
        read_grey_image(
            tmp_path / "a.png", FORMATS, lambda image, bits: f"{bits} bits and {image.width} wide"
        )
