from pathlib import Path

import keras
import numpy as np

from spacegrouper.evaluation.predictions import load_network
from spacegrouper.networks.symmetry_mlp import build_symmetry_mlp
from spacegrouper.settings import Model
from spacegrouper.techniques.reflections.symmetry_tests import number_of_tests

SETTINGS = Model(name="symmetry_mlp", image_size=17)


def test_takes_tests_and_the_cell() -> None:
    model = build_symmetry_mlp(72, SETTINGS)
    numbers = 3 * number_of_tests() + 12
    assert [each.shape[1:] for each in model.inputs] == [(number_of_tests(),), (12,)]
    assert model.outputs[0].shape == (None, 72)
    norms = 4 * (numbers + 7 * 512)
    dense = (numbers + 1) * 512 + 6 * (512 + 1) * 512 + (512 + 1) * 72
    assert model.count_params() == norms + dense


def test_a_written_network_answers_the_same(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = build_symmetry_mlp(3, SETTINGS)
    rng = np.random.default_rng(0)
    inputs = [rng.random((4, *each.shape[1:]), dtype=np.float32) for each in model.inputs]
    model.save(tmp_path / "model.keras")
    read = load_network(tmp_path / "model.keras")
    np.testing.assert_allclose(read.predict_on_batch(inputs), model.predict_on_batch(inputs))
    features = keras.Model(read.inputs, read.get_layer("features").output)
    assert features.predict_on_batch(inputs).shape == (4, 512)
