import pytest
from reflection_files import hkl_text, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list
from spacegrouper.techniques.reflections.other_lists import other_list

LINES = "   7   1   0    17.6     2.3\n  -7   1   1   174.4     5.0\n"
MERGED = "    1\n -987\n    7.100     9.300    13.200    90.000    96.300    90.000 p21\n" + LINES
UNMERGED = (
    "   2 p21\n  1  0  0  0  1  0  0  0  1\n  0  0  0\n -1  0  0  0  1  0  0  0 -1\n  0  6  0\n"
    "   7   1   0   7   1   0     1 0 0  1   17.6     2.3\n"
)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        (MERGED, ""),
        (MERGED.replace("-987", "-985").replace("p21", "P212121"), ".txt"),
        (MERGED.replace("\n", "\r\n"), ""),
        (UNMERGED, ""),
        (UNMERGED.replace("p21", "R-3"), ".hkl"),
        ("cut", ".sca"),
    ],
)
def test_lists_that_are_not_read_are_named(text: str, suffix: str) -> None:
    assert other_list(text, suffix) == (
        "a list of reflections of HKL-2000 (SCALEPACK), which is not read; export it as MTZ or as "
        "SHELX's .hkl"
    )


@pytest.mark.parametrize("text", ["", "1\n", hkl_text(*reflections()), "4 p21\nwords\n", LINES])
def test_others_are_not(text: str) -> None:
    assert other_list(text, ".hkl") == ""


def test_they_are_named_where_a_list_is_read(tmp_path) -> None:
    for name, text in (("a.sca", MERGED), ("b.txt", UNMERGED)):
        with pytest.raises(UserError, match=rf"{name}: a list of reflections of HKL-2000"):
            read_reflection_list([write(tmp_path / name, text)])
