import numpy as np
import pandas as pd
import pytest

from spacegrouper.figures.comparison import comparison_figure

TABLE = pd.DataFrame(
    [
        ("space group", "network", 0.8, 0.7, 0.9),
        ("space group", "forest", 0.6, 0.5, 0.65),
        ("space group", "physics line", 0.75, 0.7, 0.8),
        ("extinction class", "network", 0.9, 0.85, 0.95),
        ("extinction class", "forest", 0.7, 0.6, 0.8),
        ("extinction class", "physics line", 1.0, 1.0, 1.0),
    ],
    columns=["level", "answers", "accuracy", "low", "high"],
)


def test_bars_and_whiskers_are_the_table() -> None:
    figure = comparison_figure(TABLE, 40)
    for axes, (_, own) in zip(figure.axes, TABLE.groupby("level", sort=False), strict=True):
        (bars,) = [each for each in axes.containers if getattr(each, "errorbar", None)]
        assert [bar.get_width() for bar in bars] == own["accuracy"].tolist()
        ends = np.array(bars.errorbar.lines[2][0].get_segments())[:, :, 0]
        np.testing.assert_allclose(ends, own[["low", "high"]])
        names = [text.get_text() for text in axes.get_yticklabels()]
        assert names == ["network", "forest", "physics line"]
    assert [axes.get_title("left") for axes in figure.axes] == [
        "space group right",
        "extinction class right",
    ]
    assert "n = 40" in figure.get_suptitle()


@pytest.mark.parametrize("rows", [6, 1])
def test_saved_figures_have_ink(assert_saved_well, rows) -> None:
    assert_saved_well(lambda: {"comparison": comparison_figure(TABLE[:rows], 40)}, files=2)
