"""What a training lowers, and what it is judged by: cross-entropies, summed over the views."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy.special import log_softmax

from spacegrouper.settings import Train


class SummedCrossEntropy(keras.losses.Loss):
    """The weighted sum, over a batch, of each crystal's loss.

    A crystal's loss is the sum of the softmax cross-entropies of its images, times the weight of
    its class. Answers: logits (crystals, images, classes); truth: labels (crystals,).
    `class_weights`: (classes,).
    """

    def __init__(self, class_weights: NDArray[np.float32], label_smoothing: float) -> None:
        super().__init__(reduction="sum")
        self.class_weights = class_weights
        self.label_smoothing = label_smoothing

    def call(self, labels: Any, logits: Any) -> Any:
        """Return each crystal's loss, (crystals,)."""
        classes = len(self.class_weights)
        truth = ops.one_hot(ops.cast(labels, "int32"), classes, dtype="float32")
        target = truth * (1 - self.label_smoothing) + self.label_smoothing / classes
        losses = -ops.sum(target[:, None] * ops.log_softmax(logits), axis=(1, 2))
        return losses * ops.sum(truth * self.class_weights, axis=1)


def right_answers(labels: Any, logits: Any) -> Any:
    """Return 1 for each crystal whose space group is named, 0 for the others; (crystals,)."""
    # softmax(sum of the logits) is largest where the sum is.
    answers = ops.argmax(ops.sum(logits, axis=1), axis=-1)
    return ops.cast(ops.equal(ops.cast(answers, "int32"), ops.cast(labels, "int32")), "float32")


def class_weights(labels: NDArray[np.int64], settings: Train) -> NDArray[np.float32]:
    """Return what a crystal of each class weighs in the loss, 1 on average over the crystals."""
    sizes = np.bincount(labels)
    if settings.class_weights == "none":
        return np.ones(len(sizes), dtype=np.float32)
    return np.asarray(sizes.sum() / (len(sizes) * sizes), dtype=np.float32)


def measure_answers(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> tuple[float, float]:
    """Return the summed loss, neither smoothed nor weighted, and the number of right answers.

    `labels`: (crystals,); `logits`: (crystals, images, classes).
    """
    logarithms = log_softmax(logits.astype(np.float64), axis=-1)
    losses = -np.take_along_axis(logarithms, labels[:, None, None], axis=-1)
    right = logits.sum(axis=1).argmax(axis=-1) == labels
    return float(losses.sum()), float(right.sum())
