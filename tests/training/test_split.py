import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.errors import UserError
from spacegrouper.settings import Split
from spacegrouper.settings.space_groups import SPACE_GROUPS
from spacegrouper.storage.dataset import open_dataset
from spacegrouper.training.split import (
    PARTS,
    select_classes,
    split_crystals,
    split_dataset,
    validation_groups,
)

SETTINGS = Split(minimum_crystals=10)
BY_PROTOTYPE = Split(minimum_crystals=3, method="prototype")


def crystals(*sizes: int) -> pd.DataFrame:
    """Make crystals of space groups 2, 4, 6 ..., so many of each, every one a prototype."""
    group = np.repeat(2 * np.arange(1, len(sizes) + 1), sizes)
    return pd.DataFrame(
        {
            "row": range(len(group)),
            "material_id": [f"mp-{row}" for row in range(len(group))],
            "spacegroup": group,
            "class": group,
            "prototype": [f"A_{row}" for row in range(len(group))],
        }
    )


def of_prototypes(*classes: list[int]) -> pd.DataFrame:
    """Make crystals of space groups 2, 4, ..., given how many each of its prototypes has."""
    table = crystals(*(sum(sizes) for sizes in classes))
    table["prototype"] = [
        f"A_{group}_{kind}"
        for group, sizes in enumerate(classes)
        for kind, size in enumerate(sizes)
        for _ in range(size)
    ]
    return table


def test_each_class_keeps_the_shares() -> None:
    table = split_crystals(crystals(100, 40, 61), SETTINGS, seed=0)

    counts = pd.crosstab(table["label"], table["part"])
    assert counts.loc[0, list(PARTS)].tolist() == [80, 10, 10]
    assert counts.loc[1, list(PARTS)].tolist() == [32, 4, 4]
    assert counts.loc[2, list(PARTS)].tolist() == [49, 6, 6]


def test_labels_number_the_space_groups_upwards() -> None:
    table = split_crystals(crystals(20, 5, 20), SETTINGS, seed=0)

    assert dict(zip(table["label"], table["spacegroup"], strict=True)) == {0: 2, 1: 6}
    assert table["row"].tolist() == [*range(20), *range(25, 45)]


