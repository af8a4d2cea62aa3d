"""What all networks share: the images they take, their layers, the logits they end with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    from keras import layers

    from spacegrouper.settings import Model

STREAMS = ("red", "green", "blue")
# Without batch normalisation only He's initial weights keep the scale of the activations through
# many ReLU layers (He et al. 2015, doi:10.1109/ICCV.2015.123).
RELU: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_normal"}


def image_shape(settings: Model) -> tuple[int, int, int]:
    """Return the shape of an image: rows, columns, channels."""
    return (settings.image_size, settings.image_size, 3)


def classify_image(
    image: keras.KerasTensor, embedding: keras.KerasTensor, classes: int, name: str
) -> keras.Model:
    """End a network of one image or diffractogram: its embedding (batch, channels) to logits."""
    import keras

    return keras.Model([image], [_logits(classes, "logits")(embedding)], name=name)


def classify_streams(trunk: keras.Model, classes: int, name: str) -> keras.Model:
    """Pass each of three images through the one trunk; each has a dense layer of its own.

    `trunk` turns an image into its embedding, (batch, channels).
    """
    import keras

    images = [keras.Input(trunk.input.shape[1:], name=stream) for stream in STREAMS]
    logits = [
        _logits(classes, f"logits_{stream}")(trunk(image))
        for stream, image in zip(STREAMS, images, strict=True)
    ]
    return keras.Model(images, logits, name=name)


def _logits(classes: int, name: str) -> layers.Dense:
    from keras import layers

    # In bfloat16 the softmax of close logits would lose their difference.
    return layers.Dense(classes, dtype="float32", name=name)
