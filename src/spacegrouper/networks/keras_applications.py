"""DenseNet121 and ResNet50 as Keras ships them, untrained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from spacegrouper.contract.network import NETWORKS, Network
from spacegrouper.networks.shared.classifiers import classify_image, image_shape

if TYPE_CHECKING:
    import keras

    from spacegrouper.settings import Model
# Keras takes no smaller images, although the layers would.
_SMALLEST = 32


def build_densenet(classes: int, settings: Model) -> keras.Model:
    """Build DenseNet121 of Huang et al., doi:10.1109/CVPR.2017.243: one image to its logits."""
    import keras

    return _build(keras.applications.DenseNet121, classes, settings)


def build_resnet(classes: int, settings: Model) -> keras.Model:
    """Build ResNet50 of He et al., doi:10.1109/CVPR.2016.90: one image to its logits."""
    import keras

    return _build(keras.applications.ResNet50, classes, settings)


def _build(application: Callable[..., keras.Model], classes: int, settings: Model) -> keras.Model:
    import keras
    from keras import layers

    shape = image_shape(settings)
    image = keras.Input(shape, name="image")
    convolutions = application(
        include_top=False, weights=None, input_tensor=image, input_shape=shape
    )
    features = layers.GlobalAveragePooling2D(name="features")(convolutions.output)
    return classify_image(image, features, classes, settings.name)


NETWORKS.register(Network("densenet", build_densenet, "image", lambda settings: _SMALLEST))
NETWORKS.register(Network("resnet", build_resnet, "image", lambda settings: _SMALLEST))
