import bz2
import codecs
import gzip
import lzma
import math
import os
from pathlib import Path

import pytest

from spacegrouper.crystals.cif_text import cif_blocks, is_cif, parse_number, path_text
from spacegrouper.errors import UserError

TEXT = "data_Müller\n_cell_length_a 4.12(3)\n_exptl_crystal_density_diffrn ?\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode("cp1252"),
        TEXT.replace("\n", "\r").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
        bz2.compress(TEXT.encode()),
        lzma.compress(TEXT.encode()),
        TEXT.replace("data_", "DATA_").replace("_cell_", "_CELL.").encode(),
        TEXT.replace("_a 4", "_a\N{NO-BREAK SPACE}4").encode(),
    ],
)
def test_one_text_is_read_in_all_encodings_and_packings(content):
    assert is_cif(content)
    (block,) = cif_blocks(content)
    assert block.name == r"M\xfcller"
    assert block.number("_cell_length_a") == 4.12
    assert math.isnan(block.number("_exptl_crystal_density_diffrn"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04data_x\n_a 1",
        b"# data_\nno CIF\n",
        b"data_set 1\nof _things\n",
        b"\x1f\x8b1",
    ],
)
def test_other_content_is_no_cif(content):
    assert not is_cif(content)


def test_repeated_tags_and_names_are_read_where_they_agree():
    first, second = cif_blocks(
        b"data_global\n_a 1\n_a 1.0\n_b 1\n_b 1.0\n_b 2\n_C.d 5\nloop_\n_x\n1\nloop_\n_x\n2\n"
        b"data_global\n_a 3\n"
    )
    assert (first.name, second.name) == ("global", "global-2")
    assert (first.number("_a"), second.number("_a")) == (1, 3)
    assert first.number("_c_d") == 5
    with pytest.raises(UserError, match="_b is given twice, as '1' and as '2'"):
        first.number("_b")
    with pytest.raises(UserError, match="_x is in two loops that differ"):
        first.table("_x")
    (block,) = cif_blocks(b"data_a\nloop_\n_x\n_y\n_Y\n1 2 3\nloop_\n_z\n1\n")
    assert block.table("_z") == {"_z": ["1"]}
    with pytest.raises(UserError, match="the loop with _x has two columns _y that differ"):
        block.table("_x")


@pytest.mark.parametrize(
    ("text", "number"),
    [("4.187(1)", 4.187), ("-.5", -0.5), ("90.", 90), ("1e-3", 0.001), ("2(", None), ("1/3", None)]
    + [(text, None) for text in ("0,5", "nan", "inf", ".", "?", "", "0x10", "1_000", "5.6 A")],
)
def test_numbers_are_those_of_the_standard(text, number):
    found = parse_number(text)
    assert math.isnan(found) if number is None else found == number


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello", "the text in line 1 stands before any line with data_"),
        (b"<html>", "a web page"),
        (b"data_a\nloop_\n_x\n_y\n1 2 3\n", "loop in line 2 has a number of values"),
        (b"data_a\n_x\n;\nfoo\n", "has no closing quote"),
        (b"data_a\n_x 'abc\n_y 1", "text in line 2 has no closing quote"),
        (b"data_a\n_x 1 2\n", "what stands in line 2 is neither a tag nor its value"),
        (b"data_a\n_x [1 2]\n", "line 2"),
        (b"data_a\x00\x01", "binary"),
        (
            gzip.compress(b"data_a\n_x 1\n" * 99, mtime=0)[:-9],
            "the packed data are damaged or cut short",
        ),
    ],
)
def test_what_is_wrong_with_a_text_is_said_in_one_line(content, reason):
    with pytest.raises(UserError) as caught:
        cif_blocks(content)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "string:" not in str(caught.value)


def test_paths_that_are_not_utf8_are_escaped():
    assert path_text(Path(os.fsdecode(b"caf\xe9/\nx.cif"))) == r"caf\xe9/\nx.cif"
