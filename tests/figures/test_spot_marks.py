import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from spacegrouper.contract.picture import Mark
from spacegrouper.figures.spot_marks import mark_spots


@pytest.mark.parametrize(
    ("inches", "pixels", "count"), [(4.0, 256, 8), (1.7, 256, 4), (1.7, 64, 4)]
)
@pytest.mark.parametrize("seed", range(5))
def test_names_are_in_the_image_and_not_over_each_other(inches, pixels, count, seed) -> None:
    places = np.random.default_rng(seed).choice(pixels, (count, 2), replace=False)
    marks = [
        Mark(row, column, rf"$\bar{{{number}}}\ 2\ 0$", 3)
        for number, (row, column) in enumerate(places.tolist(), start=1)
    ]
    figure = Figure(figsize=(inches, inches))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.5, pixels - 0.5), ylim=(pixels - 0.5, -0.5))

    mark_spots(axes, marks, pixels, 4 / inches)

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert [text.get_text() for text in axes.texts] == [mark.text for mark in marks]
    # Of the words alone, without the line to the spot.
    boxes = [Text.get_window_extent(text, canvas.get_renderer()) for text in axes.texts]
    for number, box in enumerate(boxes):
        assert figure.bbox.contains(box.x0, box.y0)
        assert figure.bbox.contains(box.x1, box.y1)
        assert not any(box.overlaps(other) for other in boxes[:number])
