import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from deep_colours import write_deep_colours
from numpy.typing import NDArray
from PIL import Image
from simulated_patterns import SMALL, simulated

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.pattern_files import (
    Patterns,
    holds_patterns,
    read_images,
    read_pattern_file,
)
from spacegrouper.settings import Simulate

SIZE = SMALL.pixels
FORMULA = r"np\.floor\(255 \* \(I / I\.max\(\)\)\)"


@pytest.fixture(scope="module")
def raw() -> NDArray[np.uint8]:
    return simulated()


def write_images(folder: Path, raw: NDArray[np.uint8], suffix: str = ".png") -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{view}{suffix}" for view in "xyz"]
    for path, pattern in zip(paths, raw, strict=True):
        Image.fromarray(pattern).save(path)
    return paths


def read_one(path: Path, settings: Simulate = SMALL) -> Patterns:
    (found,) = read_pattern_file(path, settings)
    assert isinstance(found, Patterns)
    return found


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_images_keep_every_grey_level_and_their_order(
    tmp_path: Path, raw: NDArray[np.uint8], suffix: str
) -> None:
    paths = write_images(tmp_path / "crystal", raw, suffix)
    assert (read_images(paths, SMALL) == raw).all()
    assert (read_images(paths[::-1], SMALL) == raw[::-1]).all()
    found = read_one(tmp_path / "crystal")
    assert found.name == str(tmp_path / "crystal")
    assert (found.raw == raw).all()


FINE = SMALL.model_copy(update={"bit_depth": 16, "grey_scale": "logarithmic"})


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_images_of_16_bits_keep_every_level(tmp_path: Path, suffix: str) -> None:
    raw = simulated(FINE)
    assert len(np.unique(raw)) > 256
    write_images(tmp_path / "crystal", raw, suffix)
    assert (read_one(tmp_path / "crystal", FINE).raw == raw).all()
    np.save(tmp_path / "one.npy", raw)
    assert (read_one(tmp_path / "one.npy", FINE).raw == raw).all()


def test_a_tiff_of_the_other_byte_order_is_the_same(tmp_path: Path) -> None:
    raw = simulated(FINE)[0]
    big = Image.frombytes("I;16B", (SIZE, SIZE), raw.astype(">u2").tobytes())
    big.save(tmp_path / "x.tif")
    assert (read_images([tmp_path / "x.tif"], FINE)[0] == raw).all()


FINE_WRITERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "coarse.png": (
        lambda p: Image.fromarray(simulated()[0]).save(p),
        "8 bits a pixel, but the network was trained on 16-bit patterns on a logarithmic grey "
        r"scale of 6 decades; .*np\.log10.*np\.uint16",
    ),
    "linear.png": (
        lambda p: Image.fromarray(simulated(SMALL.model_copy(update={"bit_depth": 16}))[0]).save(p),
        "look linear",
    ),
    "signed.tif": (
        lambda p: Image.fromarray(np.ones((SIZE, SIZE), dtype=np.int32)).save(p),
        "32 bits, maybe signed, a pixel",
    ),
    "colours.png": (lambda p: write_deep_colours(p, SIZE), "has colours"),
    "bits.bmp": (lambda p: Image.new("L", (SIZE, SIZE)).save(p), "8 bits a pixel, but"),
}


@pytest.mark.parametrize("name", FINE_WRITERS)
def test_a_network_of_16_bits_refuses_others_by_name(tmp_path: Path, name: str) -> None:
    write, reason = FINE_WRITERS[name]
    write(tmp_path / name)
    with pytest.raises(UserError, match=reason) as raised:
        read_images([tmp_path / name], FINE)
    assert str(raised.value).startswith(f"{tmp_path / name}: ")


def test_grey_images_saved_in_colour_are_the_same(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    paths = write_images(tmp_path, np.repeat(raw[..., None], 3, axis=-1))
    assert (read_images(paths, SMALL) == raw).all()


def test_arrays_hold_one_crystal_or_several(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    np.save(tmp_path / "one.npy", raw)
    np.save(tmp_path / "two.npy", np.stack([raw, 0 * raw, raw[::-1]]))
    assert (read_one(tmp_path / "one.npy").raw == raw).all()
    first, black, last = read_pattern_file(tmp_path / "two.npy", SMALL)
    assert isinstance(first, Patterns)
    assert isinstance(last, Patterns)
    assert (first.raw == raw).all()
    assert (last.raw == raw[::-1]).all()
    # One that is none does not take the others with it.
    name = str(tmp_path / "two.npy")
    assert black == Rejection(f"{name}#1", "read", "view x: all black: there is no pattern in it")
    assert [first.name, last.name] == [f"{name}#0", f"{name}#2"]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, SIZE, SIZE)), f"found float64 .* {FORMULA}"),
        (np.zeros((3, SIZE, SIZE), dtype=np.uint16), f"found uint16 .* {FORMULA}"),
        (np.full((3, SIZE, SIZE), np.nan), "found float64 .* not finite"),
        (np.zeros((SIZE, SIZE), dtype=np.uint8), "found uint8"),
        (np.zeros((2, SIZE, SIZE), dtype=np.uint8), "found uint8"),
        (np.zeros((3, SIZE, SIZE + 1), dtype=np.uint8), "found uint8"),
        (np.zeros((0, 3, SIZE, SIZE), dtype=np.uint8), "holds no crystal"),
    ],
)
def test_other_arrays_are_refused_with_what_was_expected(
    tmp_path: Path, array: NDArray[np.generic], reason: str
) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match=reason):
        list(read_pattern_file(tmp_path / "a.npy", SMALL))


