import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from small_dataset import write_small_dataset

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.evaluation.forest import predict_by_forest, read_features
from spacegrouper.techniques.reflections.cells import cell_features

CRYSTALS = 300
TREES = 70  # some more than are grown at a time


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    rng = np.random.default_rng(0)
    shape = (CRYSTALS, 3, 128, 128)
    raw, shaped = (
        np.where(rng.random(shape) > 0.98, rng.integers(1, 256, shape, dtype=np.uint8), 0)
        for _ in range(2)
    )
    store = tmp_path_factory.mktemp("forest") / "dataset.zarr"
    return write_small_dataset(store, raw, [2] * CRYSTALS, chunk_rows=8, shaped=shaped)


@pytest.mark.parametrize("descriptor", ["raw", "spot", "shaped"])
def test_of_patterns_it_sees_the_logarithms_of_the_brightest_pixels_of_each_view(
    dataset, descriptor
):
    array = "shaped" if descriptor == "shaped" else "raw"
    presentation = Presentation(descriptor, 224, "nearest", 0, {}, dataset.settings)
    rows = np.delete(np.arange(CRYSTALS), [0, 7, 120])
    steps = []
    features = read_features(dataset, rows, presentation, steps.append)
    patterns = dataset.read(rows, [array])[array].astype(np.float64)
    brightest = patterns.reshape(len(rows), 3, 64, 2, 64, 2).max(axis=(3, 5))
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, np.log(1 + brightest).reshape(len(rows), -1), rtol=1e-6)
    assert len(steps) > 1
    assert sum(steps) == len(rows)


def test_of_others_it_sees_the_numbers_that_a_network_is_shown(tmp_path):
    levels = np.zeros((3, 3, 5, 5), dtype=np.uint16)
    levels[1, 0, 4, 1] = 65535  # h = 2, k = -1, l = 0
    cells = np.array([[3, 4, 5, 90, 100 + row, 90.0] for row in range(3)])
    settings = {"simulate": {"engine": "structure_factors"}, "reflections": {}}
    store = tmp_path / "reflections.zarr"
    dataset = write_small_dataset(store, levels, [1] * 3, settings, cell=cells)
    presentation = Presentation("zones", 5, "nearest", 0, {}, dataset.settings)
    features = read_features(dataset, np.array([1, 2]), presentation, lambda _: None)
    assert features.shape == (2, 5 * 5 * 3 + 12)
    # The image (h, k, zone), then the cell.
    assert np.argwhere(features[:, :75]).tolist() == [[0, (4 * 5 + 1) * 3]]
    np.testing.assert_allclose(features[:, 75:], cell_features(cells[1:]), rtol=1e-6)


def test_the_forest_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 90)
    features = rng.normal(labels[:, None], 1.5, (90, 8)).astype(np.float32)
    # Crystals that look alike but are of different classes: leaves that hold several classes.
    features[1:40:2] = features[:40:2]
    known, unknown = features[:70], features[70:]
    steps = []
    answers = predict_by_forest(known, labels[:70], unknown, 3, TREES, 5, 2, steps.append)
    whole = ExtraTreesClassifier(TREES, random_state=5).fit(known, labels[:70])
    assert answers == pytest.approx(whole.predict_proba(unknown), abs=1e-12)
    assert sum(steps) == TREES
    again = predict_by_forest(known, labels[:70], unknown, 3, TREES, 5, 1, steps.append)
    np.testing.assert_array_equal(answers, again)
    other = predict_by_forest(known, labels[:70], unknown, 3, TREES, 6, 2, steps.append)
    assert (other != answers).any()


def test_a_class_that_is_not_trained_on_has_no_probability_and_moves_no_other():
    known = np.array([[0.0], [0.1], [1.0], [1.1]], dtype=np.float32)
    unknown = np.array([[-1.0], [2.0]], dtype=np.float32)
    answers = predict_by_forest(known, np.array([0, 0, 2, 2]), unknown, 4, 5, 0, 1, lambda _: None)
    assert answers.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
