import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax
from sklearn.metrics import log_loss

from spacegrouper.errors import UserError
from spacegrouper.evaluation.calibration import (
    calibrate,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    read_temperature,
    refusal_table,
    reliability_table,
)
from spacegrouper.evaluation.metrics import share_interval

CONFIDENCE = np.array([0.30, 0.33, 0.34, 0.9, 1.0])
CORRECT = np.array([True, False, False, True, True])


def logits_of_known_temperature(temperature, crystals=20_000):
    """Draw logits, and labels as often right as the softmax of logits / temperature says."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (crystals, 5))
    cumulative = softmax(logits / temperature, axis=1).cumsum(axis=1)
    return logits, (rng.random((crystals, 1)) > cumulative).sum(axis=1).clip(max=4)


def test_negative_log_likelihood_is_that_of_scikit_learn():
    logits, labels = logits_of_known_temperature(2.0, crystals=50)
    expected = log_loss(labels, softmax(logits / 3, axis=1), labels=np.arange(5))
    assert negative_log_likelihood(logits, labels, 3.0) == pytest.approx(expected)


def test_negative_log_likelihood_of_a_sure_mistake_is_finite():
    assert negative_log_likelihood(np.array([[2000.0, 0.0]]), np.array([1])) == 2000


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_the_labels_were_drawn_with_is_found(temperature):
    logits, labels = logits_of_known_temperature(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


def test_no_other_temperature_is_likelier():
    logits, labels = logits_of_known_temperature(1.7, crystals=100)
    found = fit_temperature(logits, labels)
    best = negative_log_likelihood(logits, labels, found)
    for other in np.geomspace(0.05, 20, 300):
        assert best <= negative_log_likelihood(logits, labels, other) + 1e-9


def test_logits_twice_as_large_have_twice_the_temperature():
    logits, labels = logits_of_known_temperature(1.7, crystals=100)
    once, twice = fit_temperature(logits, labels), fit_temperature(2 * logits, labels)
    assert twice == pytest.approx(2 * once, rel=1e-4)


def test_without_mistakes_or_right_answers_the_temperature_stays_within_its_bounds():
    logits = 3 * np.eye(4)
    assert 0.05 <= fit_temperature(logits, np.arange(4)) < 0.1
    assert fit_temperature(logits, np.arange(4)[::-1]) == pytest.approx(20, rel=1e-3)


def test_reliability_by_hand():
    # 45 crystals make two bins: 22 of 0.4 and 0.5, of which each second is right, and 23 of 0.9.
    confidence = np.array([0.9] * 23 + [0.4] * 11 + [0.5] * 11)
    correct = np.array([True] * 23 + [True, False] * 11)
    table = reliability_table(confidence, correct)
    assert table["first"].tolist() == [0.4, 0.9]
    assert table["last"].tolist() == [0.5, 0.9]
    assert table["crystals"].tolist() == [22, 23]
    assert table["probability"].tolist() == pytest.approx([0.45, 0.9])
    assert table["accuracy"].tolist() == [0.5, 1]
    assert (table["low"][0], table["high"][0]) == share_interval(np.arange(22) < 11)
    # Wilson's: that all are right does not make the interval a point.
    assert table["low"][1] < 0.9
    assert table["high"][1] == 1


def test_reliability_has_bins_of_as_many_crystals_and_keeps_equal_confidences_together():
    random = np.random.default_rng(0)
    confidence = random.random(1000) ** 0.1  # most are sure
    assert reliability_table(confidence, random.random(1000) > 0.3)["crystals"].tolist() == [
        (place + 1) * 1000 // 15 - place * 1000 // 15 for place in range(15)
    ]
    table = reliability_table(np.ones(100), np.arange(100) < 99)
    assert table[["first", "last", "crystals"]].to_numpy().tolist() == [[1, 1, 100]]


def test_expected_calibration_error_by_hand():
    expected = (2 * abs(0.5 - 0.315) + 0.34 + 0.1 + 0) / 5
    assert expected_calibration_error(CONFIDENCE, CORRECT) == pytest.approx(expected)


@given(
    arrays(np.float64, 30, elements=st.floats(0.01, 1)),
    arrays(np.bool_, 30),
)
def test_no_crystal_is_left_out_of_the_reliability(confidence, correct):
    table = reliability_table(confidence, correct)
    assert table["crystals"].sum() == 30
    assert (table["crystals"] * table["accuracy"]).sum() == pytest.approx(correct.sum())
    assert (table["crystals"] * table["probability"]).sum() == pytest.approx(confidence.sum())


def test_refusal_by_hand():
    table = refusal_table(CONFIDENCE, CORRECT)
    assert table["answered"].tolist() == [1, 2, 3, 4, 5]
    assert table["share_answered"].tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert table["threshold"].tolist() == [1.0, 0.9, 0.34, 0.33, 0.30]
    assert table["accuracy"].tolist() == pytest.approx([1, 1, 2 / 3, 2 / 4, 3 / 5])
    assert (table["low"][4], table["high"][4]) == share_interval(CORRECT)


def test_refusal_goes_in_steps_of_a_twentieth():
    confidence = np.random.default_rng(0).random(1000)
    table = refusal_table(confidence, confidence > 0.2)
    assert table["answered"].tolist() == list(range(50, 1001, 50))
    assert (table["accuracy"][:16] == 1).all()


def test_equally_sure_answers_are_given_or_refused_together():
    confidence, correct = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, True, False, False])
    table = refusal_table(confidence, correct)
    assert table["answered"].tolist() == [1, 4]
    assert table["accuracy"].tolist() == [1, 0.5]


def test_calibration_lowers_both_measures_of_a_network_that_is_too_sure():
    logits, labels = logits_of_known_temperature(2.5, crystals=3000)
    found = calibrate(logits, labels)
    assert found["validation_crystals"] == 3000
    assert found["negative_log_likelihood_before"] == negative_log_likelihood(logits, labels)
    assert found["negative_log_likelihood_after"] < found["negative_log_likelihood_before"]
    confidence = softmax(logits, axis=1).max(axis=1)
    before = expected_calibration_error(confidence, logits.argmax(axis=1) == labels)
    assert found["expected_calibration_error_before"] == pytest.approx(before)
    assert found["expected_calibration_error_after"] < 0.03 < before


def test_a_network_without_a_mistake_is_not_made_any_surer():
    logits = 3 * np.eye(4)
    found = calibrate(logits, np.arange(4))
    assert (found["temperature"], found["validation_mistakes"]) == (1, 0)
    assert found["negative_log_likelihood_after"] == found["negative_log_likelihood_before"]
    assert calibrate(logits, np.array([0, 1, 2, 2]))["validation_mistakes"] == 1


def test_temperature_is_read(tmp_path):
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.25}))
    assert read_temperature(tmp_path) == 1.25


def test_a_network_that_is_not_calibrated_is_named_with_what_calibrates_it(tmp_path):
    with pytest.raises(UserError, match=r"calibration.json: no such file.*scripts/calibrate.py"):
        read_temperature(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"temperature": 0}', '{"temperature": "1"}'])
def test_a_file_without_a_temperature_is_named(tmp_path, content):
    (tmp_path / "calibration.json").write_text(content)
    with pytest.raises(UserError, match=r"calibration.json: holds no .*scripts/calibrate.py"):
        read_temperature(tmp_path)
