from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spacegrouper.contract.picture import Picture
from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.evaluation.metrics import (
    confusion_table,
    crystal_system_errors,
    per_class,
    per_crystal_system,
    symmetry_table,
    top_k_table,
)
from spacegrouper.evaluation.scores import score_answers
from spacegrouper.figures.calibration import refusal_figure, reliability_figure
from spacegrouper.figures.history import history_figure
from spacegrouper.figures.overview import overview_figure
from spacegrouper.figures.samples import Sample, visible
from spacegrouper.figures.scores import (
    confusion_figure,
    crystal_system_errors_figure,
    draw_scores,
    per_class_figure,
    per_crystal_system_figure,
    symmetry_figure,
    top_k_figure,
)

SPACE_GROUPS = {
    8: np.array([62, 139, 166, 187, 194, 216, 221, 225]),
    # 72 numbers over the whole range, as many as the paper's classes.
    72: np.unique(np.linspace(1, 230, 72).round().astype(int)),
    230: np.arange(1, 231),
}
SYSTEMS = np.array(["cubic", "hexagonal", "monoclinic", "orthorhombic"])


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
    patterns = (rng.random((count, 4, 256, 256)) > 0.99).astype(np.uint8) * 200
    return [
        Sample(
            f"mp-{i}",
            225,
            225 if i % 2 else 62,
            0.25 + 0.5 * i,
            tuple(Picture(f"view {n}", image, spots=n == 0) for n, image in enumerate(four)),
        )
        for i, four in enumerate(patterns)
    ]


def scores(classes):
    """Score answers to 8, 72 or 230 space groups, or to the crystal systems above."""
    names = SYSTEMS if classes == "crystal_system" else SPACE_GROUPS[classes]
    label = "crystal_system" if classes == "crystal_system" else "spacegroup"
    probabilities, labels = answers(len(names))
    test = pd.DataFrame({"row": labels, "material_id": "a", "spacegroup": 0, "label": labels})
    split = pd.concat([test.assign(part=part) for part in ("train", "test")])
    flatter = np.sqrt(probabilities)
    flatter /= flatter.sum(axis=1, keepdims=True)
    return score_answers(split, flatter, label, names, 0, uncalibrated=probabilities)


def all_figures(classes):
    return draw_scores(scores(classes)) | {
        "history": history_figure(history(), 7),
        "overview": overview_figure(samples(), "spacegroup"),
    }


def bars(axes, container):
    return [patch.get_height() for patch in axes.containers[container]]


def tick_texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def boxes_overlap(labels, renderer):
    boxes = [label.get_window_extent(renderer) for label in labels]
    return any(a.overlaps(b) for a, b in pairwise(boxes))


def bars_with_whiskers(axes):
    return [bars for bars in axes.containers if getattr(bars, "errorbar", None)]


def ends(bars, direction):
    """Return the lower and upper ends of the whiskers of bars along x (0) or y (1); (bars, 2)."""
    (whiskers,) = bars.errorbar.lines[2]
    return np.array(whiskers.get_segments())[:, :, direction]


def test_saved_figures_have_ink(assert_saved_well):
    assert_saved_well(lambda: all_figures(8), files=20)


def test_other_labels_have_the_figures_that_need_no_space_groups():
    assert set(draw_scores(scores("crystal_system"))) == {
        "top_k",
        "per_class",
        "confusion",
        "reliability",
        "refusal",
    }


@pytest.mark.parametrize("classes", [8, 72, 230, "crystal_system"])
def test_tick_labels_do_not_overlap_and_all_text_is_inside(classes):
    for figure in draw_scores(scores(classes)).values():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                # Boxes of slanted labels overlap where the labels do not.
                if not any(label.get_rotation() == 45 for label in axis.get_ticklabels()):
                    assert not boxes_overlap(axis.get_ticklabels(), renderer)
        # The page of the figure holds it all; a pixel is what rounding may cost.
        box = figure.get_tightbbox(renderer)
        width, height = figure.get_size_inches()
        assert box.x0 > -0.01
        assert box.y0 > -0.01
        assert box.x1 < width + 0.01
        assert box.y1 < height + 0.01


