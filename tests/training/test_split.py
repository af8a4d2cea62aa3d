import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_dataset import write_small_dataset

from spacegrouper.errors import UserError
from spacegrouper.settings import Split
from spacegrouper.settings.space_groups import SPACE_GROUPS
from spacegrouper.training.split import (
    PARTS,
    add_copies,
    add_training_only,
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


@st.composite
def of_shared_prototypes(draw: st.DrawFn) -> pd.DataFrame:
    """Crystals whose prototypes know nothing of their classes, three or more of each class.

    Every class has three prototypes of its own, so that it can be in all parts.
    """
    classes = draw(st.integers(2, 4))
    own = [(f"own_{name}_{kind}", name) for name in range(classes) for kind in range(3)]
    shared = st.tuples(st.sampled_from([f"shared_{kind}" for kind in range(12)]), st.integers(0, 3))
    pairs = own + [(kind, name % classes) for kind, name in draw(st.lists(shared, max_size=20))]
    sizes = draw(st.lists(st.integers(1, 30), min_size=len(pairs), max_size=len(pairs)))
    prototype, label = zip(*np.repeat(pairs, sizes, axis=0).tolist(), strict=True)
    table = crystals(len(label)).assign(prototype=prototype, **{"class": label})
    return table.sample(frac=1, random_state=0).assign(row=range(len(table)))


@given(of_shared_prototypes(), st.integers(0, 5))
def test_no_prototype_is_in_two_parts_whatever_the_classes(table: pd.DataFrame, seed: int) -> None:
    settings = Split(label="material_group", minimum_crystals=3, method="prototype")
    split = split_crystals(table, settings, seed)

    assert (split.groupby("prototype")["part"].nunique() == 1).all()
    assert (pd.crosstab(split["label"], split["part"])[list(PARTS)] >= 1).to_numpy().all()
    assert len(split) == len(table)
    pd.testing.assert_frame_equal(split, split_crystals(table, settings, seed))


@given(
    st.lists(st.lists(st.integers(1, 40), min_size=3, max_size=12), min_size=2, max_size=3),
    st.integers(0, 5),
)
def test_each_space_group_is_in_every_part(classes: list[list[int]], seed: int) -> None:
    table = split_crystals(of_prototypes(*classes), BY_PROTOTYPE, seed)

    assert (table.groupby("prototype")["part"].nunique() == 1).all()
    assert (pd.crosstab(table["label"], table["part"])[list(PARTS)] >= 1).to_numpy().all()
    assert len(table) == sum(map(sum, classes))


def test_prototypes_of_single_classes_stay_where_they_were() -> None:
    table = of_prototypes([9, 5, 3, 1, 1, 2], [4, 4, 1, 1, 1, 1, 2, 7])
    split = split_crystals(table, BY_PROTOTYPE, seed=3).drop_duplicates("prototype")
    # As they were before classes could share prototypes.
    expected = "tr tr tr te tr va tr tr va va te tr tr tr"
    assert split["part"].str[:2].str.cat(sep=" ") == expected


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_kept_where_classes_share_prototypes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = crystals(1000).assign(
        prototype=rng.integers(0, 200, 1000).astype(str),
        **{"class": rng.choice(["oxide", "halide", "metal"], 1000, p=[0.6, 0.3, 0.1])},
    )
    settings = Split(label="material_group", minimum_crystals=3, method="prototype")
    split = split_crystals(table, settings, seed)

    shares = pd.crosstab(split["class"], split["part"], normalize="index")
    assert shares["train"].between(0.75, 0.85).all()
    assert shares["test"].between(0.05, 0.15).all()


def test_prototypes_that_lie_between_classes_are_moved_until_all_have_some() -> None:
    """Six prototypes, each of two classes: of 729 assignments few give all classes all parts."""
    pairs = [(0, 1), (0, 1), (0, 2), (1, 3), (2, 3), (2, 3)]
    rows = [(name, str(kind)) for kind, names in enumerate(pairs) for name in names]
    label, prototype = zip(*rows, strict=True)
    table = crystals(len(rows)).assign(prototype=prototype, **{"class": list(map(str, label))})
    settings = Split(label="material_group", minimum_crystals=1, method="prototype")
    for seed in range(10):
        split = split_crystals(table, settings, seed)
        assert split.groupby("class")["part"].nunique().tolist() == [3] * 4
        assert (split.groupby("prototype")["part"].nunique() == 1).all()


def test_classes_that_cannot_all_be_in_every_part_are_named() -> None:
    """Of four prototypes two are in one part, and so is the class of these two and a third."""
    rows = [(str(left_out), str(kind)) for left_out in range(4) for kind in range(4)]
    label, prototype = zip(*(row for row in rows if row[0] != row[1]), strict=True)
    table = crystals(12).assign(prototype=prototype, **{"class": label})
    settings = Split(label="material_group", classes="all", method="prototype")
    with pytest.raises(UserError, match=r"material_group class \d has 3 prototypes.*classes share"):
        split_crystals(table, settings, seed=0)


def test_prototypes_fill_the_shares() -> None:
    table = split_crystals(of_prototypes([10] * 20, [1] * 200), BY_PROTOTYPE, seed=0)

    counts = pd.crosstab(table["label"], table["part"])
    assert counts.loc[0, list(PARTS)].tolist() == [160, 20, 20]
    assert counts.loc[1, list(PARTS)].tolist() == [160, 20, 20]


def test_crystals_of_unknown_prototype_are_told_apart() -> None:
    table = crystals(30, 30).assign(prototype="")

    assert set(split_crystals(table, BY_PROTOTYPE, seed=0)["part"]) == set(PARTS)


def test_classes_too_small_for_three_parts_are_all_named() -> None:
    message = (
        r"split\.classes: space group 2 has 2 crystals, space group 6 has 1 crystal, too few for "
        r"a share in each of train, validation, test; leave them out, or raise "
        r"split\.minimum_crystals above 2$"
    )
    with pytest.raises(UserError, match=message):
        split_crystals(crystals(2, 9, 1), Split(minimum_crystals=1), seed=0)
    with pytest.raises(UserError, match=r"space group 2 has 2 crystals.*; leave it out$"):
        split_crystals(crystals(2, 9), Split(classes=[2, 4]), seed=0)
    with pytest.raises(UserError, match=r", 3 more have as few, too few"):
        split_crystals(crystals(*[1] * 8, 9), Split(minimum_crystals=1), seed=0)


def test_classes_cut_to_too_few_crystals_name_the_limit() -> None:
    settings = Split(minimum_crystals=5, maximum_crystals=2)
    with pytest.raises(UserError, match=r"raise split\.maximum_crystals above 2$"):
        split_crystals(crystals(20, 30), settings, seed=0)


def test_a_class_of_two_prototypes() -> None:
    with pytest.raises(UserError, match=r"space group 4 has 2 prototypes, too few"):
        split_crystals(of_prototypes([1, 1, 1], [9, 9]), BY_PROTOTYPE, seed=0)


def test_at_most_so_many_crystals_of_each_class() -> None:
    whole = split_crystals(crystals(50, 20), SETTINGS, seed=3)
    some = split_crystals(crystals(50, 20), Split(minimum_crystals=10, maximum_crystals=25), seed=3)

    assert some["spacegroup"].value_counts().to_dict() == {2: 25, 4: 20}
    assert set(some["material_id"]) <= set(whole["material_id"])


@pytest.mark.parametrize("method", ["random", "prototype"])
def test_smaller_shares_of_the_training_set_are_parts_of_larger_ones(method: str) -> None:
    table = of_prototypes([5] * 40, [1] * 30, [1, 1, 1])
    parts = []
    for share in (0.01, 0.1, 0.3, 1):
        settings = Split(minimum_crystals=3, method=method, training_share=share)
        parts.append(split_crystals(table, settings, seed=0).groupby("part")["material_id"])

    names = [own.agg(set) for own in parts]
    whole = split_crystals(table, Split(minimum_crystals=3, method=method), seed=0)
    assert names[-1].to_dict() == whole.groupby("part")["material_id"].agg(set).to_dict()
    for smaller, larger in pairwise(names):
        assert smaller["train"] < larger["train"]
        assert smaller["validation"] == larger["validation"]
        assert smaller["test"] == larger["test"]


def test_each_class_keeps_its_share_of_training_crystals() -> None:
    settings = Split(minimum_crystals=3, training_share=0.1)
    table = split_crystals(crystals(100, 205, 3), settings, seed=0)

    counts = pd.crosstab(table["spacegroup"], table["part"])[list(PARTS)]
    assert counts.to_numpy().tolist() == [[8, 10, 10], [16, 20, 20], [1, 1, 1]]


def test_a_share_of_the_training_set_keeps_whole_prototypes_until_it_is_reached() -> None:
    """20 prototypes of 10 crystals give 160 training crystals: a tenth is 16, so two are kept."""
    table = of_prototypes([10] * 20, [1] * 200)
    settings = BY_PROTOTYPE.model_copy(update={"training_share": 0.1})
    split = split_crystals(table, settings, seed=0)

    training = split[split["part"] == "train"]
    assert training["spacegroup"].value_counts().to_dict() == {2: 20, 4: 16}
    assert training[training["spacegroup"] == 2].groupby("prototype").size().tolist() == [10, 10]


def test_a_prototype_that_one_of_its_classes_keeps_stays_in_all_of_them() -> None:
    rng = np.random.default_rng(0)
    table = crystals(600).assign(
        prototype=rng.integers(0, 100, 600).astype(str),
        **{"class": rng.choice(["oxide", "halide"], 600)},
    )
    settings = Split(label="material_group", minimum_crystals=3, method="prototype")
    whole = split_crystals(table, settings, seed=0)
    some = split_crystals(table, settings.model_copy(update={"training_share": 0.2}), seed=0)

    kept = whole[whole["prototype"].isin(some.loc[some["part"] == "train", "prototype"])]
    assert set(kept["material_id"]) == set(some.loc[some["part"] == "train", "material_id"])
    shares = some.groupby(["class", "part"]).size() / whole.groupby(["class", "part"]).size()
    assert shares.xs("train", level="part").between(0.2, 0.45).all()


def test_copies_are_where_their_crystal_trains_and_nowhere_else() -> None:
    split = split_crystals(crystals(20, 30), SETTINGS, seed=0)
    copies = pd.DataFrame(
        {
            "row": np.arange(100, 200),
            "material_id": [f"mp-{row // 2} copy {1 + row % 2}" for row in range(100)],
            "copy_of": [f"mp-{row // 2}" for row in range(100)],
        }
    )
    both = add_copies(split, copies)
    pd.testing.assert_frame_equal(both[both["copy_of"] == ""][split.columns], split)
    added = both[both["copy_of"] != ""].set_index("row")
    assert (added["part"] == "train").all()
    training = split[split["part"] == "train"].set_index("material_id")
    assert sorted(added["copy_of"]) == sorted([*training.index, *training.index])
    for column in ("label", "class", "spacegroup", "prototype"):
        assert added[column].tolist() == training.loc[added["copy_of"], column].tolist()


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


def test_validation_groups_do_not_divide_prototypes_between_classes() -> None:
    rng = np.random.default_rng(0)
    table = crystals(900).assign(
        prototype=rng.integers(0, 150, 900).astype(str),
        **{"class": rng.choice(["oxide", "halide", "metal"], 900)},
    )
    settings = Split(
        label="material_group", method="prototype", train=0.72, validation=0.08, test=0.2
    )
    split = split_crystals(table, settings, seed=0)
    group = validation_groups(split, settings, seed=0)

    assert (group.groupby(split["prototype"]).nunique() == 1).all()
    assert sorted(set(group)) == list(range(-1, 10))
    # Every class is trained on, whichever group validates.
    classes = pd.crosstab(split["label"], group)
    assert ((classes.drop(columns=-1).sum(axis=1).to_numpy()[:, None] - classes) > 0).all(axis=None)


@pytest.mark.parametrize("method", ["random", "prototype"])
def test_too_few_crystals_for_all_validation_groups(method) -> None:
    settings = Split(minimum_crystals=3, method=method, train=0.72, validation=0.08, test=0.2)
    split = split_crystals(crystals(9, 9), settings, seed=0)
    with pytest.raises(UserError, match=r"train\.rotation_epochs: 10 folds .* [1-9] of them would"):
        validation_groups(split, settings, seed=0)


@pytest.mark.parametrize("method", ["random", "prototype"])
def test_crystals_that_only_train_leave_all_others_where_they_are(tmp_path, method) -> None:
    """The dataset with them, and the one without: some of a class that the others have not."""
    settings = Split(minimum_crystals=9, method=method)
    prototype = [f"A_{row % 18}" for row in range(60)]
    group = np.array([195] * 18 + [196] * 18 + [195] * 4 + [196] * 4 + [197] * 16)
    ids = [f"mp-{row}" for row in range(60)]
    raw = np.zeros((60, 3, 8, 8), dtype=np.uint8)
    marks = np.where(np.arange(60) >= 36, "yes", "").tolist()
    both = write_small_dataset(
        tmp_path / "both.zarr",
        raw,
        group,
        material_id=ids,
        prototype=prototype,
        label_synthetic=marks,
    )
    real = write_small_dataset(
        tmp_path / "real.zarr", raw[:36], group[:36], material_id=ids[:36], prototype=prototype[:36]
    )

    split = split_dataset(both, settings.model_copy(update={"training_only": "synthetic"}), seed=1)

    others = split[split["row"] < 36].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, split_dataset(real, settings, seed=1))
    added = split[split["row"] >= 36]
    assert set(added["part"]) == {"train"}
    assert added["label"].tolist() == (added["spacegroup"] - 195).tolist()
    held_out = set(others.loc[others["part"] != "train", "prototype"])
    if method == "random":
        assert added["row"].tolist() == list(range(36, 44))
    else:
        kept = [row for row in range(36, 44) if prototype[row] not in held_out]
        assert added["row"].tolist() == kept
        assert 0 < len(kept) < 8


