"""What a trained network answers to the test crystals."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.descriptors.images import compose_images
from spacegrouper.errors import UserError
from spacegrouper.evaluation.metrics import Floats, Integers, ranks_of_truth
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

    It is the softmax of the sum of the network's three logits. `advance` is called with the number
    of crystals done since its last call. Raises UserError for answers that are not finite.
    """
    parts = []
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        patterns = read_patterns(
            dataset, batch, labels.image_size, labels.resize, labels.descriptor
        )
        logits = network.predict_on_batch(compose_images(patterns, labels.descriptor))
        parts.append(np.sum(logits, axis=0, dtype=np.float64))
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


def prediction_table(
    test: pd.DataFrame, probabilities: Floats, space_groups: Integers
) -> pd.DataFrame:
    """Return each crystal's answer: columns row, material_id, spacegroup, predicted, probability
    (of the predicted group) and rank (of the true group among the answers, 1 = first).

    `test`: as model_folder.read_test_part returns it, (N,); `probabilities`: (N, C);
    `space_groups`: (C,).
    """
    table = test[["row", "material_id", "spacegroup"]].copy()
    table["predicted"] = space_groups[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1)
    table["rank"] = ranks_of_truth(probabilities, test["label"].to_numpy())
    return table
