import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from small_dataset import write_small_dataset

from spacegrouper.evaluation.forest import TREES, predict_by_forest, read_features

CRYSTALS = 300


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


@pytest.mark.parametrize("array", ["raw", "shaped"])
def test_features_are_the_logarithms_of_the_brightest_pixels_of_each_view(dataset, array):
    rows = np.delete(np.arange(CRYSTALS), [0, 7, 120])
    steps = []
    features = read_features(dataset, rows, array, steps.append)
    patterns = dataset.read(rows, [array])[array].astype(np.float64)
    brightest = patterns.reshape(len(rows), 3, 64, 2, 64, 2).max(axis=(3, 5))
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, np.log(1 + brightest).reshape(len(rows), -1), rtol=1e-6)
    assert len(steps) > 1
    assert sum(steps) == len(rows)


def test_the_forest_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 90)
    features = rng.normal(labels[:, None], 1.5, (90, 8)).astype(np.float32)
    # Crystals that look alike but are of different classes: leaves that hold several classes.
    features[1:40:2] = features[:40:2]
    known, unknown = features[:70], features[70:]
    steps = []
    answers = predict_by_forest(known, labels[:70], unknown, 3, 5, steps.append)
    whole = ExtraTreesClassifier(TREES, random_state=5).fit(known, labels[:70])
    assert answers == pytest.approx(whole.predict_proba(unknown), abs=1e-12)
    assert sum(steps) == TREES
    again = predict_by_forest(known, labels[:70], unknown, 3, 5, steps.append)
    np.testing.assert_array_equal(answers, again)
    assert (predict_by_forest(known, labels[:70], unknown, 3, 6, steps.append) != answers).any()


def test_a_class_that_is_not_trained_on_has_no_probability_and_moves_no_other():
    known = np.array([[0.0], [0.1], [1.0], [1.1]], dtype=np.float32)
    unknown = np.array([[-1.0], [2.0]], dtype=np.float32)
    answers = predict_by_forest(known, np.array([0, 0, 2, 2]), unknown, 4, 0, lambda _: None)
    assert answers.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
