"""The networks by the name they have in the configuration."""

from collections.abc import Callable

import keras

from spacegrouper.config.sections import Model
from spacegrouper.models.msdn import build_msdn

NETWORKS: dict[str, Callable[[int, Model], keras.Model]] = {"msdn": build_msdn}


def build_model(classes: int, settings: Model) -> keras.Model:
    """Build the untrained network `settings.name` for this number of classes.

    Every network takes the images [red, green, blue], each (batch, image_size, image_size, 3)
    float32 in 0..1, and returns their three logits, each (batch, classes). Its weights are drawn
    from Keras' global seed (keras.utils.set_random_seed).
    """
    return NETWORKS[settings.name](classes, settings)
