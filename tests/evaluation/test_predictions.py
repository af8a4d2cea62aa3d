from dataclasses import replace

import numpy as np
import pytest
import zarr
from scipy.special import softmax

from spacegrouper.config.sections import Shape
from spacegrouper.descriptors.images import compose_images
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.evaluation.predictions import load_network, predict_probabilities
from spacegrouper.training.images import read_patterns

LABELS = Labels(np.array([62, 166, 225]), 8, "maximum", "shaped")


class MeanColour:
    """Stands for a network: the logits of view k are 50 (k + 1) times its mean colour."""

    def __init__(self):
        self.batches = []

    def predict_on_batch(self, images):
        self.batches.append(len(images[0]))
        return [50 * (k + 1) * image.mean(axis=(1, 2)) for k, image in enumerate(images)]


@pytest.fixture
def dataset():
    rng = np.random.default_rng(0)
    group = zarr.group(zarr.storage.MemoryStore())
    for name in ("raw", "shaped"):
        bright = rng.random((10, 3, 32, 32)) > rng.random((10, 3, 1, 1))
        group.create_array(name, data=bright.astype(np.uint8) * 255)
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")
    return group


def test_probabilities_are_the_softmax_of_the_sum_of_the_three_logits(dataset):
    rows = np.array([1, 2, 4, 7, 9])
    steps = []
    network = MeanColour()
    probabilities = predict_probabilities(network, LABELS, dataset, rows, 2, steps.append)
    red, green, blue = compose_images(
        read_patterns(dataset, rows, 8, "maximum", "shaped"), "shaped"
    )
    logits = 50 * (red + 2.0 * green + 3.0 * blue).mean(axis=(1, 2))
    assert probabilities == pytest.approx(softmax(logits, axis=1), rel=1e-4)
    assert len(set(probabilities.argmax(axis=1))) > 1
    assert steps == network.batches == [2, 2, 1]


def test_the_network_sees_the_images_it_has_learnt_from(dataset):
    class Witness:
        def predict_on_batch(self, images):
            self.images = images
            return [np.zeros((1, 3))] * 3

    network, rows = Witness(), np.array([4])
    labels = replace(LABELS, descriptor="raw")
    predict_probabilities(network, labels, dataset, rows, 1, lambda _: None)
    expected = compose_images(read_patterns(dataset, rows, 8, "maximum", "raw"), "raw")
    for image, right in zip(network.images, expected, strict=True):
        np.testing.assert_array_equal(image, right)


def test_large_logits_do_not_overflow(dataset):
    class Certain:
        def predict_on_batch(self, images):
            return [np.array([[2000.0, 0.0, -2000.0]], dtype=np.float32)] * 3

    probabilities = predict_probabilities(
        Certain(), LABELS, dataset, np.array([0]), 1, lambda _: None
    )
    assert probabilities.tolist() == [[1, 0, 0]]


def test_answers_that_are_no_numbers_are_reported(dataset):
    class Diverged:
        def predict_on_batch(self, images):
            return [np.full((1, 3), np.nan)] * 3

    with pytest.raises(UserError, match="not finite"):
        predict_probabilities(Diverged(), LABELS, dataset, np.array([0]), 1, lambda _: None)


def test_a_network_of_one_image_answers_without_a_list(dataset):
    class Spots:
        def predict_on_batch(self, images):
            assert len(images) == 1
            return 50 * images[0].mean(axis=(1, 2))

    rows = np.array([1, 2])
    labels = replace(LABELS, descriptor="spot")
    probabilities = predict_probabilities(Spots(), labels, dataset, rows, 2, lambda _: None)
    (image,) = compose_images(read_patterns(dataset, rows, 8, "maximum", "spot"), "spot")
    assert probabilities == pytest.approx(softmax(50 * image.mean(axis=(1, 2)), axis=1), rel=1e-4)


@pytest.mark.parametrize("content", [None, b"not a network"])
def test_a_file_that_is_no_network_is_named_with_what_makes_it(tmp_path, content):
    path = tmp_path / "model.keras"
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"model.keras: cannot be loaded .*scripts/train.py"):
        load_network(path)
