import numpy as np
import pytest
from images_by_hand import images_by_hand
from model_files import labels_of
from scipy.special import softmax
from small_dataset import write_small_dataset

from spacegrouper.errors import UserError
from spacegrouper.evaluation.predictions import (
    class_logits,
    load_network,
    predict_logits,
    probabilities,
)
from spacegrouper.settings import Simulate, make_settings

SETTINGS = make_settings(simulate=Simulate(pixels=32))
SHOWN = {"image_size": 8, "resize": "maximum"}


class MeanColour:
    """Stands for a network: the logits of view k are 50 (k + 1) times its mean colour."""

    def __init__(self):
        self.batches = []

    def predict_on_batch(self, images):
        self.batches.append(len(images[0]))
        return [50 * (k + 1) * image.mean(axis=(1, 2)) for k, image in enumerate(images)]


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    raw, shaped = (
        (rng.random((10, 3, 32, 32)) > rng.random((10, 3, 1, 1))).astype(np.uint8) * 255
        for _ in range(2)
    )
    return write_small_dataset(tmp_path / "d.zarr", raw, [62] * 10, shaped=shaped)


@pytest.mark.parametrize("descriptor", ["shaped", "raw"])
def test_the_logits_are_the_sum_of_those_of_the_three_images(dataset, descriptor):
    rows = np.array([1, 2, 4, 7, 9])
    labels = labels_of(SETTINGS, [62, 166, 225], descriptor=descriptor, **SHOWN)
    steps = []
    network = MeanColour()
    found = predict_logits(network, labels, dataset, rows, 2, steps.append)
    red, green, blue = images_by_hand(dataset, rows, 8, descriptor, "maximum")
    logits = 50 * (red + 2.0 * green + 3.0 * blue).mean(axis=(1, 2))
    assert found == pytest.approx(logits, rel=1e-4)
    assert steps == network.batches == [2, 2, 1]


def test_probabilities_are_the_softmax():
    logits = np.random.default_rng(0).normal(0, 5, (4, 3))
    assert probabilities(logits) == pytest.approx(softmax(logits, axis=1))
    assert probabilities(logits, 2.5) == pytest.approx(softmax(logits / 2.5, axis=1))


def test_large_logits_do_not_overflow():
    assert probabilities(np.array([[6000.0, 0.0, -6000.0]])).tolist() == [[1, 0, 0]]


def test_answers_that_are_no_numbers_are_reported():
    class Diverged:
        def predict_on_batch(self, images):
            return [np.full((1, 3), np.nan)] * 3

    with pytest.raises(UserError, match="not finite"):
        class_logits(Diverged(), [])


def test_a_network_of_one_image_answers_without_a_list():
    class Spots:
        def predict_on_batch(self, images):
            (image,) = images
            return image.mean(axis=(1, 2))

    image = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)
    assert class_logits(Spots(), [image]) == pytest.approx(image.mean(axis=(1, 2)))


@pytest.mark.parametrize("content", [None, b"not a network"])
def test_a_file_that_is_no_network_is_named_with_what_makes_it(tmp_path, content):
    path = tmp_path / "model.keras"
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"model.keras: .*make it with scripts/train.py"):
        load_network(path)
