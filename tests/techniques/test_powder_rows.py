import numpy as np
import pytest
from diffractogram_files import COUNTS, columns, fullprof, gsas
from reflection_files import hkl_text, reflections

from spacegrouper.techniques.powder_rows import fullprof_rows, holds_powder_rows, is_gsas

TEN = " 12" * 10 + "\n"


def test_the_range_and_all_intensities_are_read() -> None:
    rows = fullprof_rows(fullprof("! a\n\nb c\n").decode())
    assert rows is not None
    assert (rows.start, rows.step, rows.end) == (10, 0.05, 80)
    assert rows.heading == ("! a", "", "b c", "Al2O3 sample")
    np.testing.assert_array_equal(rows.intensity, COUNTS)


def test_the_end_need_not_be_a_whole_number_of_steps_away() -> None:
    for points in (108, 109):
        found = fullprof_rows("10 0.013 11.4\n" + "7\n" * points)
        assert found is not None
        assert found.intensity.size == points
    assert fullprof_rows("10 0.013 11.4\n" + "7\n" * 110) is None


def test_files_of_gsas_are_told_by_the_line_of_a_bank() -> None:
    assert is_gsas(gsas().decode())
    assert is_gsas("a\n# b\nTIME_MAP\nBANK  1  99 20 SLOG 1 2 3 4 FXYE\n")
    assert not is_gsas("from the BANK 1 2 3 CONST\n")
    assert not is_gsas("BANK of samples\n10 12\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n" * 9,
        columns().decode(),
        "10.0 0.05 80.0\n" + columns().decode(),
        columns().decode().replace("\n", " 1.5\n"),
        hkl_text(*reflections()),
        "   0   1 100   12.00    1.00\n" + hkl_text(*reflections()),
        "0 1 100 12.0 1.0\n" * 30,
        "10.0 0.05 80.0\n" + TEN + "a\n",
        "10.0 0.05 80.0\n",
        "10.0 0 80.0\n" + TEN,
        "80.0 0.05 10.0\n" + TEN,
        "10.0 5 80.0\n" + TEN,
        "10.0 0.05 800.0\n" + TEN,
        "! a\n" * 8 + "10.0 0.05 80.0\n" + TEN,
    ],
)
def test_columns_and_reflections_are_no_rows(text: str) -> None:
    assert not holds_powder_rows(text)
