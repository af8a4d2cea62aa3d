"""The networks by the name they have in the configuration."""

from collections.abc import Callable

import keras

from spacegrouper.models.alexnet import build_alexnet
from spacegrouper.models.keras_applications import build_densenet, build_resnet
from spacegrouper.models.msdn import build_msdn
from spacegrouper.models.powder_cnn import build_powder_cnn
from spacegrouper.models.vgg import build_msvgg, build_vgg
from spacegrouper.models.vgg16 import build_vgg16
from spacegrouper.models.ziletti import build_ziletti
from spacegrouper.settings import Model

NETWORKS: dict[str, Callable[[int, Model], keras.Model]] = {
    "msdn": build_msdn,
    "msvgg": build_msvgg,
    "alexnet": build_alexnet,
    "densenet": build_densenet,
    "resnet": build_resnet,
    "vgg": build_vgg,
    "vgg16": build_vgg16,
    "ziletti": build_ziletti,
    "powder_cnn": build_powder_cnn,
}


def build_model(classes: int, settings: Model) -> keras.Model:
    """Build the network `settings.name`, ready to be trained, for this number of classes.

    `model.inputs` and `model.outputs` are lists of `settings.images` tensors, also where that is
    one: images (batch, image_size, image_size, 3) float32 in 0..1, in the order red, green, blue,
    or for `powder_cnn` diffractograms (batch, image_size, 1), and their logits (batch, classes)
    float32. A call of a network of one image returns its logits without a list, as Keras does.
    The layer "features", inside the layer "trunk" where there are three images, gives an image's
    embedding, (batch, channels). `settings.weights` may have frozen some of the weights.
    Weights are drawn from Keras' global seed (keras.utils.set_random_seed).
    Raises UserError for weights that cannot be loaded.
    """
    return NETWORKS[settings.name](classes, settings)
