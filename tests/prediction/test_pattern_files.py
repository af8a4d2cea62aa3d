from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.prediction.pattern_files import holds_patterns, read_images, read_pattern_file

SIZE = 12


@pytest.fixture
def raw() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE), dtype=np.uint8)


def write_images(folder: Path, raw: NDArray[np.uint8], suffix: str = ".png") -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{view}{suffix}" for view in "xyz"]
    for path, pattern in zip(paths, raw, strict=True):
        Image.fromarray(pattern).save(path)
    return paths


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_images_keep_every_grey_level_and_their_order(
    tmp_path: Path, raw: NDArray[np.uint8], suffix: str
) -> None:
    paths = write_images(tmp_path / "crystal", raw, suffix)
    assert (read_images(paths, SIZE) == raw).all()
    assert (read_images(paths[::-1], SIZE) == raw[::-1]).all()
    (found,) = read_pattern_file(tmp_path / "crystal", SIZE)
    assert found.name == str(tmp_path / "crystal")
    assert (found.raw == raw).all()


def test_grey_images_saved_in_colour_are_the_same(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    paths = write_images(tmp_path, np.repeat(raw[..., None], 3, axis=-1))
    assert (read_images(paths, SIZE) == raw).all()


def test_arrays_hold_one_crystal_or_several(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    np.save(tmp_path / "one.npy", raw)
    np.save(tmp_path / "two.npy", np.stack([raw, 255 - raw]))
    (one,) = read_pattern_file(tmp_path / "one.npy", SIZE)
    first, second = read_pattern_file(tmp_path / "two.npy", SIZE)
    assert (one.raw == raw).all()
    assert (first.raw == raw).all()
    assert (second.raw == 255 - raw).all()
    assert [first.name, second.name] == [f"{tmp_path / 'two.npy'}#{i}" for i in (0, 1)]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, SIZE, SIZE), dtype=np.float64),
        np.zeros((SIZE, SIZE), dtype=np.uint8),
        np.zeros((2, SIZE, SIZE), dtype=np.uint8),
        np.zeros((3, SIZE, SIZE + 1), dtype=np.uint8),
    ],
)
def test_other_arrays_are_refused_with_what_was_expected(
    tmp_path: Path, array: NDArray[np.generic]
) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match=r"expected 8-bit patterns .* of shape \(3, 12, 12\)"):
        read_pattern_file(tmp_path / "a.npy", SIZE)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="cannot be read as a NumPy array"):
        read_pattern_file(tmp_path / "a.npy", SIZE)


def test_images_that_are_no_patterns_are_refused(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    paths = write_images(tmp_path, raw)
    with pytest.raises(UserError, match=r"12 x 12 pixels, but .* 13 x 13"):
        read_images(paths, SIZE + 1)
    Image.fromarray(np.moveaxis(raw, 0, -1)).save(tmp_path / "colours.png")
    with pytest.raises(UserError, match="has colours"):
        read_images([tmp_path / "colours.png"], SIZE)
    Image.fromarray(raw[0].astype(np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="not of 8 bits"):
        read_images([tmp_path / "deep.png"], SIZE)
    (tmp_path / "cut.png").write_bytes(paths[0].read_bytes()[:60])
    with pytest.raises(UserError, match="cut short"):
        read_images([tmp_path / "cut.png"], SIZE)
    with pytest.raises(UserError, match="no such file"):
        read_images([tmp_path / "none.png"], SIZE)


def test_a_folder_must_have_all_views(tmp_path: Path, raw: NDArray[np.uint8]) -> None:
    write_images(tmp_path, raw)[1].unlink()
    with pytest.raises(UserError, match=r"there is no y\.png in it"):
        read_pattern_file(tmp_path, SIZE)


def test_what_is_a_pattern_is_told_by_its_name(tmp_path: Path) -> None:
    assert holds_patterns(tmp_path)
    assert holds_patterns(tmp_path / "a.npy")
    assert not holds_patterns(tmp_path / "a.cif")
