"""Boosted trees as plain arrays: evaluated, written and read without the library that grew them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """Regression trees whose sum is the logarithm of odds.

    Args:
        baseline: that is added to all.
        starts: (trees,), the root of each among the nodes.
        feature: (nodes,) int32, which is asked for; -1 in a leaf.
        threshold: (nodes,), left is up to this.
        left, right: (nodes,) int32, the next nodes.
        missing_left: (nodes,) bool, where a feature that is NaN goes.
        value: (nodes,), of a leaf.
    """

    baseline: float
    starts: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: Floats

    def log_odds(self, features: Floats) -> Floats:
        """Return a number for each row of features (n, features), (n,)."""
        return np.asarray(
            _sum_of_trees(
                np.ascontiguousarray(features, dtype=np.float64),
                self.baseline,
                self.starts,
                self.feature,
                self.threshold,
                self.left,
                self.right,
                self.missing_left,
                self.value,
            )
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` makes the trees of."""
        return {
            "baseline": np.array(self.baseline),
            "starts": self.starts,
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "missing_left": self.missing_left,
            "value": self.value,
        }


def from_arrays(arrays: dict[str, NDArray[Any]]) -> BoostedTrees:
    """Return trees from their arrays."""
    rest = {name: array for name, array in arrays.items() if name != "baseline"}
    return BoostedTrees(baseline=float(arrays["baseline"]), **rest)


def from_scikit_learn(classifier: Any) -> BoostedTrees:
    """Return the trees of a HistGradientBoostingClassifier of two classes and no categories."""
    trees = [predictors[0].nodes for predictors in classifier._predictors]
    starts = np.cumsum([0, *map(len, trees)])[:-1].astype(np.int32)
    nodes = np.concatenate(trees)
    shift = np.repeat(starts, [len(tree) for tree in trees])
    leaf = nodes["is_leaf"].astype(bool)
    return BoostedTrees(
        baseline=float(classifier._baseline_prediction.item()),
        starts=starts,
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, 0, nodes["left"] + shift).astype(np.int32),
        right=np.where(leaf, 0, nodes["right"] + shift).astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=np.where(leaf, nodes["value"], 0.0),
    )


@njit(cache=True, nogil=True)
def _sum_of_trees(
    features: Any,
    baseline: float,
    starts: Any,
    feature: Any,
    threshold: Any,
    left: Any,
    right: Any,
    missing_left: Any,
    value: Any,
) -> Any:
    found = np.full(len(features), baseline)
    for row in range(len(features)):
        for start in starts:
            node = start
            while feature[node] >= 0:
                asked = features[row, feature[node]]
                goes_left = missing_left[node] if np.isnan(asked) else asked <= threshold[node]
                node = left[node] if goes_left else right[node]
            found[row] += value[node]
    return found