def test_what_only_trains_may_have_no_known_prototype() -> None:
    table = crystals(30, 30).assign(prototype="")
    split = split_crystals(table, BY_PROTOTYPE, seed=0)
    more = table.assign(row=table["row"] + 60, material_id=table["material_id"] + "-drawn")

    assert len(add_training_only(split, more, BY_PROTOTYPE)) == 120


def test_reads_what_is_finished_and_known(dataset) -> None:
    table = split_dataset(dataset, SETTINGS, seed=0)

    assert table["material_id"].tolist() == [f"mp-{row}" for row in range(36)]
    assert sorted(table["spacegroup"].unique()) == [195, 196, 197]
    assert table["prototype"].iloc[5] == "A_197_1"


def test_rejected_unknown_and_replaced_crystals_are_left_out(tmp_path) -> None:
    spacegroup, status = np.arange(36) % 3 + 195, np.ones(36, dtype=np.uint8)
    status[:3] = 2
    spacegroup[3] = 0
    dataset = write_small_dataset(
        tmp_path / "d.zarr",
        np.zeros((36, 3, 8, 8), dtype=np.uint8),
        spacegroup,
        status=status,
        in_release=np.arange(36) != 35,
    )
    split = split_dataset(dataset, Split(minimum_crystals=9), 0)
    assert split["row"].tolist() == [*range(4, 35)]


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


