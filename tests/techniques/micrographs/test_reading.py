from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_micrographs import drawn
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.reading import read_micrograph


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("a.png", "uint8"), ("a.png", "uint16"), ("a.tif", "uint8"), ("a.tif", "uint16"),
     ("a.tiff", "int32"), ("a.tif", "float32")],
)  # fmt: skip
def test_grey_images_keep_their_values(tmp_path: Path, name: str, dtype: str) -> None:
    values = np.arange(80 * 70).reshape(80, 70) % 251 * (1 if dtype == "uint8" else 7)
    Image.fromarray(values.astype(dtype)).save(tmp_path / name)
    read = read_micrograph(tmp_path / name)
    np.testing.assert_array_equal(read.counts, values)
    assert read.step is None


def transparent() -> Image.Image:
    image = Image.new("RGBA", (80, 80), (10, 10, 10, 255))
    image.putpixel((3, 3), (10, 10, 10, 0))
    return image


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (transparent(), "transparent pixels"),
        (Image.new("RGB", (80, 80), (10, 20, 30)), "has colours"),
        (Image.new("L", (8, 8)), "8 x 8 pixels; give 64"),
    ],
)
def test_what_is_no_grey_image_is_refused(tmp_path: Path, image: Image.Image, words: str) -> None:
    image.save(tmp_path / "a.png")
    with pytest.raises(UserError, match=f"a.png: .*{words}"):
        read_micrograph(tmp_path / "a.png")


def test_several_pages_broken_and_missing_files_are_refused(tmp_path: Path) -> None:
    page = Image.new("L", (80, 80))
    page.save(tmp_path / "two.tif", save_all=True, append_images=[page])
    with pytest.raises(UserError, match="holds 2 pages"):
        read_micrograph(tmp_path / "two.tif")
    (tmp_path / "no.png").write_bytes(b"no image")
    with pytest.raises(UserError, match="not an image, or cut short; give TIFF or PNG"):
        read_micrograph(tmp_path / "no.png")
    page.save(tmp_path / "lossy.tif", compression="jpeg")
    with pytest.raises(UserError, match="TIFF with JPEG in it, which loses grey levels"):
        read_micrograph(tmp_path / "lossy.tif")
    with pytest.raises(UserError, match="no such file"):
        read_micrograph(tmp_path / "none.png")


def microscopes_file(path: Path, counts: Any, units: str, scale: Any) -> None:
    """Write what the suffix says; the last two axes are those of a pattern."""
    reader = {".hspy": "rsciio.hspy", ".blo": "rsciio.blockfile"}[path.suffix]
    writer = pytest.importorskip(reader, reason="needs the extra `micrographs`")
    axes = [
        {"name": name, "size": size, "scale": of_axis, "offset": 0.0, "units": units,
         "navigate": place < counts.ndim - 2, "index_in_array": place, "_type": "UniformDataAxis"}
        for place, (name, size, of_axis) in enumerate(
            zip("abcd", counts.shape, np.broadcast_to(scale, counts.ndim).tolist(), strict=False)
        )
    ]  # fmt: skip
    metadata = {
        "Acquisition_instrument": {"TEM": {"beam_energy": 200.0}},
        "General": {"title": "a"},
    }
    empty = ("original_metadata", "package_info", "learning_results", "tmp_parameters", "models")
    signal: dict[str, Any] = {key: {} for key in empty}
    signal |= {"data": counts, "axes": axes, "metadata": metadata, "attributes": {"_lazy": False}}
    writer.file_writer(str(path), signal)


# The wavelength of electrons of 200 kV is 0.02508 Angstrom (International Tables C, 4.3.2.1).
@pytest.mark.parametrize(
    ("units", "scale", "step"), [("1/nm", 0.08, 0.008), ("mrad", 0.2, 0.2e-3 / 0.02508)]
)
def test_a_microscopes_file_says_its_scale_and_high_tension(
    tmp_path: Path, units: str, scale: float, step: float
) -> None:
    microscopes_file(tmp_path / "a.hspy", drawn(), units, scale)
    read = read_micrograph(tmp_path / "a.hspy")
    assert read.step == pytest.approx(step, rel=1e-3)
    assert read.high_tension == 200
    np.testing.assert_array_equal(read.counts, drawn())