def test_pickles_and_archives_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "b.npy", "w") as archive:
        archive.writestr("c.npy", "")
    (tmp_path / "c.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:40])
    for name in "abc":
        with pytest.raises(UserError, match="cannot be read as a NumPy array"):
            list(read_pattern_file(tmp_path / f"{name}.npy", SMALL))


def transparent(path: Path) -> None:
    pixels = np.full((SIZE, SIZE, 4), 255, dtype=np.uint8)
    pixels[5, 5, 3] = 0
    Image.fromarray(pixels).save(path)


WRITERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut.png": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n1234"), "not an image, or cut short"),
    "junk.png": (lambda p: p.write_bytes(b"hello"), "not an image, or cut short"),
    "none.png": (lambda p: None, "no such file"),
    "large.png": (
        lambda p: Image.new("L", (SIZE + 1, SIZE)).save(p),
        f"{SIZE + 1} x {SIZE} pixels, but .* {SIZE} x {SIZE}",
    ),
    "colours.png": (
        lambda p: Image.new("RGB", (SIZE, SIZE), (1, 2, 3)).save(p),
        "has colours",
    ),
    "cmyk.tif": (lambda p: Image.new("CMYK", (SIZE, SIZE)).save(p), "has colours"),
    "deep.png": (
        lambda p: Image.fromarray(np.ones((SIZE, SIZE), dtype=np.uint16)).save(p),
        f"16 bits a pixel.*{FORMULA}",
    ),
    "float.tif": (
        lambda p: Image.fromarray(np.ones((SIZE, SIZE), dtype=np.float32)).save(p),
        f"floating-point numbers a pixel.*{FORMULA}",
    ),
    "deep_colours.png": (
        lambda p: write_deep_colours(p, SIZE),
        "has colours .* of 16 bits a channel",
    ),
    "transparent.png": (transparent, "transparent"),
    "pages.tif": (
        lambda p: Image.new("L", (SIZE, SIZE)).save(
            p, save_all=True, append_images=[Image.new("L", (SIZE, SIZE))]
        ),
        "holds 2 pages",
    ),
    "lossy.tif": (
        lambda p: Image.new("L", (SIZE, SIZE)).save(p, compression="jpeg"),
        "JPEG in it, which loses grey levels",
    ),
    "photo.png": (
        lambda p: Image.new("L", (SIZE, SIZE)).save(p, format="JPEG"),
        "a JPEG file, which loses grey levels",
    ),
    "old.gif": (lambda p: Image.new("L", (SIZE, SIZE)).save(p), "a GIF file"),
    "scope.mrc": (lambda p: p.write_bytes(bytes(208) + b"MAP " + bytes(900)), "file \\(MRC\\)"),
    "scope.dm4": (lambda p: p.write_bytes(b"\0\0\0\x04\0\0\0\0"), "DM4 of DigitalMicrograph"),
    "packed.png": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(40)), "a ZIP archive; unpack it"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_images_that_are_not_taken_are_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    write, reason = WRITERS[name]
    write(tmp_path / name)
    with pytest.raises(UserError, match=reason) as raised:
        read_images([tmp_path / name], SMALL)
    assert str(raised.value).startswith(f"{tmp_path / name}: ")


def test_what_is_no_pattern_is_refused_by_the_name_of_its_file(
    tmp_path: Path, raw: NDArray[np.uint8]
) -> None:
    paths = write_images(tmp_path, np.stack([raw[0], 255 - raw[1], raw[2]]))
    with pytest.raises(UserError, match=r"y\.png: the background is bright"):
        read_images(paths, SMALL)


def test_the_files_of_a_folder_are_found_whatever_their_case(
    tmp_path: Path, raw: NDArray[np.uint8]
) -> None:
    paths = write_images(tmp_path / "upper", raw)
    for path in paths:
        path.rename(path.with_name(path.name.upper()))
    assert (read_one(tmp_path / "upper").raw == raw).all()


def test_a_folder_must_have_each_view_once(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    paths = write_images(tmp_path, raw)
    Image.fromarray(raw[1]).save(tmp_path / "y.bmp")
    with pytest.raises(UserError, match=r"y\.bmp and y\.png are both view y"):
        list(read_pattern_file(tmp_path, SMALL))
    (tmp_path / "y.bmp").unlink()
    paths[1].unlink()
    with pytest.raises(UserError, match=r"there is no y\.png in it"):
        list(read_pattern_file(tmp_path, SMALL))
    Image.fromarray(raw[1]).save(tmp_path / "y.jpg")
    with pytest.raises(UserError, match=r"y\.jpg: a JPEG file"):
        list(read_pattern_file(tmp_path, SMALL))


def test_what_is_a_pattern_is_told_by_its_name(tmp_path: Path) -> None:
    assert holds_patterns(tmp_path)
    assert holds_patterns(tmp_path / "a.NPY")
    assert not holds_patterns(tmp_path / "a.cif")
