"""DenseNet121 and ResNet50 as Keras ships them, untrained."""

from collections.abc import Callable

import keras
from keras import layers

from spacegrouper.models.classifiers import classify_image, image_shape
from spacegrouper.settings import Model


def build_densenet(classes: int, settings: Model) -> keras.Model:
    """Build DenseNet121 of Huang et al., doi:10.1109/CVPR.2017.243: one image to its logits."""
    return _build(keras.applications.DenseNet121, classes, settings)


def build_resnet(classes: int, settings: Model) -> keras.Model:
    """Build ResNet50 of He et al., doi:10.1109/CVPR.2016.90: one image to its logits."""
    return _build(keras.applications.ResNet50, classes, settings)


def _build(application: Callable[..., keras.Model], classes: int, settings: Model) -> keras.Model:
    shape = image_shape(settings)
    image = keras.Input(shape, name="image")
    convolutions = application(
        include_top=False, weights=None, input_tensor=image, input_shape=shape
    )
    features = layers.GlobalAveragePooling2D(name="features")(convolutions.output)
    return classify_image(image, features, classes, settings.name)
