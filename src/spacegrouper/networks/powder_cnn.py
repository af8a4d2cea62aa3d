"""The convolutional network of one dimension that powder diffractograms are usually shown to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import RELU, classify_image
from spacegrouper.networks.shared.strides import Step, smallest_image

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

# Kernel size and stride of each convolution, and stride of the average pool of 3 after it.
_CONVOLUTIONS = ((100, 5, 2), (50, 5, 3), (25, 2, 3))


def build_powder_cnn(classes: int, settings: Model) -> keras.Model:
    """Build the untrained space-group network of Park et al., IUCrJ 4:486 (2017).

    doi:10.1107/S205225251700714X. The input "diffractogram", (batch, image_size, 1), to its
    logits; theirs had 10,001 points from 10 to 110 degrees. docs/networks.md lists the layers.
    """
    import keras
    from keras import layers

    diffractogram = keras.Input((settings.image_size, 1), name="diffractogram")
    x = diffractogram
    for number, (kernel_size, strides, pool_strides) in enumerate(_CONVOLUTIONS, start=1):
        x = layers.Conv1D(
            80, kernel_size, strides, padding="same", name=f"convolution{number}", **RELU
        )(x)
        x = layers.Dropout(0.3, name=f"convolution{number}_dropout")(x)
        x = layers.AveragePooling1D(3, strides=pool_strides, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    for name, units in (("hidden", 2300), ("features", 1150)):
        x = layers.Dense(units, name=name, **RELU)(x)
        x = layers.Dropout(0.5, name=f"{name}_dropout")(x)
    return classify_image(diffractogram, x, classes, settings.name)


_STEPS = [
    step
    for kernel_size, strides, pool_strides in _CONVOLUTIONS
    for step in (Step(kernel_size, strides, same=True), Step(3, pool_strides))
]
NETWORKS.register(Network("powder_cnn", build_powder_cnn, "curve", smallest_image(_STEPS)))
