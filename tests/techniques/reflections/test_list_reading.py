"""Several files of one crystal become one list; real ones are read as they were measured."""

import bz2
import gzip
import json
import lzma

import numpy as np
import pytest
from reflection_files import CELL, CELL_TEXT, CIF_CELL, INS, hkl_text, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

OTHER = CIF_CELL + "_diffrn_radiation_wavelength 1.54\n"
LIST = hkl_text(*reflections())


def test_a_list_is_read_with_what_is_beside_it(tmp_path):
    path = write(tmp_path / "a.hkl", LIST)
    write(tmp_path / "a.res", INS)
    write(tmp_path / "b.ins", INS.replace("HKLF 4", "HKLF 5"))
    found = read_reflection_list([path])
    assert found.stated_number == 19
    assert f"{tmp_path / 'a.res'} is beside the list, and read with it" in found.notes


@pytest.mark.parametrize(
    ("name", "beside", "pack"),
    [
        ("a.hkl.gz", "a.ins", gzip.compress),
        ("a.HKL.XZ", "a.INS", lzma.compress),
        ("a.HKL", "a.res", bytes),
        ("a.hkl", "a.RES", bytes),
    ],
)
def test_what_is_beside_a_list_is_found_in_either_case(tmp_path, name, beside, pack):
    write(tmp_path / beside, INS)
    found = read_reflection_list([write(tmp_path / name, pack(LIST.encode()))])
    assert found.stated_number == 19


def test_the_cell_may_come_from_a_cif(tmp_path):
    paths = [write(tmp_path / "a.cif", CIF_CELL), write(tmp_path / "b.txt", LIST)]
    found = read_reflection_list(paths)
    assert found.cell.tolist() == list(CELL)
    assert "nothing says whether values are F or F squared; taken as F squared" in found.notes
    assert (found.hkl.dtype, found.intensity.dtype) == (np.int32, np.float64)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: data])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: (text + "TITL Größe\n").encode("latin-1"),
    ],
)
def test_packed_and_in_any_encoding(tmp_path, pack, encode):
    found = read_reflection_list([write(tmp_path / "a", pack(encode(LIST)))], CELL_TEXT)
    np.testing.assert_array_equal(found.hkl, reflections()[0])


@pytest.mark.parametrize(
    ("files", "cell", "words"),
    [
        ({"a.hkl": LIST}, None, "a.hkl: no unit cell; give the .ins, .res or CIF"),
        (
            {"a.hkl": LIST, "b.hkl": LIST},
            CELL_TEXT,
            "b.hkl: several lists of reflections; give one",
        ),
        (
            {"a.hkl": LIST, "b.ins": INS},
            "5.79,5.94,12.4,90,90,90",
            "has the cell 5.79, 5.94, 12.27",
        ),
        (
            {"a.hkl": LIST, "b.ins": INS, "c.cif": OTHER},
            None,
            "b.ins has the wavelength 0.71073, ",
        ),
        (
            {"a.hkl": LIST, "b.ins": INS, "c.res": INS.replace("HKLF 4", "HKLF 3")},
            None,
            "c.res have different HKLF instructions; give one of them",
        ),
        ({"a.hkl": LIST}, "5.79,5.94,12.4", "--cell 5.79,5.94,12.4: give six numbers"),
        ({"a.hkl": LIST}, "5.79,5.94,nan,90,90,90", "no unit cell has 5.79, 5.94, nan"),
        ({}, CELL_TEXT, "missing.hkl: no such file"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_named(tmp_path, files, cell, words):
    paths = [write(tmp_path / name, text) for name, text in files.items()]
    with pytest.raises(UserError) as error:
        read_reflection_list(paths or [tmp_path / "missing.hkl"], cell)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_real_lists_are_read_exactly(shared_reflections):
    """The arrays beside the original files were read by another program.

    glycine_ccp4 is left out: its columns are 12 wide, and that program cut them after 8.
    """
    read = 0
    for folder in sorted(shared_reflections.iterdir()):
        originals = [path for end in ("*.hkl", "*.cif") for path in folder.glob(end)]
        if not originals or folder.name == "glycine_ccp4":
            continue
        cell = ",".join(map(str, json.loads((folder / "meta.json").read_text())["cell"]))
        expected = np.load(folder / "refl.npz")
        kept = expected["sigma"] > 0
        found = read_reflection_list(originals, cell)
        np.testing.assert_array_equal(found.hkl, expected["hkl"][kept], folder.name)
        np.testing.assert_array_equal(found.intensity, expected["I"][kept], folder.name)
        np.testing.assert_array_equal(found.sigma, expected["sigma"][kept], folder.name)
        read += 1
    assert read == 17
