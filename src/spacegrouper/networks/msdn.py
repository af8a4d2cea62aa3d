"""The multistream DenseNet: three images, one shared trunk, three classifiers.

Layers and channels are those of the checkpoint that the method's authors released: 1,542,424
parameters at 72 classes. docs/networks.md lists what paper and checkpoint leave open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import RELU, classify_streams, image_shape
from spacegrouper.networks.shared.strides import Step, smallest_image

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model


def build_msdn(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network of Tiong et al., npj Comput. Mater. 6:196 (2020).

    Inputs "red", "green", "blue": each (batch, image_size, image_size, 3) float32 in 0..1.
    Outputs in the same order: logits, each (batch, classes). The layer "trunk" is one model that
    all three images pass through; it turns an image into its features, (batch, channels).
    """
    return classify_streams(_build_trunk(image_shape(settings), settings), classes, settings.name)


def _build_trunk(shape: tuple[int, int, int], settings: Model) -> keras.Model:
    import keras
    from keras import layers

    image = keras.Input(shape, name="image")
    # 32 channels whatever the growth, as in the checkpoint.
    x = layers.Conv2D(
        32, settings.stem_kernel, settings.stem_stride, padding="same", name="stem", **RELU
    )(image)
    x = layers.AveragePooling2D(2, name="stem_pool")(x)
    for block, depth in enumerate(settings.blocks, start=1):
        for layer in range(1, depth + 1):
            new = _dense_layer(x, settings, f"block{block}_layer{layer}")
            x = layers.Concatenate(name=f"block{block}_layer{layer}_concatenate")([x, new])
        if block < len(settings.blocks):
            x = layers.Conv2D(x.shape[-1], 1, name=f"transition{block}", padding="same", **RELU)(x)
            x = layers.AveragePooling2D(2, name=f"transition{block}_pool")(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, features, name="trunk")


def _dense_layer(x: keras.KerasTensor, settings: Model, name: str) -> keras.KerasTensor:
    from keras import layers

    for kernel_size, part in ((1, "narrow"), (3, "grow")):
        x = layers.Conv2D(
            settings.growth, kernel_size, padding="same", name=f"{name}_{part}", **RELU
        )(x)
        x = layers.Dropout(settings.dropout, name=f"{name}_{part}_dropout")(x)
    return x


def _smallest_image(settings: Model) -> int:
    steps = [Step(1, settings.stem_stride, same=True), *[Step(2, 2)] * len(settings.blocks)]
    return smallest_image(steps)(settings)


_KEYS = ("stem_kernel", "stem_stride", "blocks", "growth", "dropout")
NETWORKS.register(Network("msdn", build_msdn, "three images", _smallest_image, keys=_KEYS))
