"""The scores of a classifier, computed from its probabilities.

Shapes: N crystals, C classes. A *class* is what is told apart: a space group's number in the
International Tables (1 to 230), or the text of another label. A *label* is its place, 0 to C - 1.
`probabilities`: (N, C); `labels`, `truth`, `predicted` (classes): (N,).
Tables of crystal systems and of symmetry are of space groups alone. Shares of crystals stand
beside `low` and `high`, the ends of their 95 % intervals.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spacegrouper.crystals.symmetry import LEVELS, Integers, crystal_systems
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

_LARGEST_K = 5
_SUMMARISED_K = (1, 3, 5)
_RESAMPLES_OF_CRYSTALS = 2_000
_RESAMPLES_AT_A_TIME = 100
_INTERVAL = (2.5, 97.5)
_LEAST_PROBABILITY = 1e-7

Floats = NDArray[np.floating[Any]]
# (N,) or (C,): space-group numbers, or texts.
Classes = NDArray[Any]


def ranks_of_truth(probabilities: Floats, labels: Integers) -> NDArray[np.int64]:
    """Return the place of each true class among the answers, 1 = the most probable; (N,).

    Of equally probable classes the one with the smaller label comes first, as in argmax. Raises
    ValueError where a probability is not finite: such a network has no order of answers.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("the probabilities are not all finite")
    truth = np.take_along_axis(probabilities, labels[:, None], axis=1)
    earlier = np.arange(probabilities.shape[1]) < labels[:, None]
    before = (probabilities > truth) | ((probabilities == truth) & earlier)
    return np.asarray(1 + before.sum(axis=1), dtype=np.int64)


def top_k_table(probabilities: Floats, labels: Integers) -> pd.DataFrame:
    """Return columns k (1 to 5, or to C if that is less), accuracy, low, high, chance (k / C)."""
    classes = probabilities.shape[1]
    ranks = ranks_of_truth(probabilities, labels)
    rows = [
        (k, np.mean(ranks <= k), *share_interval(ranks <= k), k / classes)
        for k in range(1, min(_LARGEST_K, classes) + 1)
    ]
    return pd.DataFrame(rows, columns=["k", "accuracy", "low", "high", "chance"])


def per_class(truth: Classes, predicted: Classes) -> pd.DataFrame:
    """Return a row for each class that occurs in `truth`, in their order.

    Columns: class, crystals (truly of this class), correct (of them named), recall (their ratio),
    low, high, precision (the share of those given this class that is of it; NaN where there are
    none) and f1 (the harmonic mean of recall and precision).
    """
    table = _recall("class", truth, predicted == truth)
    given = pd.Series(predicted).value_counts().reindex(table["class"], fill_value=0).to_numpy()
    table["precision"] = table["correct"] / np.where(given > 0, given, np.nan)
    table["f1"] = 2 * table["correct"] / (table["crystals"] + given)
    return table


def per_crystal_system(truth: Integers, predicted: Integers) -> pd.DataFrame:
    """Return a row for each crystal system that occurs in `truth`, from triclinic to cubic.

    Columns: crystal_system, crystals, correct, recall, low and high of the space group, and
    system_correct, system_recall, system_low and system_high of the crystal system that the
    predicted group belongs to.
    """
    systems = crystal_systems(truth)
    same_group = _recall("crystal_system", systems, predicted == truth)
    same_system = _recall("crystal_system", systems, crystal_systems(predicted) == systems)
    own = same_system[["correct", "recall", "low", "high"]].add_prefix("system_")
    table = pd.concat([same_group, own], axis=1)
    order = table["crystal_system"].map(CRYSTAL_SYSTEMS.index)
    return table.loc[order.sort_values().index].reset_index(drop=True)


def crystal_system_errors(truth: Integers, predicted: Integers) -> pd.DataFrame:
    """Return the rates of wrong predictions between crystal systems; 7 x 7.

    Of the crystals of a true system (row), the share that is given a wrong space group of the
    predicted system (column): on the diagonal are wrong groups of the right system, and a row adds
    up to one minus the accuracy of its system. Rows of systems without crystals are NaN.
    """
    names = pd.Index(CRYSTAL_SYSTEMS)
    systems, answers = crystal_systems(truth), crystal_systems(predicted)
    wrong = truth != predicted
    errors = pd.crosstab(systems[wrong], answers[wrong])
    crystals = pd.Series(systems).value_counts().reindex(names)
    rates = errors.reindex(index=names, columns=names, fill_value=0).div(crystals, axis=0)
    return rates.rename_axis(index="true", columns="predicted")


def symmetry_table(truth: Integers, predicted: Integers, space_groups: Integers) -> pd.DataFrame:
    """Return the accuracy at each level of symmetry.LEVELS.

    `space_groups`: (C,), those that are told apart. Columns: level, classes (how many of the level
    these are of), accuracy (share of the crystals whose answer is of the same class of the level
    as the truth), low, high.
    """
    rows = []
    for level, class_of in LEVELS.items():
        correct = class_of(predicted) == class_of(truth)
        classes = len(np.unique(class_of(space_groups)))
        rows.append((level, classes, correct.mean(), *share_interval(correct)))
    return pd.DataFrame(rows, columns=["level", "classes", "accuracy", "low", "high"])


def confusion_table(truth: Classes, predicted: Classes, classes: Classes) -> pd.DataFrame:
    """Count the crystals of each true (row) and predicted (column) of all `classes`, in order."""
    names = pd.Index(np.sort(classes))
    counts = pd.crosstab(truth, predicted).reindex(index=names, columns=names, fill_value=0)
    return counts.rename_axis(index="true", columns="predicted")


