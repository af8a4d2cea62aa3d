import keras
import numpy as np

from spacegrouper.networks.grid_mlp import build_grid_mlp
from spacegrouper.settings import Model


def test_every_reflection_has_weights_of_its_own() -> None:
    keras.utils.set_random_seed(0)
    model = build_grid_mlp(72, Model(name="grid_mlp", image_size=5))
    assert [each.shape[1:] for each in model.inputs] == [(3, 5, 5, 2), (12,)]
    assert model.get_layer("stem").kernel.shape == (3 * 5 * 5 * 2 + 12, 512)
    cell = np.zeros((1, 12), dtype=np.float32)
    answers = set()
    for place in range(3 * 5 * 5 * 2):
        grid = np.zeros((1, 3 * 5 * 5 * 2), dtype=np.float32)
        grid[0, place] = 1
        (logits,) = keras.tree.flatten(model.predict_on_batch([grid.reshape(1, 3, 5, 5, 2), cell]))
        answers.add(logits.tobytes())
    assert len(answers) == 3 * 5 * 5 * 2
