"""The baseline that every network must beat: a forest of extremely randomised trees.

Geurts, Ernst, Wehenkel, Mach. Learn. 63:3 (2006), as scikit-learn implements them. The forest sees
the numbers that a network is shown, or what their descriptor has for it instead; it knows nothing
of which of them are neighbours.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.crystals.symmetry import Integers
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.training.images import PatternReader

# Grown trees hold a number for each node and class, gigabytes in all: so they go when they have
# answered. The trees are the same however many are grown at a time.
_TREES_AT_A_TIME = 30
_CRYSTALS_AT_A_TIME = 256


def read_features(
    dataset: Dataset,
    rows: Integers,
    presentation: Presentation,
    advance: Callable[[int], None],
    epoch: int | None = None,
) -> NDArray[np.float32]:
    """Return what the forest sees of the crystals of `rows`, which ascend, (rows, numbers).

    `advance` is called with the number of crystals read since its last call. `epoch`: whose
    random changes the crystals have; none: they are not changed.
    Raises UserError for a dataset that the descriptor cannot be made of.
    """
    reader = PatternReader(dataset, presentation, to_forest=True)

    def seen(batch: Integers) -> NDArray[np.float32]:
        inputs = reader.compose(reader.read(batch), batch, epoch)
        return np.concatenate([each.reshape(len(batch), -1) for each in inputs], axis=1)

    features = np.empty((len(rows), seen(rows[:1]).shape[1]), dtype=np.float32)
    for start in range(0, len(rows), _CRYSTALS_AT_A_TIME):
        batch = rows[start : start + _CRYSTALS_AT_A_TIME]
        features[start : start + len(batch)] = seen(batch)
        advance(len(batch))
    return features


def predict_by_forest(
    known: NDArray[np.float32],
    labels: Integers,
    unknown: NDArray[np.float32],
    classes: int,
    trees: int,
    seed: int,
    threads: int,
    advance: Callable[[int], None],
) -> NDArray[np.float64]:
    """Grow the forest on crystals of known class; return the others' probabilities of each class.

    `known`: (K, F); `labels`: (K,), 0 to classes - 1; `unknown`: (N, F). Returns the mean of the
    trees' answers, (N, classes), whatever the threads. `advance` is called with the number of trees
    grown since its last call.
    """
    random = np.random.RandomState(seed)
    total = np.zeros((len(unknown), classes))
    for start in range(0, trees, _TREES_AT_A_TIME):
        count = min(_TREES_AT_A_TIME, trees - start)
        # The generator goes on from forest to forest, so that no two trees are the same.
        forest = ExtraTreesClassifier(count, random_state=random, n_jobs=threads)
        forest.fit(known, labels)
        # One tree after the other: the forest's own sum depends on which thread comes first.
        for tree in forest.estimators_:
            total[:, forest.classes_] += tree.predict_proba(unknown, check_input=False)
        advance(count)
    return total / trees
