import re
from unicodedata import normalize

import gemmi
import numpy as np
import pytest
import spglib
from rich.cells import cell_len

from spacegrouper.crystals.class_names import (
    class_name,
    overlined,
    short_symbol,
    space_group_name,
    space_group_symbol,
    typeset,
)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "2 P1\u0305"),
        (14, "14 P2₁/c"),
        (90, "90 P42₁2"),
        (93, "93 P4₂22"),
        (114, "114 P4\u03052₁c"),
        (145, "145 P3₂"),
        (150, "150 P321"),
        (153, "153 P3₂12"),
        (166, "166 R3\u0305m"),
        (194, "194 P6₃/mmc"),
        (225, "225 Fm3\u0305m"),
    ],
)
def test_people_read_the_symbols_of_crystallographers(number, name):
    assert space_group_name(number) == name


# Of groups with a glide plane e: their symbols before 1992, which gemmi has.
OLDER = {39: "Abm2", 41: "Aba2", 64: "Cmca", 67: "Cmma", 68: "Ccca"}


@pytest.fixture(scope="module")
def tables() -> dict[int, str]:
    """Spglib's short symbols, such as P2_1/c; the first setting of a group is the standard one."""
    types = [spglib.get_spacegroup_type(hall) for hall in range(530, 0, -1)]
    return {kind.number: kind.international_short for kind in types} | OLDER


@pytest.mark.parametrize("number", range(1, 231))
def test_all_symbols_are_those_of_the_international_tables(tables, number):
    assert short_symbol(number) == tables[number].replace("_", "")
    printed = space_group_symbol(number)
    # Back to ASCII: a screw axis behind "_", as NFKC has no subscripts, and a minus for each bar.
    ascii_again = re.sub("[₁-₅]", lambda found: "_" + normalize("NFKC", found.group()), printed)
    assert re.sub("(.)\u0305", r"-\1", ascii_again) == tables[number]
    assert cell_len(printed) == len(re.sub("[_-]", "", tables[number]))


def test_symbols_of_other_settings_and_origins():
    assert typeset("P 1 21/n 1") == "P12₁/n1"
    assert typeset("F d -3 m:2") == "Fd3\u0305m:2"
    assert typeset(gemmi.find_spacegroup_by_number(166).xhm()) == "R3\u0305m:H"


def test_laue_classes_have_bars_and_no_subscripts():
    assert overlined("m-3m") == "m3\u0305m"
    assert overlined("-42m") == "4\u03052m"
    assert overlined("4/mmm") == "4/mmm"


def test_class_name():
    assert class_name("spacegroup", np.int64(225)) == "225 Fm3\u0305m"
    assert class_name("crystal_system", "cubic") == "cubic"
