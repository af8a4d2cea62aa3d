"""What a trained network answers to the test crystals."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.descriptors.images import compose_images
from spacegrouper.errors import UserError
from spacegrouper.evaluation.metrics import Integers
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.training.images import read_patterns


def load_network(path: Path) -> keras.Model:
    """Load a network written by training; raises UserError for a file that holds none."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path}: cannot be loaded ({reason}); make it with scripts/train.py"
        ) from None


def predict_probabilities(
    network: keras.Model,
    labels: Labels,
    dataset: zarr.Group,
    rows: Integers,
    batch_size: int,
    advance: Callable[[int], None],
) -> NDArray[np.float64]:
    """Return the probability of each class for the crystals of `rows`, which ascend; (N, C).

    It is the softmax of the sum of the network's logits, one set for each image. `advance` is
    called with the number of crystals done since its last call. Raises UserError for answers that
    are not finite.
    """
    parts = []
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        patterns = read_patterns(
            dataset, batch, labels.image_size, labels.resize, labels.descriptor
        )
        logits = network.predict_on_batch(compose_images(patterns, labels.descriptor))
        # Keras returns a single image's logits without a list around them.
        parts.append(np.sum(keras.tree.flatten(logits), axis=0, dtype=np.float64))
        advance(len(batch))
    total = np.concatenate(parts)
    if not np.isfinite(total).all():
        raise UserError(
            "the network's answers are not finite numbers; "
            "train it again with a smaller train.learning_rate"
        )
    exponentials = np.exp(total - total.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities
