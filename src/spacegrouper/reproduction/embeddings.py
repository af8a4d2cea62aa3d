"""What a network makes of a crystal before it names a class: the embeddings of its images."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.symmetry import Integers
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.evaluation.predictions import composed_batches

FEATURES = "features"
TRUNK = "trunk"


def image_trunk(network: keras.Model) -> keras.Model:
    """Return what all images of a crystal pass through: the trunk, or a network of one image."""
    names = {layer.name for layer in network.layers}
    return network.get_layer(TRUNK) if TRUNK in names else network


def embed_crystals(
    network: keras.Model,
    labels: Labels,
    dataset: Dataset,
    rows: Integers,
    batch_size: int,
    advance: Callable[[int], None],
) -> NDArray[np.float64]:
    """Return the embeddings of the crystals of `rows`, which ascend; (rows, images, channels).

    They are the outputs of the layer "features", one for each image, scaled to length 1; one that
    is 0 in all channels stays 0, and so is similar to none. `advance` is called with the number of
    crystals done since its last call. Raises UserError for embeddings that are not finite.
    """
    trunk = image_trunk(network)
    embed = keras.Model(trunk.inputs[0], trunk.get_layer(FEATURES).output)
    parts = [
        np.stack([embed.predict_on_batch(image) for image in images], axis=1)
        for images in composed_batches(labels, dataset, rows, batch_size, advance)
    ]
    # Embeddings of unlike crystals may differ in the fourth digit only.
    embeddings = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(embeddings).all():
        raise UserError(
            "the network's embeddings are not finite numbers; "
            "train it again with a smaller train.learning_rate"
        )
    lengths = np.linalg.norm(embeddings, axis=2, keepdims=True)
    unit: NDArray[np.float64] = embeddings / np.where(lengths > 0, lengths, 1)
    return unit


def untrained_copy(network: keras.Model, seed: int) -> keras.Model:
    """Return a network of the same architecture whose weights are drawn anew, from the seed."""
    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(network)
