"""Batch normalisation for trainings of few steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_MOMENTUM = 0.9


def normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Normalise over the batch, with moving statistics that follow within some ten steps.

    Keras' own take hundreds, more than an epoch of large batches has, and lag behind the weights.
    """
    from keras import layers

    return layers.BatchNormalization(momentum=_MOMENTUM, name=name)(x)