@pytest.mark.parametrize("method", ["random", "prototype"])
@given(random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(method, random) -> None:
    table = of_prototypes([5] * 6, [1] * 12)
    order = list(range(len(table)))
    random.shuffle(order)
    settings = Split(minimum_crystals=10, method=method)

    straight = split_crystals(table, settings, seed=5)
    shuffled = split_crystals(table.iloc[order].assign(row=range(len(table))), settings, seed=5)

    columns = ["material_id", "label", "part"]
    pd.testing.assert_frame_equal(
        straight[columns].sort_values("material_id", ignore_index=True),
        shuffled[columns].sort_values("material_id", ignore_index=True),
    )


def test_new_crystals_move_only_those_at_the_cuts() -> None:
    before = split_crystals(crystals(100, 100), SETTINGS, seed=0).set_index("material_id")
    after = split_crystals(crystals(100, 110), SETTINGS, seed=0).set_index("material_id")

    changed = before[before["part"] != after.loc[before.index, "part"]]
    # A second shuffle of the class of 100 would move about 34 of its crystals.
    assert set(changed["spacegroup"]) <= {4}
    assert len(changed) <= 4


@pytest.mark.parametrize("method", ["random", "prototype"])
def test_another_seed_splits_otherwise(method) -> None:
    settings = Split(minimum_crystals=10, method=method)
    parts = [split_crystals(crystals(50, 50), settings, seed)["part"].tolist() for seed in (0, 1)]

    assert parts[0] != parts[1]


@given(st.lists(st.integers(3, 30), min_size=2, max_size=5))
def test_every_class_is_in_every_part(sizes: list[int]) -> None:
    table = split_crystals(crystals(*sizes), Split(minimum_crystals=3), seed=0)

    assert (pd.crosstab(table["label"], table["part"])[list(PARTS)] >= 1).to_numpy().all()
    assert len(table) == sum(sizes)


@given(
    st.lists(st.lists(st.integers(1, 40), min_size=3, max_size=12), min_size=2, max_size=3),
    st.integers(0, 5),
)
def test_no_prototype_is_in_two_parts(classes: list[list[int]], seed: int) -> None:
    table = split_crystals(of_prototypes(*classes), BY_PROTOTYPE, seed)

    assert (table.groupby("prototype")["part"].nunique() == 1).all()
    assert (pd.crosstab(table["label"], table["part"])[list(PARTS)] >= 1).to_numpy().all()
    assert len(table) == sum(map(sum, classes))


def test_prototypes_fill_the_shares() -> None:
    table = split_crystals(of_prototypes([10] * 20, [1] * 200), BY_PROTOTYPE, seed=0)

    counts = pd.crosstab(table["label"], table["part"])
    assert counts.loc[0, list(PARTS)].tolist() == [160, 20, 20]
    assert counts.loc[1, list(PARTS)].tolist() == [160, 20, 20]


def test_crystals_of_unknown_prototype_are_told_apart() -> None:
    table = crystals(30, 30).assign(prototype="")

    assert set(split_crystals(table, BY_PROTOTYPE, seed=0)["part"]) == set(PARTS)


def test_a_class_too_small_for_three_parts() -> None:
    with pytest.raises(UserError, match=r"space group 2 has 2 crystals.*leave it out.*above 2"):
        split_crystals(crystals(2, 9), Split(minimum_crystals=1), seed=0)


def test_a_class_of_two_prototypes() -> None:
    with pytest.raises(UserError, match=r"space group 4 has 2 prototypes, too few"):
        split_crystals(of_prototypes([1, 1, 1], [9, 9]), BY_PROTOTYPE, seed=0)


def test_at_most_so_many_crystals_of_each_class() -> None:
    whole = split_crystals(crystals(50, 20), SETTINGS, seed=3)
    some = split_crystals(crystals(50, 20), Split(minimum_crystals=10, maximum_crystals=25), seed=3)

    assert some["spacegroup"].value_counts().to_dict() == {2: 25, 4: 20}
    assert set(some["material_id"]) <= set(whole["material_id"])


def test_classes_by_list_by_preset_and_all() -> None:
    group = pd.Series([*SPACE_GROUPS["groups_8"], 1, 1, 2])

    assert select_classes(group, Split(classes=[2, 1])) == (1, 2)
    assert select_classes(group, Split(classes="groups_8")) == SPACE_GROUPS["groups_8"]
    assert select_classes(group, Split(classes="all")) == (1, 2, *SPACE_GROUPS["groups_8"])
    with pytest.raises(UserError, match=r"split\.classes: no crystals of the space groups 5, 9;"):
        select_classes(group, Split(classes=[9, 1, 5][::-1]))


@pytest.mark.parametrize("name", SPACE_GROUPS)
def test_presets_have_as_many_groups_as_they_say(name) -> None:
    numbers = SPACE_GROUPS[name]

    assert f"groups_{len(set(numbers))}" == name
    assert list(numbers) == sorted(numbers)


def test_fewer_than_two_classes_names_the_largest_groups() -> None:
    message = r"space groups with at least 10 crystals: 1, .*largest: 4 with 12, 6 with 9, 2 with 8"
    with pytest.raises(UserError, match=message):
        select_classes(crystals(8, 12, 9)["class"], SETTINGS)


def test_no_crystals_at_all() -> None:
    with pytest.raises(UserError, match=re.escape("largest: none at all")):
        select_classes(pd.Series([], dtype=int), SETTINGS)


@pytest.mark.parametrize("method", ["random", "prototype"])
def test_validation_groups_take_turns(method) -> None:
    settings = Split(minimum_crystals=10, method=method, train=0.72, validation=0.08, test=0.2)
    split = split_crystals(of_prototypes([1] * 200, [2] * 100), settings, seed=0)
    group = validation_groups(split, settings, seed=0)

    assert (group[split["part"] == "test"] == -1).all()
    assert (group[split["part"] == "validation"] == 0).all()
    sizes = group[group >= 0].value_counts()
    assert sorted(sizes.index) == list(range(10))
    assert sizes.min() >= 0.8 * sizes.max()
    if method == "prototype":
        assert (group.groupby(split["prototype"]).nunique() == 1).all()


def test_reads_what_is_finished_and_known(store) -> None:
    table = split_dataset(open_dataset(store), SETTINGS, seed=0)

    assert table["material_id"].tolist() == [f"mp-{row}" for row in range(36)]
    assert sorted(table["spacegroup"].unique()) == [195, 196, 197]
    assert table["prototype"].iloc[5] == "A_197_1"


def test_rejected_unknown_and_replaced_crystals_are_left_out(store) -> None:
    arrays = {name: open_dataset(store)[name][:] for name in ("material_id", "prototype")}
    arrays["spacegroup"] = open_dataset(store)["spacegroup"][:]
    arrays["status"] = open_dataset(store)["status"][:]
    arrays["status"][:3] = 2
    arrays["spacegroup"][3] = 0

    arrays["in_release"] = np.arange(36) != 35
    assert split_dataset(arrays, Split(minimum_crystals=9), 0)["row"].tolist() == [*range(4, 35)]


def test_text_labels_are_split_as_space_groups_are() -> None:
    table = crystals(100, 40, 61)
    named = table.assign(**{"class": table["class"].map({2: "oxide", 4: "halide", 6: "metal"})})
    settings = Split(label="material_group", minimum_crystals=10)

    split = split_crystals(named, settings, seed=0)

    assert dict(zip(split["label"], split["class"], strict=True)) == {
        0: "halide",
        1: "metal",
        2: "oxide",
    }
    # A crystal's part follows from the crystals of its class, whatever its name.
    by_group = split_crystals(table, SETTINGS, seed=0)
    assert split["part"].tolist() == by_group["part"].tolist()
    some = settings.model_copy(update={"classes": ("metal", "oxide")})
    assert select_classes(named["class"], some) == ("metal", "oxide")
    with pytest.raises(UserError, match="no crystals of the material_group classes salt"):
        select_classes(named["class"], some.model_copy(update={"classes": ("metal", "salt")}))


def test_a_dataset_is_split_by_crystal_system(store) -> None:
    group = open_dataset(store)
    settings = Split(label="crystal_system", minimum_crystals=1)
    with pytest.raises(UserError, match="crystal_system classes with at least 1 crystals: 1,"):
        split_dataset(group, settings, seed=0)
