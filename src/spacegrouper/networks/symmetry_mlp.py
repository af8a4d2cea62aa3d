"""A residual network of dense layers over tests of a crystal's symmetry, and the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

_UNITS = 512
_BLOCKS = 3
_CELL = 12
_MAGNIFIED = 30


def build_symmetry_mlp(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network: tests (tests,) and the cell (12,) to logits.

    What matters of most tests is whether they are 0 or 1 and not nearly so: all equal, none absent.
    So each is also given magnified about both, which trees find by themselves.
    """
    import keras
    from keras import layers

    from spacegrouper.networks.shared.dense_blocks import dense_blocks
    from spacegrouper.networks.shared.normalisation import normalised
    from spacegrouper.techniques.reflections.symmetry_tests import number_of_tests

    tests = keras.Input((number_of_tests(),), name="tests")
    cell = keras.Input((_CELL,), name="cell")
    ends = [_magnified(tests, 0, "zero"), _magnified(tests, 1, "one")]
    x = layers.Concatenate(name="with_cell")([tests, *ends, cell])
    x = normalised(x, "norm")
    x = layers.Dense(_UNITS, name="stem")(layers.Dropout(0.05, name="dropout")(x))
    logits = layers.Dense(classes, dtype="float32", name="logits")(dense_blocks(x, _BLOCKS))
    return keras.Model([tests, cell], [logits], name=settings.name)


def _magnified(tests: keras.KerasTensor, about: int, name: str) -> keras.KerasTensor:
    from keras import layers

    x = layers.Rescaling(_MAGNIFIED, -_MAGNIFIED * about, name=f"near_{name}")(tests)
    return layers.Activation("tanh", name=f"near_{name}_tanh")(x)


NETWORKS.register(
    Network("symmetry_mlp", build_symmetry_mlp, "symmetry tests and cell", lambda settings: 1)
)
