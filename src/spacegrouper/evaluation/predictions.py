"""What a trained network answers to the test crystals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from spacegrouper.backend import start_backend
from spacegrouper.crystals.symmetry import Integers
from spacegrouper.errors import UserError
from spacegrouper.networks.shared.archive import check_archive
from spacegrouper.training.images import PatternReader

if TYPE_CHECKING:
    import keras

    from spacegrouper.dataset.dataset import Dataset
    from spacegrouper.evaluation.model_folder import Labels


class Answers(Protocol):
    """A trained network, of Keras or read by networks/shared/keras_file.py."""

    def predict_on_batch(self, inputs: list[NDArray[np.float32]]) -> Any:
        """Return the outputs, or the only one."""


def load_network(path: Path) -> keras.Model:
    """Load a network written by training; raises UserError for a file that holds none.

    A file that names code other than Keras' own is refused before anything of it is built.
    """
    check_archive(path)
    start_backend()
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    # A damaged archive fails in Keras, h5py or TensorFlow, each with errors of its own.
    except Exception:
        raise UserError(
            f"{path}: damaged, or written by another version of Keras; make it with "
            "scripts/train.py"
        ) from None


def predict_logits(
    network: Answers,
    labels: Labels,
    dataset: Dataset,
    rows: Integers,
    batch_size: int,
    advance: Callable[[int], None],
    epoch: int | None = None,
) -> NDArray[np.float64]:
    """Return the logits of the crystals of `rows`, which ascend; (N, C), as `class_logits`.

    `advance` is called with the number of crystals done since its last call. `epoch`: whose random
    changes the crystals have; none: they are not changed.
    """
    batches = composed_batches(labels, dataset, rows, batch_size, advance, epoch)
    return np.concatenate([class_logits(network, images) for images in batches])


def composed_batches(
    labels: Labels,
    dataset: Dataset,
    rows: Integers,
    batch_size: int,
    advance: Callable[[int], None],
    epoch: int | None = None,
) -> Iterator[list[NDArray[np.float32]]]:
    """Yield the images of the crystals of `rows`, a batch at a time; see `predict_logits`."""
    reader = PatternReader(dataset, labels.presentation)
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        yield reader.compose(reader.read(batch), batch, epoch)
        advance(len(batch))


def class_logits(network: Answers, images: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the sum of the network's logits, one set for each image of a crystal; (N, C).

    `images`: as Composer.compose returns them. Raises UserError for answers that
    are not finite.
    """
    # Keras returns a single image's logits without a list around them.
    logits = network.predict_on_batch(images)
    if not isinstance(logits, list):
        logits = [logits]
    total: NDArray[np.float64] = np.sum(logits, axis=0, dtype=np.float64)
    if not np.isfinite(total).all():
        raise UserError(
            "the network's answers are not finite numbers; "
            "train it again with a smaller train.learning_rate"
        )
    return total


def probabilities(logits: NDArray[np.float64], temperature: float = 1) -> NDArray[np.float64]:
    """Return the softmax of logits over a temperature, which scripts/calibrate.py fits; (N, C)."""
    shares: NDArray[np.float64] = softmax(logits / temperature, axis=1)
    return shares
