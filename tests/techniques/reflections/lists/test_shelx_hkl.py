"""SHELX's lists, in columns and apart."""

import numpy as np
import pytest
from diffractogram_files import fullprof, gsas
from hypothesis import given, settings
from hypothesis import strategies as st
from reflection_files import CELL_TEXT, hkl_text, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import Content
from spacegrouper.techniques.reflections.list_reading import read_reflection_list, role_of
from spacegrouper.techniques.reflections.lists.shared.shelx_reflections import read_reflections

INDEX = st.integers(-99, 199)
# Hundredths, whose text of two decimals is the number; the largest fill their columns.
ROW = st.tuples(
    INDEX, INDEX, INDEX, st.integers(-999_999, 9_999_999), st.integers(1, 9_999_999)
).filter(lambda row: any(row[:3]))
LIST = hkl_text(*reflections())
SPACED = hkl_text(*reflections(), "{} {} {} {:.2f} {:.2f}")
FORMS = {
    "columns": "{:4d}{:4d}{:4d}{:8.2f}{:8.2f}",
    "batch": "{:4d}{:4d}{:4d}{:8.2f}{:8.2f}   1",
    "cosines": "{:4d}{:4d}{:4d}{:8.2f}{:8.2f}   1-0.66223-0.60253 0.12345",
    "wider": "{:4d}{:4d}{:4d}{:12.2f}{:12.2f}    29     0",
    "blanks": "{} {} {} {:.2f} {:.2f}",
    "tabs": "{}\t{}\t{}\t{:.2f}\t{:.2f}\t2",
}


def read(tmp_path, text, cell=CELL_TEXT, name="a.hkl"):
    return read_reflection_list([write(tmp_path / name, text)], cell)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(rows=st.lists(ROW, min_size=1, max_size=30))
@settings(max_examples=25)
def test_what_is_written_is_read(form, rows):
    table = np.array(rows)
    hkl, intensity, sigma = table[:, :3], table[:, 3] / 100, table[:, 4] / 100
    found = read_reflections(hkl_text(hkl, intensity, sigma, form)).reflections
    np.testing.assert_array_equal(found.hkl, hkl)
    np.testing.assert_array_equal(found.values, intensity)
    np.testing.assert_array_equal(found.sigma, sigma)


@pytest.mark.parametrize(
    ("line", "value", "sigma"),
    [
        ("   2   0   099998.01 1159.78", 99998.01, 1159.78),
        ("   3   0   06040.185  93.398", 6040.185, 93.398),
        (" -10-112 -10-1234.56 1234.56", -1234.56, 1234.56),
        ("   1   2   3 1.23E+4 4.5D+1", 12300, 45),
        ("   1   2   3  1.23+4  4.5-1", 12300, 0.45),
        ("   1   2   3********    1.00", np.nan, 1),
        ("1 2 3 120 3.5", 120, 3.5),
    ],
)
def test_numbers_as_fortran_and_others_write_them(line, value, sigma):
    found = read_reflections(line).reflections
    np.testing.assert_array_equal(found.values, [value])
    np.testing.assert_array_equal(found.sigma, [sigma])


@pytest.mark.parametrize(
    "end",
    ["   0   0   0    0.00    0.00", "   0   0   0", "0 0 0 0 0", "", "_computing x", "; x", "# x"],
)
@pytest.mark.parametrize("form", [FORMS["columns"], FORMS["blanks"], FORMS["tabs"]])
def test_nothing_is_read_after_the_end(tmp_path, end, form):
    text = hkl_text(*reflections(), form) + end + "\n" + hkl_text(*reflections(3), form)
    found = read(tmp_path, text)
    np.testing.assert_array_equal(found.hkl, reflections()[0])
    (note,) = [note for note in found.notes if "after the end" in note]
    assert note.startswith("lines after the end of the list in line 21 that look like")
    assert note.endswith(": 3")


def test_the_cell_may_stand_after_the_end(tmp_path):
    end = "   0   0   0\n\nTITL a in P1\nCELL 0.0251 6 6 12 90 90 90\nLATT -1\nHKLF 3\nEND\n"
    found = read(tmp_path, hkl_text(*reflections()) + end, cell=None)
    assert found.cell.tolist() == [6, 6, 12, 90, 90, 90]
    assert (found.quantity, found.radiation, found.stated_symbol) == ("F", "electron", "P 1")
    assert any("instructions at the end of" in note for note in found.notes)


