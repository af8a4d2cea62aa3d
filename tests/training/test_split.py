import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.config.sections import Split
from spacegrouper.errors import UserError
from spacegrouper.storage.dataset import open_dataset
from spacegrouper.training.split import PARTS, select_classes, split_crystals, split_dataset

SETTINGS = Split(minimum_crystals=10)


def crystals(*sizes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make ids, space groups 2, 4, 6 ... with so many crystals each, and status done."""
    spacegroup = np.repeat(2 * np.arange(1, len(sizes) + 1), sizes).astype(np.int16)
    ids = np.array([f"mp-{index}" for index in range(len(spacegroup))])
    return ids, spacegroup, np.ones(len(spacegroup), dtype=np.uint8)


def test_each_class_keeps_the_shares() -> None:
    table = split_crystals(*crystals(100, 40, 61), SETTINGS, seed=0)

    counts = pd.crosstab(table["label"], table["part"])
    assert counts.loc[0, list(PARTS)].tolist() == [80, 10, 10]
    assert counts.loc[1, list(PARTS)].tolist() == [32, 4, 4]
    assert counts.loc[2, list(PARTS)].tolist() == [49, 6, 6]


def test_labels_number_the_space_groups_upwards() -> None:
    table = split_crystals(*crystals(20, 5, 20), SETTINGS, seed=0)

    assert dict(zip(table["label"], table["spacegroup"], strict=True)) == {0: 2, 1: 6}
    assert table["row"].tolist() == [*range(20), *range(25, 45)]


def test_crystals_not_done_or_of_unknown_group_are_left_out() -> None:
    ids, spacegroup, status = crystals(12, 12, 12)
    status[[0, 13]] = 2
    spacegroup[24:] = 0

    table = split_crystals(ids, spacegroup, status, SETTINGS, seed=0)

    assert set(table["row"]) == set(range(24)) - {0, 13}


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(random) -> None:
    ids, spacegroup, status = crystals(30, 12)
    order = list(range(42))
    random.shuffle(order)

    straight = split_crystals(ids, spacegroup, status, SETTINGS, seed=5)
    shuffled = split_crystals(ids[order], spacegroup[order], status[order], SETTINGS, seed=5)

    columns = ["material_id", "label", "part"]
    pd.testing.assert_frame_equal(
        straight[columns].sort_values("material_id", ignore_index=True),
        shuffled[columns].sort_values("material_id", ignore_index=True),
    )


def test_new_crystals_move_only_those_at_the_cuts() -> None:
    before = split_crystals(*crystals(100, 100), SETTINGS, seed=0).set_index("material_id")
    ids, spacegroup, status = crystals(100, 110)
    after = split_crystals(ids, spacegroup, status, SETTINGS, seed=0).set_index("material_id")

    changed = before[before["part"] != after.loc[before.index, "part"]]
    # A second shuffle of the class of 100 would move about 34 of its crystals.
    assert set(changed["spacegroup"]) <= {4}
    assert len(changed) <= 4


def test_another_seed_splits_otherwise() -> None:
    parts = [split_crystals(*crystals(50, 50), SETTINGS, seed)["part"].tolist() for seed in (0, 1)]

    assert parts[0] != parts[1]


@given(st.lists(st.integers(3, 30), min_size=2, max_size=5))
def test_every_class_is_in_every_part(sizes: list[int]) -> None:
    table = split_crystals(*crystals(*sizes), Split(minimum_crystals=3), seed=0)

    assert (pd.crosstab(table["label"], table["part"])[list(PARTS)] >= 1).to_numpy().all()
    assert len(table) == sum(sizes)


def test_a_class_too_small_for_three_parts() -> None:
    with pytest.raises(UserError, match=r"space group 2 has 2 crystals.*raise it above 2"):
        split_crystals(*crystals(2, 9), Split(minimum_crystals=1), seed=0)


def test_fewer_than_two_classes_names_the_largest_groups() -> None:
    _, spacegroup, status = crystals(8, 12, 9)
    message = r"1 space groups.*at least 10.*largest groups: 4 with 12, 6 with 9, 2 with 8"
    with pytest.raises(UserError, match=message):
        select_classes(spacegroup, status, 10)


def test_no_crystals_at_all() -> None:
    with pytest.raises(UserError, match="largest groups: none at all"):
        select_classes(np.zeros(4, np.int16), np.ones(4, np.uint8), 10)


def test_reads_a_dataset(store) -> None:
    table = split_dataset(open_dataset(store), SETTINGS, seed=0)

    assert table["material_id"].tolist() == [f"mp-{row}" for row in range(36)]
    assert sorted(table["spacegroup"].unique()) == [195, 196, 197]
