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


def _builder(application: str) -> Callable[[int, Model], keras.Model]:
    """Return what builds one of keras.applications, from one image to its logits."""

    def build(classes: int, settings: Model) -> keras.Model:
        import keras
        from keras import layers

        shape = image_shape(settings)
        image = keras.Input(shape, name="image")
        convolutions = getattr(keras.applications, application)(
            include_top=False, weights=None, input_tensor=image, input_shape=shape
        )
        features = layers.GlobalAveragePooling2D(name="features")(convolutions.output)
        return classify_image(image, features, classes, settings.name)

    return build


# Huang et al., doi:10.1109/CVPR.2017.243.
NETWORKS.register(Network("densenet", _builder("DenseNet121"), "image", lambda _: _SMALLEST))
# He et al., doi:10.1109/CVPR.2016.90.
NETWORKS.register(Network("resnet", _builder("ResNet50"), "image", lambda _: _SMALLEST))