def test_top_k_bars_are_the_table():
    table = top_k_table(*answers(8))
    axes = top_k_figure(table, 40, "spacegroup").axes[0]
    (network,) = bars_with_whiskers(axes)
    assert [patch.get_height() for patch in network] == table["accuracy"].tolist()
    assert ends(network, 1) == pytest.approx(table[["low", "high"]].to_numpy())
    assert bars(axes, -1) == table["chance"].tolist()
    assert "n = 40" in axes.get_title("left")
    assert axes.get_ylabel() == "true space group among the first k answers"


@pytest.mark.parametrize(
    ("table", "draw", "along"),
    [
        ("top_k", lambda table: top_k_figure(table, 40, "spacegroup"), 1),
        ("per_crystal_system", per_crystal_system_figure, 0),
    ],
)
def test_the_physics_line_is_drawn_and_named(table, draw, along):
    found = scores(72).tables[table]
    assert 0 < found["physics_line"].min() < 1
    figure = draw(found)
    (line,) = [each for each in figure.axes[0].collections if each.get_label() == "physics line"]
    assert [ends[0, along] for ends in line.get_segments()] == found["physics_line"].tolist()
    assert "physics line" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert not figure.axes[0].legend_


@pytest.mark.parametrize("classes", [8, 72])
def test_class_bars_are_the_table(classes):
    table = per_class(*truth_and_prediction(classes))
    all_axes = per_class_figure(table, "spacegroup").axes
    assert len(all_axes) == (1 if classes == 8 else 2)
    widths = [
        patch.get_width()
        for axes in all_axes
        for drawn in bars_with_whiskers(axes)
        for patch in drawn
    ]
    assert widths == table["recall"].tolist()
    texts = [text for axes in all_axes for text in tick_texts(axes.yaxis)]
    assert texts == [
        f"{space_group_name(name)} (n = {crystals})"
        for name, crystals in zip(table["class"], table["crystals"], strict=True)
    ]


def test_crystal_system_bars_are_the_table():
    table = per_crystal_system(*truth_and_prediction(72))
    axes = per_crystal_system_figure(table).axes[0]
    groups, systems = bars_with_whiskers(axes)
    assert [patch.get_width() for patch in groups] == table["recall"].tolist()
    assert [patch.get_width() for patch in systems] == table["system_recall"].tolist()
    expected = table[["system_low", "system_high"]].to_numpy()
    assert ends(systems, 0) == pytest.approx(expected)
    assert tick_texts(axes.yaxis)[6] == f"cubic (n = {table['crystals'][6]})"


def test_cells_of_crystal_system_errors_are_the_table():
    truth, predicted = truth_and_prediction(8)
    errors = crystal_system_errors(truth, predicted)
    systems = per_crystal_system(truth, predicted)
    axes = crystal_system_errors_figure(errors, systems).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    rates = errors.to_numpy()
    assert written == {
        (column, row): f"{100 * rates[row, column]:.1f}"
        for row, column in zip(*np.nonzero(rates > 0), strict=True)
    }
    cubic = systems.iloc[-1]
    name, wrong = tick_texts(axes.yaxis)[6].split("\n")
    assert name == f"cubic (n = {cubic['crystals']})"
    assert wrong.startswith(f"{100 * errors.loc['cubic'].sum():.1f} % (")
    assert tick_texts(axes.yaxis)[0] == "triclinic (n = 0)"


def test_symmetry_bars_are_the_table():
    table = symmetry_table(*truth_and_prediction(72), SPACE_GROUPS[72])
    axes = symmetry_figure(table, 360).axes[0]
    (drawn,) = bars_with_whiskers(axes)
    assert [patch.get_width() for patch in drawn] == table["accuracy"].tolist()
    assert tick_texts(axes.yaxis)[0] == "space group (72)"


