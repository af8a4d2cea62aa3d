"""How far an input is from the crystals that a network was trained on.

A network names one of its classes whatever it is shown, often with full confidence. What gives a
strange input away is a pattern of logits that no class has: their direction is far from the mean
direction of the training crystals of every class (nearest class mean, without the covariance of
K. Lee, K. Lee, H. Lee and J. Shin, NeurIPS 2018). Far is what is beyond 99 % of the validation set.

Shapes: N crystals, C classes, K of these with training crystals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacegrouper.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from spacegrouper.crystals.symmetry import Integers
    from spacegrouper.evaluation.metrics import Floats

FARTHEST = 0.99  # share of validation crystals that are not far
PER_CLASS = 16  # training crystals whose logits are averaged

_DIGITS = 4  # of a direction in the file
_KEY = "training_distance"


@dataclass(frozen=True, eq=False)
class TrainingDistance:
    """Where the training crystals of each class are.

    Args:
        means: (K, C), mean directions of their logits.
        limit: the distance that 99 % of the validation crystals are within.
    """

    means: Floats
    limit: float

    def of(self, logits: Floats) -> Floats:
        """Return how far logits (N, C) are from the nearest class, (N,), 0 to 2."""
        apart = _directions(logits)[:, None] - self.means[None]
        found: Floats = np.linalg.norm(apart, axis=2).min(axis=1)
        return found

    def is_far(self, distance: float) -> bool:
        """Tell whether a distance is beyond the limit, rounding errors apart."""
        return distance > self.limit + 1e-6


def rows_to_average(training: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return at most 16 crystals of each class, drawn at random, in ascending rows.

    `training`: of split.csv, with the columns row and label.
    """
    drawn = training.sample(frac=1, random_state=seed).groupby("label").head(PER_CLASS)
    return drawn.sort_values("row")


def measure_distance(training: Floats, labels: Integers, validation: Floats) -> dict[str, Any]:
    """Return what calibration.json holds of it.

    `training`: logits (N, C) of training crystals, whose classes are `labels`; `validation`: logits
    of validation crystals.
    """
    directions = _directions(training)
    means = np.array([directions[labels == label].mean(axis=0) for label in np.unique(labels)])
    known = TrainingDistance(means.round(_DIGITS), 0.0)
    limit = float(np.quantile(known.of(validation), FARTHEST))
    # A line of numbers for each class, not a line for each number.
    rows = [" ".join(f"{value:.{_DIGITS}f}" for value in row) for row in known.means]
    return {_KEY: {"limit": limit, "means": rows}}


def read_training_distance(model: Path) -> TrainingDistance | None:
    """Read it from a model folder's calibration.json; none where an older program wrote that.

    Raises:
        UserError: it is no distance.
    """
    path = model / "calibration.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8")).get(_KEY)
        if stored is None:
            return None
        means = np.array([row.split() for row in stored["means"]], dtype=float)
        found = TrainingDistance(means, float(stored["limit"]))
        if found.means.ndim != 2 or not np.isfinite([*found.means.ravel(), found.limit]).all():
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path}: its `{_KEY}` is damaged; make it again with scripts/calibrate.py"
        ) from None
    return found


def _directions(logits: Floats) -> Floats:
    # A softmax does not see what is added to all logits.
    centred = logits - logits.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    found: Floats = centred / np.where(lengths > 0, lengths, 1)
    return found