def test_a_scale_in_metres_is_none_of_a_pattern(tmp_path: Path) -> None:
    microscopes_file(tmp_path / "a.hspy", drawn(), "nm", 0.1)
    read = read_micrograph(tmp_path / "a.hspy")
    assert read.step is None
    assert read.notes == ("the file's scale is in nm: it is not used",)


def test_a_stack_of_patterns_is_refused(tmp_path: Path) -> None:
    microscopes_file(tmp_path / "a.hspy", np.stack([drawn(), drawn()]), "1/nm", 0.1)
    with pytest.raises(UserError, match="holds 2 images; save one of them, or their mean"):
        read_micrograph(tmp_path / "a.hspy")


@pytest.mark.parametrize("shape", [(200,), (1, 200)])
def test_a_line_of_values_is_no_pattern(tmp_path: Path, shape: tuple[int, ...]) -> None:
    microscopes_file(tmp_path / "a.hspy", np.arange(200.0).reshape(shape), "1/nm", 0.1)
    with pytest.raises(UserError, match="holds a line of 200 values and no image; export"):
        read_micrograph(tmp_path / "a.hspy")


def test_the_scale_is_that_of_the_images_axes(tmp_path: Path) -> None:
    pattern = drawn()
    microscopes_file(tmp_path / "a.hspy", pattern[..., None], "1/nm", [0.08, 0.08, 5])
    assert read_micrograph(tmp_path / "a.hspy").step == pytest.approx(0.008)


def test_a_blockfile_of_one_pattern_is_read_and_a_scan_is_refused(tmp_path: Path) -> None:
    pattern = (np.arange(64 * 64) % 251).astype(np.uint8).reshape(64, 64)
    microscopes_file(tmp_path / "a.blo", pattern[None, None], "cm", 0.016)
    read = read_micrograph(tmp_path / "a.blo")
    np.testing.assert_array_equal(read.counts, pattern)
    assert read.step is None
    microscopes_file(tmp_path / "scan.blo", np.stack([[pattern] * 3] * 2), "cm", 0.016)
    with pytest.raises(UserError, match="holds 2 x 3 images"):
        read_micrograph(tmp_path / "scan.blo")


@pytest.mark.parametrize("suffix", [".blo", ".dm4", ".mrc", ".tvips", ".mib", ".hspy"])
def test_a_damaged_file_of_a_microscope_gives_one_line(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("rsciio", reason="needs the extra `micrographs`")
    (tmp_path / f"a{suffix}").write_bytes(b"\x00" * 5000)
    with pytest.raises(UserError, match="or as TIFF") as caught:
        read_micrograph(tmp_path / f"a{suffix}")
    assert "\n" not in str(caught.value)


def test_without_the_extra_a_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.dm4").write_bytes(b"any")

    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("spacegrouper.techniques.micrographs.reading.import_module", absent)
    with pytest.raises(UserError, match="pip install rosettasciio, or save the pattern as TIFF"):
        read_micrograph(tmp_path / "a.dm4")


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.dm3", "a.mrc"])
def test_an_empty_file_is_called_empty(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UserError, match=f"{name}: an empty file"):
        read_micrograph(tmp_path / name)


@pytest.mark.parametrize("sizes", [(-5, 512, 1), (0, 512, 1), (512, 512, 2**30)])
@pytest.mark.parametrize("order", ["<i4", ">i4"])
def test_impossible_sizes_of_an_mrc_file_are_refused(
    tmp_path: Path, sizes: tuple[int, ...], order: str
) -> None:
    header = np.zeros(256, order)
    header[:3] = sizes
    (tmp_path / "a.mrc").write_bytes(header.tobytes() + bytes(4096))
    with pytest.raises(UserError, match=r"a.mrc: not a .mrc file, or damaged"):
        read_micrograph(tmp_path / "a.mrc")
