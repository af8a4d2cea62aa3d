"""Bruker's .p4p gives a list its cell and wavelength."""

import pytest
from reflection_files import CELL, INS, hkl_text, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

LIST = hkl_text(*reflections())
P4P = f"""FILEID SAINT    V8.40B   9/12/23 10:11:12
TITLE   alanine
CHEM    C3H7NO2
CELL    {" ".join(f"{number:10.4f}" for number in CELL)}    422.5
CELLSD      0.0004    0.0004    0.0009    0.0000    0.0000    0.0000      0.05
ORT1     0.0123  0.1654 -0.0012
SOURCE  MO   0.71073   0.70930   0.71359   2.00000    40.00    30.00
REF05   H     1    2    3   10.0
"""


def read(tmp_path, text):
    paths = [write(tmp_path / "a.hkl", LIST), write(tmp_path / "b.p4p", text)]
    return read_reflection_list(paths)


def test_cell_and_wavelength_are_read(tmp_path) -> None:
    found = read(tmp_path, P4P)
    assert found.cell.tolist() == list(CELL)
    assert (found.wavelength, found.radiation) == (0.71073, "xray")


@pytest.mark.parametrize("beside", [".p4p", ".ins"])
def test_it_is_found_beside_a_list_unless_there_are_instructions(tmp_path, beside) -> None:
    """A list that was transformed has its cell in .ins, and the old one in .p4p."""
    write(tmp_path / "a.p4p", P4P if beside == ".p4p" else P4P.replace("CELL ", "CELL 1"))
    if beside == ".ins":
        write(tmp_path / "a.ins", INS)
    found = read_reflection_list([write(tmp_path / "a.hkl", LIST)])
    assert found.cell.tolist() == list(CELL)
    assert any(f"a{beside} is beside the list" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FILEID SAINT\nCELL 5.1 6.2 7.3\n", "CELL has 3 numbers"),
        ("FILEID SAINT\nTITLE x\n", "CELL has 0 numbers"),
        ("FILEID SAINT\nCELL 5.1 6.2 7.3 90 90 190 230\n", "CELL: no unit cell has"),
    ],
)
def test_what_has_no_cell_is_refused(tmp_path, text, message) -> None:
    with pytest.raises(UserError, match=rf"b\.p4p: {message}"):
        read(tmp_path, text)


def test_two_cells_are_refused(tmp_path) -> None:
    with pytest.raises(UserError, match="CELL is there twice, and differs; keep the one"):
        read(tmp_path, P4P + "CELL 8 8 9 90 90 120\n")
