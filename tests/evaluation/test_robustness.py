import keras
import numpy as np
import pandas as pd
import pytest
from images_by_hand import images_by_hand
from model_files import labels_of
from small_dataset import write_small_dataset

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.evaluation.metrics import share_interval
from spacegrouper.evaluation.perturbations import UNPERTURBED, Point, Recipe, simulate_point
from spacegrouper.evaluation.robustness import (
    choose_crystals,
    choose_example,
    curves_table,
    differing_crystals,
    images_of,
    predict_points,
)
from spacegrouper.settings import Simulate, make_settings

SIMULATE = Simulate(pixels=32, pixel_size=3e-4, cells=(3, 3, 3))
RECIPE = Recipe(SIMULATE, 5, {})
CRYSTALS = [
    Crystal(f"mp-{size}", np.eye(3) * size, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    for size in (3.0, 4.0, 5.0)
]
CHOSEN = pd.DataFrame(
    {"row": [1, 4, 6], "material_id": [c.id for c in CRYSTALS], "label": [0, 1, 0]}
)


def labels(descriptor, label="spacegroup", classes=(75, 225)):
    settings = make_settings(simulate=SIMULATE)
    shown = {"image_size": 12, "resize": "maximum"}
    return labels_of(settings, classes, label, descriptor=descriptor, **shown)


def test_chosen_crystals_depend_on_their_ids_and_more_of_them_add_to_fewer():
    test = pd.DataFrame({"row": np.arange(40), "material_id": [f"mp-{i}" for i in range(40)]})
    few, more = choose_crystals(test, 8, 1), choose_crystals(test, 20, 1)
    assert set(few["material_id"]) < set(more["material_id"])
    assert len(more) == 20
    assert more["row"].is_monotonic_increasing
    assert choose_crystals(test.iloc[::-1], 8, 1).equals(few)
    assert not choose_crystals(test, 8, 2).equals(few)
    assert choose_crystals(test, 99, 1).equals(test)


@pytest.mark.parametrize("descriptor", ["shaped", "spot", "raw"])
def test_images_are_those_that_training_makes_of_a_dataset(tmp_path, descriptor):
    raw = (np.random.default_rng(0).random((5, 3, 32, 32)) ** 20 * 255).astype(np.uint8)
    dataset = write_small_dataset(tmp_path / "d.zarr", raw, [75] * 5)
    expected = images_by_hand(dataset, np.arange(5), 12, descriptor, "maximum")
    found = images_of(raw, labels(descriptor))
    for image, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(image, right)


def test_crystals_are_told_that_have_other_patterns_than_the_dataset(tmp_path):
    raw = np.zeros((7, 3, 32, 32), dtype=np.uint8)
    raw[[1, 4, 6]] = simulate_point(CRYSTALS, RECIPE, UNPERTURBED, 1, lambda _: None)
    same = write_small_dataset(tmp_path / "same.zarr", raw, [75] * 7)
    assert differing_crystals(same, CHOSEN, CRYSTALS, RECIPE, 2) == []
    raw[4, 2, 3, 3] += 1
    other = write_small_dataset(tmp_path / "other.zarr", raw, [75] * 7)
    assert differing_crystals(other, CHOSEN, CRYSTALS, RECIPE, 2) == ["mp-4.0"]


class Brightness:
    """Answers with the second class where the mean of the image is above a limit."""

    def __init__(self, limit):
        self.limit, self.seen = limit, []

    def predict_on_batch(self, images):
        means = np.mean([image.mean(axis=(1, 2, 3)) for image in images], axis=0)
        self.seen += means.tolist()
        return np.stack([np.full(len(means), self.limit), means], axis=1)


def test_each_point_is_simulated_and_answered_unless_it_changes_nothing():
    points = [UNPERTURBED, Point("vacancies", 0.0), Point("beam_stop", 6.0), Point("photons", 5.0)]
    plain, stopped, counted = (
        images_of(simulate_point(CRYSTALS, RECIPE, points[place], 1, lambda _: None), labels("raw"))
        for place in (0, 2, 3)
    )
    means = [np.mean(images, axis=(0, 2, 3, 4)) for images in (plain, stopped, counted)]
    # Between two of them, so that roundings decide nothing.
    limit = float(np.sort(np.ravel(means))[3:5].mean())
    network, steps = Brightness(limit), []
    answers = predict_points(
        network, labels("raw"), CHOSEN, CRYSTALS, RECIPE, points, 2, 1, steps.append
    )
    assert network.seen == pytest.approx(np.concatenate(means), rel=1e-5)
    assert sum(steps) == 4 * 3
    assert (
        answers["perturbation"].tolist() == np.repeat([p.perturbation for p in points], 3).tolist()
    )
    assert answers["material_id"].tolist() == CHOSEN["material_id"].tolist() * 4
    assert answers["true"].tolist() == [75, 225, 75] * 4
    expected = np.concatenate([means[0], means[0], *means[1:]]) > limit
    assert answers["predicted"].tolist() == np.where(expected, 225, 75).tolist()
    assert answers["predicted"].nunique() == 2


def table(label_of_answers):
    rows = [
        (perturbation, value, f"mp-{i}", true, named)
        for (perturbation, value), pairs in label_of_answers.items()
        for i, (true, named) in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=["perturbation", "value", "material_id", "true", "predicted"])


def test_curves_count_right_space_groups_and_right_extinction_classes():
    # 75 (P4) and 99 (P4mm) differ in the Laue class, 76 (P41) and 78 (P43) in nothing.
    answers = table(
        {
            ("none", 0.0): [(76, 76), (75, 75), (75, 75), (99, 99)],
            ("photons", 10.0): [(76, 78), (75, 99), (75, 75), (99, 75)],
        }
    )
    curves = curves_table(answers, labels("raw", classes=(75, 76, 78, 99)))
    assert curves["perturbation"].tolist() == ["none", "photons"]
    assert curves["accuracy"].tolist() == [1, 0.25]
    assert curves["extinction_class_accuracy"].tolist() == [1, 0.5]
    assert curves["unit"].tolist() == ["", "photons in a pattern"]
    assert curves["chance"].tolist() == [0.25, 0.25]
    low, high = share_interval(np.array([False, False, True, False]))
    assert (curves["low"][1], curves["high"][1]) == (low, high)


def test_curves_of_another_label_have_no_extinction_classes():
    answers = table({("none", 0.0): [("oxide", "oxide"), ("oxide", "halide")]})
    known = labels("raw", "material_group", ("halide", "oxide"))
    curves = curves_table(answers, known)
    assert curves["accuracy"].tolist() == [0.5]
    assert "extinction_class_accuracy" not in curves


def test_the_example_is_the_brightest_that_is_right_unperturbed():
    images = np.array([0.9, 0.3, 0.5], dtype=np.float32)[:, None, None, None]
    first_is_wrong = {("none", 0.0): [(1, 2), (1, 1), (2, 2)], ("photons", 1.0): [(1, 1)] * 3}
    assert choose_example(table(first_is_wrong), images) == "mp-2"
    assert choose_example(table({("none", 0.0): [(1, 2), (2, 1), (2, 1)]}), images) == "mp-0"


def test_a_network_of_three_images_is_asked_with_three():
    images = [keras.Input((12, 12, 3)) for _ in range(3)]
    outputs = [
        keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image)) for image in images
    ]
    answers = predict_points(
        keras.Model(images, outputs),
        labels("shaped"),
        CHOSEN,
        CRYSTALS,
        RECIPE,
        [UNPERTURBED],
        2,
        1,
        lambda _: None,
    )
    assert set(answers["predicted"]) <= {75, 225}
    assert len(answers) == 3