def test_a_dataset_is_split_by_crystal_system(dataset) -> None:
    settings = Split(label="crystal_system", minimum_crystals=1)
    with pytest.raises(UserError, match="crystal_system classes with at least 1 crystals: 1,"):
        split_dataset(dataset, settings, seed=0)


@pytest.mark.parametrize(
    ("sizes", "classes"),
    [
        ((400, 300, 60), (2, 4)),  # the paper's 295
        ((60,) * 8, tuple(range(2, 18, 2))),  # 30
        ((9, 6, 5, 4, 3, 3, 2, 1), (2, 4, 6, 8, 10, 12)),  # 3: 10 keeps none
        ((120, 110, 40, 40, 90, 90), (2, 4, 6, 8, 10, 12)),  # 30: 100 keeps less than half
    ],
)
def test_the_default_minimum_yields_to_what_the_data_bear(sizes, classes, caplog) -> None:
    assert select_classes(crystals(*sizes)["class"], Split()) == classes
    assert ("split.minimum_crystals is" in caplog.text) == (sizes[0] < 295)


def test_a_minimum_that_was_chosen_does_not_yield() -> None:
    with pytest.raises(UserError, match="with at least 20 crystals: 0"):
        select_classes(crystals(9, 8)["class"], Split(minimum_crystals=20))
