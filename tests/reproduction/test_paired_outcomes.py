from math import comb

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_grid import write_grid

from spacegrouper.errors import UserError
from spacegrouper.reproduction.paired_outcomes import count_pairs, paired_outcomes
from spacegrouper.reproduction.results import list_experiments


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemars_test_is_that_of_a_fair_coin(pairs):
    """Of crystals that only one names right, each falls on either network like a tossed coin."""
    counts = count_pairs(*(pd.Series(rights, dtype=bool) for rights in zip(*pairs, strict=True)))
    only, other = pairs.count((True, False)), pairs.count((False, True))
    assert (counts["only_first_right"], counts["only_second_right"]) == (only, other)
    assert counts["both_right"] == pairs.count((True, True))
    assert counts["crystals"] == len(pairs)
    assert counts["both_wrong"] == pairs.count((False, False))
    tosses = only + other
    tail = sum(comb(tosses, heads) for heads in range(min(only, other) + 1)) / 2**tosses
    assert counts["mcnemar_p"] == pytest.approx(min(1.0, 2 * tail))


@pytest.fixture
def experiments(tmp_path):
    return list_experiments(write_grid(tmp_path), tmp_path / "grid")


def test_each_two_networks_of_a_task_are_compared_once(experiments):
    table = paired_outcomes(experiments)
    assert len(table) == 3 * 2 * 2  # pairs of three networks, sets of classes, splits
    assert not table[["classes", "split", "first", "second"]].duplicated().any()
    row = table[(table["classes"] == "many") & (table["split"] == "random")].iloc[0]
    assert (row["first"], row["second"]) == ("first (shaped)", "weak (spot)")
    first, second = (
        pd.read_csv(each.folder / "evaluation" / "predictions.csv").eval("predicted == spacegroup")
        for each in experiments
        if (each.classes, each.split) == ("many", "random") and each.network != "strong"
    )
    assert row["only_first_right"] == (first & ~second).sum() > row["only_second_right"]
    assert row["crystals"] == len(first)


def test_other_test_crystals_are_refused(experiments):
    path = experiments[0].folder / "evaluation" / "predictions.csv"
    pd.read_csv(path).iloc[1:].to_csv(path, index=False)
    with pytest.raises(UserError, match="not tested with the same crystals; evaluate both anew"):
        paired_outcomes(experiments)