def balanced_accuracy(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean recall of the classes that have crystals.

    `confusion`: (..., C, C), crystals of each true (row) and predicted (column) class; returns
    (...). Every class counts alike, however few crystals it has.
    """
    return _mean_of_classes(_diagonal(confusion), confusion.sum(axis=-1))


def macro_f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean F1 of the classes that have crystals or are named; as `balanced_accuracy`.

    F1 is the harmonic mean of recall and precision, so naming a class too often costs as well.
    """
    named_or_true = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return _mean_of_classes(2 * _diagonal(confusion), named_or_true)


def cross_entropy(probabilities: Floats, labels: Integers) -> float:
    """Return the mean of -ln p of the true classes; p below 1e-7 counts as that, as in Keras."""
    truth = np.take_along_axis(probabilities, labels[:, None], axis=1)
    return float(-np.log(np.maximum(truth, _LEAST_PROBABILITY)).mean())


def share_interval(correct: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the 95 % interval of the share of right answers, (N,).

    E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927): also where all are right, or none, it says how
    little few crystals tell.
    """
    # Only here, as scipy.stats is slow to import.
    from scipy.stats import binomtest

    found = binomtest(int(correct.sum()), correct.size).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def bootstrap_of_class_means(
    confusion: NDArray[np.integer[Any]], seed: int
) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile bootstrap intervals of balanced_accuracy and macro_f1.

    `confusion`: (C, C). 2,000 resamples of as many crystals: how often each pair of true and
    predicted class is drawn is multinomial. A class of which none is drawn is left out of the mean.
    """
    counts = confusion.ravel()
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(0, _RESAMPLES_OF_CRYSTALS, _RESAMPLES_AT_A_TIME):
        size = (_RESAMPLES_AT_A_TIME,)
        resampled = random.multinomial(counts.sum(), counts / counts.sum(), size)
        tables = resampled.reshape(-1, *confusion.shape)
        drawn.append((balanced_accuracy(tables), macro_f1(tables)))
    ends = np.percentile(np.concatenate(drawn, axis=1), _INTERVAL, axis=1)
    balanced, f1 = ends.T.tolist()
    return {"balanced_accuracy": tuple(balanced), "macro_f1": tuple(f1)}


def summarise(
    probabilities: Floats, labels: Integers, classes: Classes, seed: int
) -> dict[str, int | float | list[float]]:
    """Return the scores that every label has in one mapping, as metrics.json holds them.

    `classes`: (C,), the name of each. `chance_accuracy` is that of guessing evenly among the
    classes, `majority_accuracy` that of always naming the test crystals' most frequent class.
    """
    places = np.arange(len(classes))
    confusion = confusion_table(labels, probabilities.argmax(axis=1), places).to_numpy()
    intervals = bootstrap_of_class_means(confusion, seed)
    return {
        "classes": len(classes),
        "test_crystals": len(labels),
        **summarise_top_k(probabilities, labels),
        "balanced_accuracy": float(balanced_accuracy(confusion)),
        "balanced_interval_95": list(intervals["balanced_accuracy"]),
        "macro_f1": float(macro_f1(confusion)),
        "macro_f1_interval_95": list(intervals["macro_f1"]),
        "chance_accuracy": 1 / len(classes),
        "majority_accuracy": float(np.bincount(labels).max() / len(labels)),
    }


def summarise_top_k(probabilities: Floats, labels: Integers) -> dict[str, float | list[float]]:
    """Return top_1_accuracy, top_1_interval_95, and the same of 3 and 5 answers."""
    ranks = ranks_of_truth(probabilities, labels)
    summary: dict[str, float | list[float]] = {}
    for k in _SUMMARISED_K:
        summary[f"top_{k}_accuracy"] = float(np.mean(ranks <= k))
        summary[f"top_{k}_interval_95"] = list(share_interval(ranks <= k))
    return summary


def summarise_symmetry(table: pd.DataFrame) -> dict[str, float | list[float]]:
    """Return the accuracies of the levels of symmetry as metrics.json holds them.

    `table`: as `symmetry_table` returns it. Keys such as laue_class_accuracy and
    laue_class_interval_95; those of the space group itself are left out.
    """
    summary: dict[str, float | list[float]] = {}
    for row in table.to_dict("records"):
        name = str(row["level"]).lower().replace(",", "").replace(" ", "_")
        if name != "space_group":
            summary[f"{name}_accuracy"] = float(row["accuracy"])
            summary[f"{name}_interval_95"] = [float(row["low"]), float(row["high"])]
    return summary


def _diagonal(confusion: NDArray[Any]) -> NDArray[Any]:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _mean_of_classes(counts: NDArray[Any], totals: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean of counts / totals over the classes, the last axis, of which there are any.

    A class without crystals says nothing, so it is no part of the mean.
    """
    present = totals > 0
    ratios = np.divide(counts, totals, out=np.zeros(counts.shape), where=present)
    return np.asarray(ratios.sum(axis=-1) / present.sum(axis=-1))


def _recall(name: str, groups: NDArray[np.generic], correct: NDArray[np.bool_]) -> pd.DataFrame:
    by_group = pd.Series(correct).groupby(groups)
    table = by_group.agg(crystals="size", correct="sum", recall="mean")
    table[["low", "high"]] = [share_interval(own.to_numpy()) for _, own in by_group]
    return table.rename_axis(name).reset_index()
