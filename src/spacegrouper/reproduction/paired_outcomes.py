"""Two networks on the same test crystals: which one is better, and whether by more than luck."""

from itertools import combinations

import pandas as pd
from scipy.stats import binomtest

from spacegrouper.errors import UserError
from spacegrouper.reproduction.results import Experiment, read_evaluation_table


def count_pairs(first: "pd.Series[bool]", second: "pd.Series[bool]") -> dict[str, int | float]:
    """Count the crystals that two networks name right, by which of them does.

    `first`, `second`: whether each names each crystal right. Returns crystals, both_right,
    only_first_right, only_second_right, both_wrong, and mcnemar_p: the probability, were the
    networks equally good, that the crystals that only one names right fall at least as unevenly on
    the two (McNemar's test, exact and two-sided: Psychometrika 12, 153, 1947).
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    decided = only_first + only_second
    return {
        "crystals": len(first),
        "both_right": int((first & second).sum()),
        "only_first_right": only_first,
        "only_second_right": only_second,
        "both_wrong": int((~first & ~second).sum()),
        "mcnemar_p": float(binomtest(only_first, decided).pvalue) if decided else 1.0,
    }


def paired_outcomes(experiments: list[Experiment]) -> pd.DataFrame:
    """Return a row for each two networks with the same classes and split, in order of the grid.

    Columns classes, split, first, second (titles of the networks), and those of `count_pairs`.
    Raises UserError where two networks were not tested with the same crystals.
    """
    rights = [_right(experiment) for experiment in experiments]
    rows = []
    for (one, first), (other, second) in combinations(zip(experiments, rights, strict=True), 2):
        if (one.classes, one.split) != (other.classes, other.split):
            continue
        if not first.index.equals(second.index):
            raise UserError(
                f"{one.folder} and {other.folder} were not tested with the same crystals; "
                "evaluate both anew"
            )
        described = {
            "classes": one.classes,
            "split": one.split,
            "first": one.title,
            "second": other.title,
        }
        rows.append(described | count_pairs(first, second))
    return pd.DataFrame(rows)


def _right(experiment: Experiment) -> "pd.Series[bool]":
    """Tell of each test crystal, by its row of the dataset, whether it is named right."""
    table = read_evaluation_table(experiment, "predictions").set_index("row").sort_index()
    return table["rank"] == 1
