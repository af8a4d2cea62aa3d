import numpy as np
import pytest
from matplotlib.figure import Figure

from spacegrouper.techniques.morphology import figures, statistics


@pytest.fixture(scope="module")
def found() -> statistics.BitmapStatistics:
    """Fifty space groups, more than one column holds; one bitmap is of all of them."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(101, 151), 3)
    bitmaps = rng.integers(0, 256, (150, 3, 8, 8), dtype=np.uint8)
    bitmaps[::3] = bitmaps[0]
    return statistics.measure_bitmaps(np.arange(150), groups, bitmaps)


def texts(figure: Figure) -> str:
    figure.draw_without_rendering()
    return " ".join(
        text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))
    )


def drawn(figure: Figure) -> list[list[float]]:
    """Widths of the bars of each axes."""
    return [[patch.get_width() for patch in axes.patches] for axes in figure.axes]


def test_the_ceiling_is_drawn_beside_guessing(found) -> None:
    table = statistics.decidability_table(found)

    figure = figures.decidability_figure(table)

    widths = drawn(figure)[0]
    np.testing.assert_allclose(widths[:4], table["ceiling"])
    np.testing.assert_allclose(widths[4:8], table["ceiling_of_repeated"])
    np.testing.assert_allclose(widths[8:12], table["majority"])
    # One of fifty crystals with the common bitmap can be named, and 100 others.
    assert table["ceiling"][0] == pytest.approx(101 / 150)
    said = texts(figure)
    assert "67.3" in said
    assert "on the 50 crystals with repeated bitmaps" in said
    assert "150 crystals, 101 different bitmaps" in said


def test_without_repeated_bitmaps_there_is_no_number_for_them(found) -> None:
    table = statistics.decidability_table(found)
    table["ceiling_of_repeated"] = np.nan

    assert drawn(figures.decidability_figure(table))[0][4:8] == [0, 0, 0, 0]
    assert "nan" not in texts(figures.decidability_figure(table))


def test_space_groups_fill_columns(found) -> None:
    table = statistics.per_space_group_table(found)

    for figure in (
        figures.class_balance_figure(table),
        figures.brightness_per_space_group_figure(table),
    ):
        assert len(figure.axes) == 2
        assert [len(axes.get_yticklabels()) for axes in figure.axes] == [25, 25]
        assert "139 I4/mmm (n = 3)" in texts(figure)


def test_all_crystals_and_pixels_are_in_the_histograms(found) -> None:
    distribution = statistics.brightness_distribution_table(found)
    brightness = figures.brightness_figure(distribution, statistics.brightness_table(found))
    pixels = figures.pixel_value_figure(statistics.pixel_value_table(found))

    heights = [patch.get_height() for patch in brightness.axes[0].patches]
    assert sum(heights) == pytest.approx(1)
    assert "n = 150" in texts(brightness)
    assert len(pixels.axes) == 3
    for axes in pixels.axes:
        assert sum(patch.get_height() for patch in axes.patches) == pytest.approx(1)
    assert "n = 9600 in each view" in texts(pixels)


def test_mean_images_stand_side_by_side(found) -> None:
    images = statistics.mean_images(found)

    figure = figures.mean_images_figure(images, statistics.per_space_group_table(found))

    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 50
    np.testing.assert_array_equal(shown[7], np.concatenate(list(images[108]), axis=1))
    assert "116 P4\u0305c2 (n = 3)" in texts(figure)


def test_one_space_group_is_enough() -> None:
    bitmaps = np.zeros((2, 1, 4, 4), dtype=np.uint8)
    one = statistics.measure_bitmaps(np.arange(2), np.array([225, 225]), bitmaps)
    table = statistics.per_space_group_table(one)

    assert "225 Fm3\u0305m (n = 2)" in texts(figures.class_balance_figure(table))
    assert "225 Fm3\u0305m" in texts(figures.brightness_per_space_group_figure(table))
    assert "225 Fm3\u0305m" in texts(figures.mean_images_figure(statistics.mean_images(one), table))
