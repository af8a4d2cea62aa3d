import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spacegrouper.errors import UserError
from spacegrouper.evaluation.distance import (
    measure_distance,
    read_training_distance,
    rows_to_average,
)


def logits_of(labels, classes, generator, noise=0.5):
    """Of a network that is sure: a high logit for the true class."""
    return 10 * np.eye(classes)[labels] + noise * generator.standard_normal((len(labels), classes))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    labels, others = np.repeat(np.arange(20), 5), generator.integers(20, size=1000)
    training, validation = (logits_of(of, 20, generator) for of in (labels, others))
    found = measure_distance(training, labels, validation)
    (tmp_path / "calibration.json").write_text(json.dumps({"temperature": 1.0} | found))
    return tmp_path


def test_what_looks_like_no_class_is_far_and_one_in_a_hundred_of_what_does(model) -> None:
    known = read_training_distance(model)
    assert known is not None
    generator = np.random.default_rng(1)
    alike = logits_of(generator.integers(20, size=5000), 20, generator)
    assert (known.of(alike) > known.limit).mean() == pytest.approx(0.01, abs=0.008)
    # Sure of two classes at once, however sure; sure of nothing.
    both = 50 * (np.eye(20)[[0, 3]] + np.eye(20)[[1, 4]])
    nothing = generator.standard_normal((10, 20))
    assert (known.of(np.concatenate([both, nothing])) > known.limit).all()
    # Neither a larger scale nor a shift of all logits makes a crystal strange.
    np.testing.assert_allclose(known.of(3 * alike + 7), known.of(alike), atol=1e-9)


def test_older_files_say_nothing_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text('{"temperature": 1.5}')
    assert read_training_distance(tmp_path) is None
    for damaged in ('{"training_distance": {"limit": 1}}', '{"training_distance": 3}',
                    '{"training_distance": {"limit": 1, "means": ["1 nan"]}}'):  # fmt: skip
        path.write_text(damaged)
        with pytest.raises(UserError, match="`training_distance` is damaged"):
            read_training_distance(tmp_path)


def test_sixteen_crystals_of_each_class_are_drawn() -> None:
    split = pd.DataFrame({"row": np.arange(100), "label": np.repeat([0, 1, 2], [70, 20, 10])})
    drawn = rows_to_average(split, 0)
    assert drawn["label"].value_counts().to_dict() == {0: 16, 1: 16, 2: 10}
    assert drawn["row"].is_monotonic_increasing
    assert rows_to_average(split, 0).equals(drawn)
    assert not rows_to_average(split, 1).equals(drawn)