def test_values_that_fortran_would_divide_are_said(tmp_path):
    found = read(tmp_path, LIST + "   1   1   1  123456   12.34\n")
    assert found.intensity[-1] == 123456
    assert any(note.startswith("values without a decimal point") for note in found.notes)
    assert not any("decimal point" in note for note in read(tmp_path, LIST).notes)


def test_repetitions_and_negative_intensities_stay(tmp_path):
    hkl, intensity, sigma = reflections()
    found = read(tmp_path, 2 * hkl_text(hkl, intensity, sigma))
    assert len(found.hkl) == 40
    assert found.intensity.min() == -3.25


def test_what_is_no_measurement_is_left_out_and_counted(tmp_path):
    bad = (
        "   1   1   1   -1.00   -1.00\n   1   1   2    5.00    0.00\n   1   1   3********    1.00\n"
    )
    found = read(tmp_path, hkl_text(*reflections()) + bad)
    np.testing.assert_array_equal(found.sigma, reflections()[2])
    assert "reflections left out, as their sigma is 0 or below: 2" in found.notes
    assert "reflections left out, as their intensity or sigma is no number: 1" in found.notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LIST + "   1   1   1   12.00    1.00  -2\n", "line 21: a negative batch number: HKLF 5"),
        (
            LIST + "   1   1   x   12.00    1.00\n",
            "line 21: no reflection: '1 1 x 12.00 1.00'; give h",
        ),
        (LIST + "   1   1   1   12.00\n", "line 21: no reflection"),
        ("   1   1   1   12.00\n" * 20, "line 1: no sigma"),
        ("   1   1   1   1   12.00    1.00\n" * 20, "line 1: 4 indices in each line: a modulated"),
        ("   1   1   1   1   0   0   12.00    1.00   1\n" * 20, "6 indices in each line"),
        ("   1   1 0.5   12.00    1.00\n" * 20, "line 1: indices 1 1 0.5 are not whole numbers"),
        (hkl_text(*reflections(9)), "9 reflections, which say nothing; give at least 10"),
        (LIST.replace("\n", "  -1\n"), "HKLF 5"),
        (
            "   1   1   1   -1.00   -1.00\n" * 21 + LIST,
            "of 41 reflections 21 have no sigma above 0",
        ),
        (
            "   0   0   0    0.00    0.00\n" + LIST,
            "no reflection before the end of the list in line 1",
        ),
        (
            "h k l I sigma\n" + LIST,
            "line 1: a heading, 'h k l I sigma'; delete it; give h k l, int",
        ),
        ("\n# run 1\n! x\n" + SPACED, "line 2: a heading, '# run 1'; delete it"),
        (SPACED.replace(" ", ";"), "semicolons between the numbers; write blanks; give h k l"),
        (SPACED.replace(".", ",").replace(" ", ";"), "semicolons between the numbers"),
        (SPACED.replace(" ", ","), "commas between the numbers; write blanks"),
        (SPACED.replace(" ", ", "), "commas between the numbers; write blanks"),
        ("h,k,l,I,s\n" + SPACED.replace(" ", ","), "commas between the numbers; write blanks"),
        (SPACED.replace(".", ","), "commas for decimal points; write points"),
        ("10.0 123\n10.1 125\n10.2 131\n", "a measured diffractogram of a powder"),
        ("10.0 123 5\n10.1 125 5\n10.2 131 5\n", "a measured diffractogram of a powder"),
        (fullprof().decode(), "a measured diffractogram of a powder, whose reflections overlap"),
        (gsas().decode(), "a measured diffractogram of a powder, whose reflections overlap"),
        ("a poem\nof two lines\n", "no reflections in a format that is known; give CIF"),
        ("  \n", "the file is empty"),
    ],
)
def test_what_is_not_taken_is_refused_by_name(tmp_path, text, words):
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert words in message
    assert message.startswith(f"{tmp_path / 'a.hkl'}: ")
    assert "\n" not in message


@pytest.mark.parametrize("content", [fullprof(), fullprof(title=""), gsas()])
def test_rows_of_a_powder_are_no_reflections(content):
    assert role_of(Content("a.dat", content)) is None


def test_words_after_the_numbers_are_no_matter(tmp_path):
    found = read(tmp_path, SPACED.replace("\n", " ; weak, but seen\n"))
    np.testing.assert_array_equal(found.hkl, reflections()[0])
