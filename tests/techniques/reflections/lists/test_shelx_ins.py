"""SHELX's instructions that go with a list."""

import numpy as np
import pytest
from reflection_files import CELL, CELL_TEXT, INS, hkl_text, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

LIST = hkl_text(*reflections())


def read(tmp_path, instructions, text=LIST):
    paths = [write(tmp_path / "a.hkl", text), write(tmp_path / "b.ins", instructions)]
    return read_reflection_list(paths)


def test_cell_wavelength_and_space_group_are_read(tmp_path):
    found = read(tmp_path, INS)
    assert found.cell.tolist() == list(CELL)
    assert (found.wavelength, found.radiation) == (0.71073, "xray")
    assert (found.stated_symbol, found.stated_number) == ("P 21 21 21", 19)
    assert found.quantity == "F squared"


@pytest.mark.parametrize(
    ("latt", "symm", "symbol"),
    [
        ("LATT 7", "SYMM -x, y,-z+1/2", "C 1 2/c 1"),
        ("LATT 1", "", "P -1"),
        ("LATT -2", "", "I 1"),
        ("", "", None),
    ],
)
def test_the_space_group_follows_from_latt_and_symm(tmp_path, latt, symm, symbol):
    text = f"CELL 0.71073 5.79 5.94 12.27 90 90 90\n{latt}\n{symm}\nHKLF 4\n"
    assert read(tmp_path, text).stated_symbol == symbol


def test_titles_may_have_an_equals_sign(tmp_path):
    text = INS.replace("TITL alanine", "TITL n =\nREM Z =")
    assert read(tmp_path, text).stated_number == 19


def test_f_is_squared(tmp_path):
    rows = (
        "   1   1   1   10.00    0.50\n   1   1   2    0.00    2.00\n   1   1   3   -3.00    1.00\n"
    )
    found = read(tmp_path, INS.replace("HKLF 4", "HKLF 3"), 5 * rows)
    assert found.intensity[:3].tolist() == [100, 0, -9]
    assert found.sigma[:3].tolist() == [10, 4, 6]  # sigma^2 where 2 F sigma would be 0
    assert found.quantity == "F"
    assert any("squared, with sigma" in note for note in found.notes)


def test_the_matrix_of_hklf_is_applied(tmp_path):
    hkl, intensity, sigma = reflections()
    found = read(tmp_path, INS.replace("HKLF 4", "HKLF 4 1 0 0 1 1 0 0 0 1 0"))
    np.testing.assert_array_equal(found.hkl, hkl[:, [2, 0, 1]])
    assert "indices are transformed by the matrix of HKLF" in found.notes
    # Half of the l are odd.
    hkl, intensity, sigma = reflections(40)
    text = hkl_text(hkl, intensity, sigma)
    found = read(tmp_path, INS.replace("HKLF 4", "HKLF 4 1 1 0 0 0 1 0 0 0 .5"), text)
    even = hkl[:, 2] % 2 == 0
    np.testing.assert_array_equal(found.hkl, hkl[even] // [1, 1, 2])
    np.testing.assert_array_equal(found.intensity, intensity[even])
    assert any(note.endswith(f"no whole indices: {(~even).sum()}") for note in found.notes)


def test_a_matrix_to_primitive_axes_leaves_most_out_where_they_are_absent(tmp_path):
    hkl, intensity, sigma = reflections(100)
    absent = (hkl[:, :1] % 2 != hkl % 2).any(axis=1)  # of F
    text = hkl_text(hkl, np.where(absent, 0.5, intensity + 10), np.where(absent, 1, sigma))
    matrix = "HKLF 4 1 0 .5 .5 .5 0 .5 .5 .5 0"
    found = read(tmp_path, INS.replace("HKLF 4", matrix), text)
    assert len(found.hkl) == (~absent).sum() < 40


def test_twins_scales_and_neutrons_are_said(tmp_path):
    text = INS.replace("HKLF 4", "TWIN 0 1 0 1 0 0 0 0 -1\nNEUT\nHKLF 4 0.1")
    found = read(tmp_path, text)
    assert found.radiation == "neutron"
    assert "the instructions treat the crystal as a twin (TWIN)" in found.notes
    assert "HKLF has a scale of 0.1, which is left out" in found.notes
    np.testing.assert_array_equal(found.intensity, reflections()[1])


def test_a_wavelength_of_zero_is_unknown(tmp_path):
    found = read(tmp_path, INS.replace("0.71073", "0.00000"))
    assert found.wavelength is None
    assert "CELL in line 2 says a wavelength of 0, which is none: taken as unknown" in found.notes


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("HKLF 4", "HKLF 5", "line 10: HKLF 5: overlapping reflections of twin components"),
        ("HKLF 4", "HKLF 2", "line 10: HKLF 2: a Laue photograph"),
        ("HKLF 4", "HKLF 6", "line 10: HKLF 6: sums of overlapping reflections"),
        ("HKLF 4", "HKLF -4", "line 10: HKLF -4: the reflections are in the instructions"),
        ("HKLF 4", "HKLF 4 1 1 0 0", "line 10: HKLF has 3 numbers of a matrix; give nine"),
        ("HKLF 4", "HKLF 4 1 -1 0 0 0 1 0 0 0 1", "no positive determinant"),
        (
            "HKLF 4",
            "HKLF 4 1 0.5 0 0 0 0.5 0 0 0 0.5",
            "of 19 reflections above 3 sigma the matrix of HKLF gives 17 no whole indices; check",
        ),
        ("0.71073 5.79", "5.79", "line 2: CELL has 6 numbers"),
        ("5.79 5.94", "5.79 nan", "5.79 nan 12.27 90 90 90: not all are numbers"),
        (
            "90 90 90",
            "90 90 x",
            "line 2: CELL 0.71073 5.79 5.94 12.27 90 90 x: not all are numbers",
        ),
        ("LATT -1", "CELL 0.71073 8 8 9 90 90 120", "line 4: another CELL than in line 2; keep"),
        ("HKLF 4", "HKLF 4\nHKLF 3", "line 11: another HKLF than in line 10; keep the one"),
        ("5.79 5.94", "5.79 0", "line 2: CELL: no unit cell has 5.79, 0, 12.27"),
        ("90 90 90", "20 20 90", "has no volume; check the angles"),
    ],
)
def test_instructions_that_are_not_taken_are_refused_by_name(tmp_path, old, new, words):
    with pytest.raises(UserError) as error:
        read(tmp_path, INS.replace(old, new))
    assert words in str(error.value)


def test_an_instruction_may_be_said_twice(tmp_path):
    text = INS.replace("LATT -1", "CELL 0.710730 5.790 5.94 12.27 90 90 90\nLATT -1")
    assert read(tmp_path, text.replace("END", "HKLF 4\nEND\nHKLF 3")).cell.tolist() == list(CELL)


def test_instructions_alone_are_no_list(tmp_path):
    with pytest.raises(UserError, match=r"a\.res: no reflections; give one file with reflections"):
        read_reflection_list([write(tmp_path / "a.res", INS)])


def test_instructions_without_a_cell_are_named(tmp_path):
    text = INS.replace("CELL 0.71073 5.79 5.94 12.27 90 90 90\n", "")
    with pytest.raises(UserError, match=r"no unit cell, also not in \S+b\.ins; give the \.ins,"):
        read(tmp_path, text)
    paths = [write(tmp_path / "a.hkl", LIST), tmp_path / "b.ins"]
    assert read_reflection_list(paths, CELL_TEXT).stated_number == 19
