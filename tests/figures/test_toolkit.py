from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib.figure import Figure

from spacegrouper.figures.toolkit import (
    ROWS_OF_NAMES,
    cut_into_columns,
    enlarged,
    new_figure,
    plain_text,
    save_figure,
    whiskers,
)


def test_a_saved_figure_has_the_same_bytes_each_time(tmp_path):
    for folder in ("once", "twice"):
        figure = Figure(layout="constrained")
        for part in figure.subfigures(1, 2):
            for axes in part.subplots(2, 1):
                axes.plot([1, 2], [3, 5])
        save_figure(figure, tmp_path / folder, "figure")
        # A solver may vary further digits.
        places = np.array([axes.get_position(original=True).get_points() for axes in figure.axes])
        assert len(places) == 4
        np.testing.assert_array_equal(places, places.round(9))
    for name in ("figure.png", "figure.svg"):
        content = (tmp_path / "once" / name).read_bytes()
        assert content == (tmp_path / "twice" / name).read_bytes()
        assert b"date" not in content


def test_whiskers_end_at_the_interval_and_are_never_negative():
    table = pd.DataFrame({"share": [0.5, 1.0], "low": [0.4, 1.0 + 1e-9], "high": [0.7, 1.0 - 1e-9]})
    np.testing.assert_allclose(whiskers(table, "share"), [[0.1, 0], [0.2, 0]], atol=1e-12)


def test_spots_grow_to_three_by_three_in_each_channel():
    image = np.zeros((5, 5, 3), dtype=np.uint8)
    image[2, 2] = 9, 0, 4
    grown = enlarged(image)
    assert (grown[1:4, 1:4] == (9, 0, 4)).all()
    assert grown.sum() == 9 * (9 + 4)


def test_columns_are_of_nearly_equal_length_and_hold_all_rows():
    table = pd.DataFrame({"row": range(ROWS_OF_NAMES + 1)})
    parts, rows = cut_into_columns(table)
    assert [len(part) for part in parts] == [19, 18]
    assert rows == 19
    assert pd.concat(parts).equals(table)


@pytest.mark.parametrize("text", ["$\\foo$", "B$^x$", "5 $ or 6 $", r"a\b"])
def test_texts_of_other_people_are_no_formulas(tmp_path: Path, text: str) -> None:
    figure, axes = new_figure(2, 2)
    axes.set_title(plain_text(text))
    save_figure(figure, tmp_path, "drawn")
    assert not cbook.is_math_text(plain_text(text))