def test_reliability_lines_are_the_table():
    table = scores(8).tables["reliability"]
    figure = reliability_figure(table, {"as trained": 0.2, "calibrated": 0.1})
    for axes, kind in zip(figure.axes, ("as trained", "calibrated"), strict=True):
        own = table[table["probabilities"] == kind]
        line = axes.containers[0].lines[0]
        assert line.get_xdata().tolist() == own["probability"].tolist()
        assert line.get_ydata().tolist() == own["accuracy"].tolist()
        assert axes.get_title("left").startswith(f"{kind}: n = 40, 20 at most in a point\n")
        # Points and whiskers at 0 and 100 % are whole.
        assert not any(drawn.get_clip_on() for drawn in (*axes.lines, *axes.collections))


def test_reliability_names_the_error_of_the_summary():
    scored = scores(72)
    left, right = draw_scores(scored)["reliability"].axes
    for axes, name in ((left, "_before"), (right, "")):
        error = 100 * scored.summary[f"expected_calibration_error{name}"]
        assert axes.get_title("left").endswith(f"expected calibration error {error:.1f} %")


def test_refusal_lines_are_the_table():
    table = scores(72).tables["refusal"]
    axes = refusal_figure(table).axes[0]
    drawn = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
    assert drawn == {
        "right answers": table["accuracy"].tolist(),
        "smallest probability answered": table["threshold"].tolist(),
    }
    assert "n = 360" in axes.get_title("left")


def test_confusion_shades_are_shares_of_each_row_and_cells_hold_counts():
    truth, predicted = truth_and_prediction(8)
    confusion = confusion_table(truth, predicted, SPACE_GROUPS[8])
    axes = confusion_figure(confusion, "spacegroup").axes[0]
    shares = np.asarray(axes.images[0].get_array())
    assert shares.sum(axis=1) == pytest.approx(1)
    counts = confusion.to_numpy()
    assert shares * counts.sum(axis=1, keepdims=True) == pytest.approx(counts)
    written = {text.get_position(): int(text.get_text()) for text in axes.texts}
    assert written == {(c, r): counts[r, c] for r, c in zip(*np.nonzero(counts), strict=True)}
    names = [space_group_name(number) for number in SPACE_GROUPS[8]]
    assert tick_texts(axes.xaxis) == tick_texts(axes.yaxis) == names


def test_history_lines_are_the_table_and_the_kept_epoch_is_marked():
    table = history()
    figure = history_figure(table, 3)  # not that of the smallest loss, 7
    for axes, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        drawn = {line.get_label(): line for line in axes.lines}
        assert drawn["training"].get_ydata().tolist() == table[name].tolist()
        assert drawn["validation"].get_ydata().tolist() == table[f"validation_{name}"].tolist()
        assert drawn["kept: epoch 3"].get_ydata().tolist() == [table[f"validation_{name}"][2]]


def test_history_of_one_epoch_is_visible():
    learning, validation, *_ = history_figure(history(epochs=1), 1).axes[0].lines
    assert learning.get_marker() == validation.get_marker() == "."


def test_overview_shows_the_pictures_and_tells_right_from_wrong_in_words():
    shown = samples()
    figure = overview_figure(shown, "spacegroup")
    grid = np.reshape(figure.axes, (2, 5))
    for row, sample in zip(grid, shown, strict=True):
        for axes, picture in zip(row[:4], sample.pictures, strict=True):
            assert np.array_equal(axes.images[0].get_array(), visible(picture))
        texts = [text.get_text() for text in row[4].texts]
        assert texts[0] == sample.material_id
        assert "225 Fm3\u0305m" in texts[1]
    assert [row[4].texts[3].get_text() for row in grid] == ["✗ wrong, 25.0 %", "✓ right, 75.0 %"]
