import keras
import numpy as np

from spacegrouper.contract.network import build_model
from spacegrouper.settings import Model
from spacegrouper.training.model_file import write_model

SETTINGS = Model(image_size=16, blocks=(1, 1), growth=4)


def test_loads_without_our_package_and_predicts_the_same(tmp_path) -> None:
    model = build_model(3, SETTINGS)
    images = list(np.random.default_rng(0).random((3, 2, 16, 16, 3), dtype=np.float32))
    write_model(model, tmp_path / "model.keras")

    loaded = keras.saving.load_model(tmp_path / "model.keras")

    for logits, expected in zip(loaded(images), model(images), strict=True):
        np.testing.assert_array_equal(logits, expected)


def test_equal_models_have_equal_bytes(tmp_path) -> None:
    # Keras writes the address of the policy that all layers share, another one in each process.
    policies = [keras.DTypePolicy("float32"), keras.DTypePolicy("float32")]
    earlier = keras.config.dtype_policy()
    for name, policy in zip("ab", policies, strict=True):
        keras.config.set_dtype_policy(policy)
        keras.utils.set_random_seed(0)
        write_model(build_model(3, SETTINGS), tmp_path / name)
    keras.config.set_dtype_policy(earlier)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
