"""VGG16 whose convolutions may have been trained on ImageNet: transfer learning.

Unlike `vgg`, which is the published network untrained, it averages over the image after the
convolutions, so that few weights are left to be trained on few crystals.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.errors import UserError
from spacegrouper.networks.shared.classifiers import RELU, classify_image, image_shape
from spacegrouper.networks.shared.strides import halving

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model

FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
ADDRESS = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}"

# Means of ImageNet's red, green and blue, of 0 to 255, as keras.applications subtracts them.
_MEANS = (123.68, 116.779, 103.939)
_TRAINED = "block5"


def build_vgg16(classes: int, settings: Model) -> keras.Model:
    """Build the convolutions of Simonyan and Zisserman, arXiv:1409.1556, and dense layers.

    One image to its logits. The layers before the convolutions turn it from 0 to 1 into what the
    ImageNet weights were trained with, also where none are loaded: Keras' initial weights
    (Glorot's) halve the variance in each layer, which the larger numbers make up for.

    `settings.weights`: "imagenet", which Keras downloads or finds where it keeps its files, or
    the path of a file of the convolutions' weights, as Keras publishes it or as `save_weights` of
    such a model writes it. The last block is then trained further and the others are frozen.
    "none": all are trained.
    Raises UserError for weights that cannot be had.
    """
    import keras
    from keras import layers, ops

    image = keras.Input(image_shape(settings), name="image")
    x = layers.Rescaling(255.0, [-mean for mean in _MEANS], name="centre")(image)
    convolutions = _convolutions(ops.flip(x, axis=-1), settings.weights)
    if settings.weights != "none":
        for layer in convolutions.layers:
            layer.trainable = layer.name.startswith(_TRAINED)
    x = layers.GlobalAveragePooling2D(name="average" if settings.hidden else "features")(
        convolutions.output
    )
    for number, units in enumerate(settings.hidden, start=1):
        name = "features" if number == len(settings.hidden) else f"hidden{number}"
        x = layers.Dense(units, name=name, **RELU)(x)
    return classify_image(image, x, classes, settings.name)


def _convolutions(image: keras.KerasTensor, weights: str) -> keras.Model:
    import keras

    if weights == "none":
        return keras.applications.VGG16(include_top=False, weights=None, input_tensor=image)
    if weights != "imagenet" and not Path(weights).is_file():
        raise UserError(
            f"model.weights: {weights}: no such file; give the path of {FILE}, imagenet or none"
        )
    try:
        return keras.applications.VGG16(include_top=False, weights=weights, input_tensor=image)
    # Keras raises a plain Exception where a download fails, and h5py errors of many kinds.
    except Exception as error:
        # Of Keras' message, the part behind the address.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(" -- ")[-1]
        if weights == "imagenet":
            raise UserError(
                f"model.weights: imagenet cannot be loaded ({reason}); fetch {ADDRESS} where "
                "there is a network, and put it into ~/.keras/models or give its path as "
                "model.weights"
            ) from None
        raise UserError(
            f"model.weights: {weights} holds no weights of VGG16's convolutions ({reason}); "
            f"give the path of {FILE}, imagenet or none"
        ) from None


NETWORKS.register(Network("vgg16", build_vgg16, "image", halving(5), keys=("weights", "hidden")))
