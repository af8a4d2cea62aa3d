import keras
import numpy as np

from spacegrouper.networks.powder_cnn import build_powder_cnn
from spacegrouper.settings import Model


def test_has_the_published_layers() -> None:
    # Park et al.: 10,001 points, of which convolutions and pools leave these.
    model = build_powder_cnn(230, Model(name="powder_cnn", image_size=10_001))

    lengths = [layer.output.shape[1] for layer in model.layers if len(layer.output.shape) == 3]
    assert list(dict.fromkeys(lengths)) == [10_001, 2001, 1000, 200, 66, 33, 11]
    convolutions = (100 * 1 * 80 + 80) + (50 * 80 * 80 + 80) + (25 * 80 * 80 + 80)
    dense = (880 * 2300 + 2300) + (2300 * 1150 + 1150) + (1150 * 230 + 230)
    assert model.count_params() == convolutions + dense


def test_activations_keep_their_scale_through_the_layers() -> None:
    keras.utils.set_random_seed(0)
    model = build_powder_cnn(5, Model(name="powder_cnn", image_size=1000))
    embed = keras.Model(model.inputs, model.get_layer("features").output)
    lines = np.random.default_rng(0).random((4, 1000, 1), dtype=np.float32)

    power = float(np.mean(np.square(embed([lines])))) / float(np.mean(np.square(lines)))

    assert 0.02 < power < 20
