import keras
import numpy as np
import pytest

from spacegrouper.settings import Train
from spacegrouper.training.objective import (
    SummedCrossEntropy,
    class_weights,
    measure_answers,
    right_answers,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (6, 3, 4)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 1, 1])


def probabilities(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits.astype(np.float64))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def test_the_loss_is_the_sum_over_views_weighted_by_crystal_and_class() -> None:
    of_classes = np.array([1, 2, 3, 4], dtype=np.float32)
    weights = np.array([1, 0.5, 0, 2, 1, 1], dtype=np.float32)

    got = float(SummedCrossEntropy(of_classes, 0.0)(LABELS, LOGITS, sample_weight=weights))

    each = -np.log(probabilities(LOGITS)[np.arange(6), :, LABELS]).sum(axis=1)
    assert got == pytest.approx((each * weights * of_classes[LABELS]).sum(), rel=1e-5)


def test_label_smoothing_is_that_of_keras() -> None:
    got = float(SummedCrossEntropy(np.ones(4, np.float32), 0.1)(LABELS, LOGITS))

    keras_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1, reduction="sum"
    )
    truth = np.repeat(np.eye(4)[LABELS][:, None], 3, axis=1)
    assert got == pytest.approx(float(keras_loss(truth, LOGITS)), rel=1e-5)


def test_a_crystal_is_right_where_the_sum_of_its_views_is() -> None:
    expected = LOGITS.sum(axis=1).argmax(axis=1) == LABELS

    np.testing.assert_array_equal(np.array(right_answers(LABELS, LOGITS)), expected)
    assert 0 < expected.sum() < 6
    assert not np.array(right_answers(np.full(6, -1), LOGITS)).any()


def test_measures_agree_with_the_loss() -> None:
    loss, right = measure_answers(LABELS, LOGITS)

    assert loss == pytest.approx(
        float(SummedCrossEntropy(np.ones(4, np.float32), 0.0)(LABELS, LOGITS)), rel=1e-5
    )
    assert right == np.array(right_answers(LABELS, LOGITS)).sum()


def test_large_logits_do_not_overflow() -> None:
    loss, _ = measure_answers(np.array([1]), np.array([[[1e4, 0.0]]], dtype=np.float32))

    assert loss == pytest.approx(1e4)


def test_balanced_classes_weigh_the_same_together() -> None:
    weights = class_weights(LABELS, Train(class_weights="balanced"))

    np.testing.assert_allclose(weights * np.bincount(LABELS), [1.5] * 4)
    assert weights[LABELS].mean() == pytest.approx(1)
    assert class_weights(LABELS, Train()).tolist() == [1, 1, 1, 1]
