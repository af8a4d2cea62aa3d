"""The baseline that every network must beat: a forest of extremely randomised trees.

Geurts, Ernst, Wehenkel, Mach. Learn. 63:3 (2006), as scikit-learn implements them. The forest sees
the patterns of all views in 64 x 64 pixels, log-scaled; it knows nothing of which pixels are
neighbours.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from spacegrouper.crystals.symmetry import Integers
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.techniques.images import resize_patterns

TREES = 300
SIZE = 64
# Grown trees hold a number for each node and class, gigabytes in all: so they go when they have
# answered. The trees are the same however many are grown at a time.
_TREES_AT_A_TIME = 30
_CRYSTALS_AT_A_TIME = 256


def read_features(
    dataset: Dataset,
    rows: Integers,
    array: str,
    advance: Callable[[int], None],
) -> NDArray[np.float32]:
    """Return what the forest sees of the crystals of `rows`, which ascend.

    Shape (rows, views x 64 x 64). Each value is log(1 + g), g the largest grey level of the pixels
    that fall together, of the array of that name. `advance` is called with the
    number of crystals read since its last call.
    """
    scaled = np.log1p(np.arange(256, dtype=np.float32))
    features = np.empty((len(rows), dataset.shape[0] * SIZE * SIZE), dtype=np.float32)
    for start in range(0, len(rows), _CRYSTALS_AT_A_TIME):
        batch = rows[start : start + _CRYSTALS_AT_A_TIME]
        levels = dataset.read(batch, [array])[array]
        patterns = resize_patterns(levels, SIZE, "maximum")
        features[start : start + len(batch)] = scaled[patterns].reshape(len(batch), -1)
        advance(len(batch))
    return features


def predict_by_forest(
    known: NDArray[np.float32],
    labels: Integers,
    unknown: NDArray[np.float32],
    classes: int,
    seed: int,
    advance: Callable[[int], None],
) -> NDArray[np.float64]:
    """Grow the forest on crystals of known class; return the others' probabilities of each class.

    `known`: (K, F); `labels`: (K,), 0 to classes - 1; `unknown`: (N, F). Returns the mean of the
    trees' answers, (N, classes). `advance` is called with the number of trees grown since its last
    call.
    """
    random = np.random.RandomState(seed)
    total = np.zeros((len(unknown), classes))
    for _ in range(0, TREES, _TREES_AT_A_TIME):
        # The generator goes on from forest to forest, so that no two trees are the same.
        forest = ExtraTreesClassifier(_TREES_AT_A_TIME, random_state=random, n_jobs=-1)
        forest.fit(known, labels)
        # One tree after the other: the forest's own sum depends on which thread comes first.
        for tree in forest.estimators_:
            total[:, forest.classes_] += tree.predict_proba(unknown, check_input=False)
        advance(_TREES_AT_A_TIME)
    return total / TREES
