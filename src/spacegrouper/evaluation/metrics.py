"""The scores of a classifier of space groups, computed from its probabilities.

Shapes: N crystals, C classes. A *label* is a class's place (0 to C - 1), a *space group* its number
in the International Tables (1 to 230).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score

CRYSTAL_SYSTEMS = (
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "trigonal",
    "hexagonal",
    "cubic",
)
# The last space group of each crystal system (International Tables for Crystallography, vol. A).
_LAST_SPACE_GROUPS = (2, 15, 74, 142, 167, 194, 230)
_LARGEST_K = 5

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


def crystal_systems(space_groups: Integers) -> NDArray[np.str_]:
    """Return the crystal system of each space-group number; any shape, the same shape back.

    Raises ValueError for a number that is not 1 to 230.
    """
    numbers = np.asarray(space_groups)
    if numbers.size and (numbers.min() < 1 or numbers.max() > 230):
        raise ValueError("space-group numbers are 1 to 230")
    return np.array(CRYSTAL_SYSTEMS)[np.searchsorted(_LAST_SPACE_GROUPS, numbers)]


def ranks_of_truth(probabilities: Floats, labels: Integers) -> NDArray[np.int64]:
    """Return the place of each true class among the answers, 1 = the most probable; (N,).

    `probabilities`: (N, C); `labels`: (N,). Of equally probable classes the one with the smaller
    label comes first, as in argmax. Raises ValueError where a probability is not finite: such a
    network has no order of answers.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("the probabilities are not all finite")
    truth = np.take_along_axis(probabilities, labels[:, None], axis=1)
    earlier = np.arange(probabilities.shape[1]) < labels[:, None]
    before = (probabilities > truth) | ((probabilities == truth) & earlier)
    return np.asarray(1 + before.sum(axis=1), dtype=np.int64)


def top_k_accuracy(probabilities: Floats, labels: Integers, k: int) -> float:
    """Return the share of crystals whose true class is among the k most probable ones.

    `probabilities`: (N, C); `labels`: (N,). Raises ValueError as `ranks_of_truth` does.
    """
    return float(np.mean(ranks_of_truth(probabilities, labels) <= k))


def top_k_table(probabilities: Floats, labels: Integers) -> pd.DataFrame:
    """Return columns k (1 to 5, or to C if that is less), accuracy, and chance (k / C)."""
    classes = probabilities.shape[1]
    ks = np.arange(1, min(_LARGEST_K, classes) + 1)
    accuracy = [top_k_accuracy(probabilities, labels, int(k)) for k in ks]
    return pd.DataFrame({"k": ks, "accuracy": accuracy, "chance": ks / classes})


def per_space_group(truth: Integers, predicted: Integers) -> pd.DataFrame:
    """Return a row for each space group that occurs in `truth`, in order of number.

    `truth`, `predicted`: space groups, (N,). Columns: spacegroup, crystal_system, crystals (how
    many are truly of this group), correct (how many of them the network names), recall (their
    ratio).
    """
    table = _recall("spacegroup", truth, predicted == truth)
    systems = crystal_systems(table["spacegroup"].to_numpy())
    table.insert(1, "crystal_system", systems)
    return table


def per_crystal_system(truth: Integers, predicted: Integers) -> pd.DataFrame:
    """Return a row for each crystal system that occurs in `truth`, from triclinic to cubic.

    `truth`, `predicted`: space groups, (N,). Columns: crystal_system, crystals, correct and recall
    of the space group, system_correct and system_recall of the crystal system that the predicted
    group belongs to.
    """
    systems = crystal_systems(truth)
    same_group = _recall("crystal_system", systems, predicted == truth)
    same_system = _recall("crystal_system", systems, crystal_systems(predicted) == systems)
    table = same_group.assign(
        system_correct=same_system["correct"], system_recall=same_system["recall"]
    )
    order = table["crystal_system"].map(CRYSTAL_SYSTEMS.index)
    return table.loc[order.sort_values().index].reset_index(drop=True)


def confusion_table(truth: Integers, predicted: Integers, space_groups: Integers) -> pd.DataFrame:
    """Count the crystals of each true (row) and predicted (column) space group.

    `truth`, `predicted`: space groups, (N,). Rows and columns are all classes, in order of number.
    """
    classes = pd.Index(np.sort(space_groups))
    counts = pd.crosstab(truth, predicted).reindex(index=classes, columns=classes, fill_value=0)
    return counts.rename_axis(index="true", columns="predicted")


def bootstrap_interval(correct: NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the share of right answers.

    `correct`: (N,). 10,000 resamples. The number of right answers in a resample of N out of N
    yes-or-no answers is binomial, so it is drawn as such. At a share of exactly 0 or 1 the interval
    is a point, which is the bootstrap's known shortcoming.
    """
    count = correct.size
    resampled = np.random.default_rng(seed).binomial(count, correct.mean(), size=10_000) / count
    low, high = np.percentile(resampled, (2.5, 97.5))
    return float(low), float(high)


def summarise(
    probabilities: Floats,
    labels: Integers,
    space_groups: Integers,
    seed: int,
) -> dict[str, int | float | list[float]]:
    """Return the scores of a network in one mapping, as metrics.json holds them.

    `probabilities`: (N, C); `labels`: (N,); `space_groups`: (C,), the number of each class; `seed`:
    of the bootstrap. `chance_accuracy` is that of guessing evenly among the classes,
    `majority_accuracy` that of always naming the test crystals' most frequent space group.
    """
    answers = probabilities.argmax(axis=1)
    correct = answers == labels
    systems = crystal_systems(space_groups)
    return {
        "classes": len(space_groups),
        "test_crystals": len(labels),
        "top_1_accuracy": top_k_accuracy(probabilities, labels, 1),
        "top_1_interval_95": list(bootstrap_interval(correct, seed)),
        "top_5_accuracy": top_k_accuracy(probabilities, labels, 5),
        "balanced_accuracy": float(balanced_accuracy_score(labels, answers)),
        "macro_f1": float(f1_score(labels, answers, average="macro")),
        "crystal_system_accuracy": float(np.mean(systems[answers] == systems[labels])),
        "chance_accuracy": 1 / len(space_groups),
        "majority_accuracy": float(np.bincount(labels).max() / len(labels)),
    }


def _recall(name: str, groups: NDArray[np.generic], correct: NDArray[np.bool_]) -> pd.DataFrame:
    counts = pd.Series(correct).groupby(groups).agg(["size", "sum"])
    return pd.DataFrame(
        {
            name: counts.index,
            "crystals": counts["size"].to_numpy(),
            "correct": counts["sum"].to_numpy(),
            "recall": (counts["sum"] / counts["size"]).to_numpy(),
        }
    )
