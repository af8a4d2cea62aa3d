from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spacegrouper.config import Settings
from spacegrouper.evaluation.figures import (
    confusion_figure,
    history_figure,
    overview_figure,
    per_crystal_system_figure,
    per_space_group_figure,
    space_group_name,
    top_k_figure,
)
from spacegrouper.evaluation.metrics import (
    confusion_table,
    per_crystal_system,
    per_space_group,
    top_k_table,
)
from spacegrouper.evaluation.samples import Sample, shaped_images

SPACE_GROUPS = {
    8: np.array([62, 139, 166, 187, 194, 216, 221, 225]),
    # 72 numbers over the whole range, as many as the paper's classes.
    72: np.unique(np.linspace(1, 230, 72).round().astype(int)),
}


def answers(classes):
    rng = np.random.default_rng(classes)
    crystals = 5 * classes
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, crystals - classes)])
    probabilities = rng.dirichlet(np.full(classes, 0.2), crystals)
    probabilities[np.arange(crystals), labels] += rng.random(crystals)
    return probabilities / probabilities.sum(axis=1, keepdims=True), labels


def truth_and_prediction(classes):
    probabilities, labels = answers(classes)
    return SPACE_GROUPS[classes][labels], SPACE_GROUPS[classes][probabilities.argmax(axis=1)]


def history(epochs=12):
    epoch = np.arange(1, epochs + 1)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "loss": 6 / epoch,
            "accuracy": 1 - 1 / (epoch + 1),
            "validation_loss": 1 + (epoch - 7) ** 2 / 20,
            "validation_accuracy": 0.8 - 0.5 / epoch,
        }
    )


def samples(count=2):
    rng = np.random.default_rng(4)
    patterns = (rng.random((count, 3, 3, 256, 256)) > 0.999).astype(np.uint8) * 200
    return [
        Sample(f"mp-{i}", 225, 225 if i % 2 else 62, 0.25 + 0.5 * i, *three)
        for i, three in enumerate(patterns)
    ]


def all_figures(classes):
    truth, predicted = truth_and_prediction(classes)
    return {
        "top_k": top_k_figure(top_k_table(*answers(classes)), len(truth)),
        "per_space_group": per_space_group_figure(per_space_group(truth, predicted)),
        "per_crystal_system": per_crystal_system_figure(per_crystal_system(truth, predicted)),
        "confusion": confusion_figure(confusion_table(truth, predicted, SPACE_GROUPS[classes])),
        "history": history_figure(history()),
        "overview": overview_figure(samples(), Settings()),
    }


def bars(axes, container):
    return [patch.get_height() for patch in axes.containers[container]]


def horizontal_bars(axes, container):
    return [patch.get_width() for patch in axes.containers[container]]


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def boxes_overlap(labels, renderer):
    boxes = [label.get_window_extent(renderer) for label in labels]
    return any(a.overlaps(b) for a, b in pairwise(boxes))


@pytest.mark.parametrize("classes", [8, 72])
def test_saved_figures_have_ink_and_the_same_bytes_twice(assert_saved_well, classes):
    assert_saved_well(lambda: all_figures(classes), files=12)


@pytest.mark.parametrize("classes", [8, 72])
@pytest.mark.parametrize("name", ["per_space_group", "per_crystal_system", "confusion", "top_k"])
def test_tick_labels_do_not_overlap(classes, name):
    figure = all_figures(classes)[name]
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            assert not boxes_overlap(axis.get_ticklabels(), renderer)


def test_top_k_bars_are_the_table():
    table = top_k_table(*answers(8))
    axes = top_k_figure(table, 40).axes[0]
    assert bars(axes, 0) == table["accuracy"].tolist()
    assert bars(axes, 1) == table["chance"].tolist()
    assert "n = 40" in axes.get_title("left")


@pytest.mark.parametrize("classes", [8, 72])
def test_space_group_bars_are_the_table(classes):
    table = per_space_group(*truth_and_prediction(classes))
    all_axes = per_space_group_figure(table).axes
    assert len(all_axes) == (1 if classes == 8 else 2)
    drawn = [width for axes in all_axes for width in horizontal_bars(axes, 1)]
    assert drawn == table["recall"].tolist()
    texts = [text for axes in all_axes for text in tick_texts(axes.yaxis)]
    assert texts == [
        f"{space_group_name(row.spacegroup)} (n = {row.crystals})" for row in table.itertuples()
    ]


def test_crystal_system_bars_are_the_table():
    table = per_crystal_system(*truth_and_prediction(72))
    axes = per_crystal_system_figure(table).axes[0]
    assert horizontal_bars(axes, 0) == table["recall"].tolist()
    assert horizontal_bars(axes, 1) == table["system_recall"].tolist()
    assert tick_texts(axes.yaxis)[6] == f"cubic (n = {table['crystals'][6]})"


def test_confusion_shades_are_shares_of_each_row_and_cells_hold_counts():
    truth, predicted = truth_and_prediction(8)
    confusion = confusion_table(truth, predicted, SPACE_GROUPS[8])
    axes = confusion_figure(confusion).axes[0]
    shares = np.asarray(axes.images[0].get_array())
    assert shares.sum(axis=1) == pytest.approx(1)
    counts = confusion.to_numpy()
    assert shares * counts.sum(axis=1, keepdims=True) == pytest.approx(counts)
    written = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert written == {(c, r): counts[r, c] for r, c in zip(*np.nonzero(counts), strict=True)}
    assert tick_texts(axes.xaxis) == tick_texts(axes.yaxis) == [str(g) for g in SPACE_GROUPS[8]]


def test_history_lines_are_the_table_and_the_kept_epoch_is_marked():
    table = history()
    figure = history_figure(table)
    for axes, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        drawn = {line.get_label(): line for line in axes.lines}
        assert drawn["training"].get_ydata().tolist() == table[name].tolist()
        assert drawn["validation"].get_ydata().tolist() == table[f"validation_{name}"].tolist()
        assert drawn["kept: epoch 7"].get_ydata().tolist() == [table[f"validation_{name}"][6]]


def test_history_of_one_epoch_is_visible():
    learning, validation, *_ = history_figure(history(epochs=1)).axes[0].lines
    assert learning.get_marker() == validation.get_marker() == "."


def test_overview_shows_the_shaped_images_and_tells_right_from_wrong_in_words():
    shown = samples()
    figure = overview_figure(shown, Settings())
    grid = np.reshape(figure.axes, (2, 5))
    for row, sample in zip(grid, shown, strict=True):
        images = shaped_images(sample)
        for axes, image in zip(row[1:4], images, strict=True):
            assert np.array_equal(axes.images[0].get_array(), image)
        texts = [text.get_text() for text in row[4].texts]
        assert texts[0] == sample.material_id
        assert "225 Fm-3m" in texts[1]
    assert [row[4].texts[3].get_text() for row in grid] == ["✗ wrong, 25.0 %", "✓ right, 75.0 %"]


@pytest.mark.parametrize(
    ("number", "name"),
    [(14, "14 P21/c"), (166, "166 R-3m"), (194, "194 P63/mmc"), (225, "225 Fm-3m")],
)
def test_space_group_name(number, name):
    assert space_group_name(number) == name
