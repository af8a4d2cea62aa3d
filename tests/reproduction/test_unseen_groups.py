import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from tiny_network import SPACE_GROUPS, write_six_groups

from spacegrouper.errors import UserError
from spacegrouper.reproduction.unseen_groups import (
    Answers,
    choose_unseen,
    compare_embeddings,
    describe_unseen,
    halve_groups,
    score_unseen,
)
from spacegrouper.settings import Evaluate


def crystals(sizes, prototypes=5):
    """Make a table with `sizes`: how many crystals each space group has."""
    groups = np.repeat(list(sizes), list(sizes.values()))
    return pd.DataFrame(
        {
            "row": np.arange(len(groups)),
            "material_id": [f"mp-{row}" for row in range(len(groups))],
            "spacegroup": groups,
            "prototype": [f"{g}-{row % prototypes}" for row, g in enumerate(groups)],
        }
    )


def settings(groups=30, least=4, most=100):
    return Evaluate(
        unseen_groups=groups, unseen_minimum_crystals=least, unseen_maximum_crystals=most
    )


@given(
    sizes=st.dictionaries(st.integers(1, 230), st.integers(1, 40), min_size=1, max_size=8),
    most=st.integers(4, 30),
    method=st.sampled_from(["random", "prototype"]),
    seed=st.integers(0, 5),
)
def test_halves_are_disjoint_and_do_not_depend_on_the_order_of_rows(sizes, most, method, seed):
    table = crystals(sizes)
    halves = halve_groups(table, settings(most=most), method, seed)
    shuffled = table.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(halves, halve_groups(shuffled, settings(most=most), method, seed))
    assert halves["row"].is_unique
    assert halves["row"].is_monotonic_increasing
    kept = table.set_index("row").loc[halves["row"]]
    assert kept["material_id"].tolist() == halves["material_id"].tolist()
    for group, members in halves.groupby("spacegroup"):
        parts = members["part"].value_counts()
        assert len(members) == min(sizes[group], most)
        assert set(parts.index) == {"reference", "test"}
        if method == "random":
            assert 0 <= parts["reference"] - parts["test"] <= 1
        else:
            assert members.groupby("prototype")["part"].nunique().max() == 1


def test_the_most_populous_groups_are_taken_and_small_ones_are_not():
    table = crystals({225: 9, 62: 12, 14: 9, 194: 30, 2: 3})
    taken = halve_groups(table, settings(groups=3), "random", 0)["spacegroup"].unique()
    assert sorted(taken) == [14, 62, 194]
    every = halve_groups(table, settings(), "random", 0)["spacegroup"].unique()
    assert sorted(every) == [14, 62, 194, 225]


def test_of_the_paper_s_untrained_groups_those_that_the_data_have_are_taken():
    table = crystals({3: 9, 62: 40, 142: 4, 226: 3})
    taken = halve_groups(table, settings(groups="groups_untrained"), "random", 0)["spacegroup"]
    assert set(taken) == {3, 142}


def test_a_group_of_one_prototype_cannot_be_halved_by_prototype():
    table = pd.concat([crystals({62: 10}, 1), crystals({225: 8, 194: 6})], ignore_index=True)
    # It does not take the place of a smaller one that can be.
    taken = halve_groups(table, settings(groups=2), "prototype", 0)["spacegroup"]
    assert set(taken) == {194, 225}
    unknown = table.assign(prototype="")
    assert set(halve_groups(unknown, settings(), "prototype", 0)["spacegroup"]) == {62, 194, 225}


def test_the_seed_changes_the_halves_and_new_crystals_keep_most_in_place():
    table = crystals({62: 40, 225: 40})
    first, other = (halve_groups(table, settings(), "random", seed) for seed in (0, 1))
    assert 10 < (first["part"] != other["part"]).sum() < 70
    grown = halve_groups(crystals({62: 40, 225: 42}), settings(), "random", 0).head(80)
    assert (first["part"] != grown["part"]).sum() <= 2


@pytest.fixture
def dataset(tmp_path):
    return write_six_groups(tmp_path / "data.zarr")


def test_groups_trained_on_and_crystals_that_are_not_usable_are_left_out(tmp_path):
    # Row 2 is of group 62, and row 8 would be.
    status = (np.arange(48) != 2).astype(np.uint8)
    groups = np.where(np.arange(48) == 8, 0, np.resize(SPACE_GROUPS, 48))
    dataset = write_six_groups(tmp_path / "data.zarr", status=status, spacegroup=groups)
    halves = choose_unseen(dataset, np.array(SPACE_GROUPS[:2]), settings(), "random", 0)
    assert sorted(halves["spacegroup"].unique()) == list(SPACE_GROUPS[2:])
    assert not halves["row"].isin([2, 8]).any()
    assert halves["spacegroup"].value_counts()[62] == 6
    assert halves["material_id"].tolist() == [f"material_id-{row}" for row in halves["row"]]


@pytest.mark.parametrize(
    ("wanted", "trained_on", "message"),
    [
        (settings(least=9), (2,), "unseen_minimum_crystals: .* 0 can be halved .* 9 crystals"),
        (settings(), SPACE_GROUPS[:5], "unseen_minimum_crystals: .* 1 can be halved"),
        (settings(groups=0), (2,), "unseen_groups: 0 cannot be told apart"),
    ],
)
def test_fewer_than_two_groups_are_one_line(dataset, wanted, trained_on, message):
    with pytest.raises(UserError, match=message) as caught:
        choose_unseen(dataset, np.array(trained_on), wanted, "random", 0)
    assert "\n" not in str(caught.value)


def unit_vectors(rng, *shape):
    vectors = rng.normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_similarity_is_the_sum_of_cosines_of_the_nearest_reference_crystal():
    rng = np.random.default_rng(0)
    reference, test = unit_vectors(rng, 40, 3, 7), unit_vectors(rng, 600, 3, 7)
    groups = rng.permutation(np.repeat([225, 62, 14, 194], 10))
    answers = compare_embeddings(reference, groups, test)
    cosines = sum(1 - cdist(test[:, i], reference[:, i], "cosine") for i in range(3))
    expected = [cosines[:, groups == group].max(axis=1) for group in (14, 62, 194, 225)]
    assert answers.similarity == pytest.approx(np.stack(expected, axis=1), abs=1e-5)
    assert answers.nearest.tolist() == cosines.argmax(axis=1).tolist()


def scored():
    """Score answers that are easily counted: of four groups, two of them cubic."""
    groups = [62, 194, 221, 225]
    reference = crystals(dict.fromkeys(groups, 5))
    test = crystals(dict.fromkeys(groups, 10))
    truth = np.repeat(np.arange(4), 10)
    trained = np.eye(4)[truth] * 0.9
    trained[30:36] = [0, 0, 0.8, 0.5]  # six crystals of 225 are taken for 221
    trained[:2] = [0.1, 0.4, 0.3, 0.2]  # two of 62 for 194, their own group comes last
    untrained = np.tile(np.array([0.4, 0.3, 0.2, 0.1]), (40, 1))  # always 62
    nearest = np.full(40, 7)
    return score_unseen(reference, test, Answers(trained, nearest), Answers(untrained, nearest), 0)


def test_scores_are_those_counted_by_hand():
    summary = scored().summary
    assert summary["unseen_groups"] == 4
    assert (summary["reference_crystals"], summary["test_crystals"]) == (20, 40)
    assert summary["top_1_accuracy"] == pytest.approx(32 / 40)
    assert summary["untrained_top_1_accuracy"] == pytest.approx(10 / 40)
    assert summary["balanced_accuracy"] == pytest.approx((0.8 + 1 + 1 + 0.4) / 4)
    assert summary["crystal_system_accuracy"] == pytest.approx(38 / 40)
    # 221 and 225 differ in their centring.
    assert summary["extinction_class_accuracy"] == pytest.approx(32 / 40)
    assert summary["chance_accuracy"] == 0.25
    assert summary["gain_over_untrained"] == pytest.approx((32 - 10) / 40)
    assert summary["prototype_in_reference"] == 1
    low, high = summary["top_1_interval_95"]
    assert low < 0.8 < high
    assert "4 untrained groups: top-1 80.0 %" in describe_unseen(summary)


def test_the_gain_is_resampled_crystal_by_crystal():
    low, high = scored().summary["gain_over_untrained_interval_95"]
    gain = np.repeat([1, 0, -1], [24, 14, 2])  # right alone, both or neither, wrong alone
    rng = np.random.default_rng(1)
    means = rng.choice(gain, size=(20_000, 40)).mean(axis=1)
    assert (low, high) == pytest.approx(np.percentile(means, (2.5, 97.5)), abs=0.03)


def test_tables_are_those_counted_by_hand():
    tables = scored().tables
    top_k = tables["top_k"]
    assert top_k["k"].tolist() == [1, 2, 3, 4]
    assert top_k["accuracy"].tolist() == pytest.approx([0.8, 38 / 40, 38 / 40, 1])
    assert top_k["untrained_accuracy"].tolist() == pytest.approx([0.25, 0.5, 0.75, 1])
    assert top_k["chance"].tolist() == pytest.approx([0.25, 0.5, 0.75, 1])
    assert (top_k["low"] <= top_k["accuracy"]).all()
    assert (top_k["accuracy"] <= top_k["high"]).all()
    per_class = tables["per_class"]
    assert per_class["class"].tolist() == [62, 194, 221, 225]
    assert per_class["crystal_system"].tolist() == ["orthorhombic", "hexagonal", "cubic", "cubic"]
    assert per_class["correct"].tolist() == [8, 10, 10, 4]
    assert per_class["untrained_correct"].tolist() == [10, 0, 0, 0]
    assert set(per_class["reference_crystals"]) == {5}
    system = tables["symmetry"].set_index("level").loc["crystal system"]
    assert (system["classes"], system["accuracy"]) == (3, pytest.approx(38 / 40))
    assert system["chance"] == pytest.approx((1 + 1 + 2 + 2) / 4 / 4)
    predictions = tables["predictions"]
    assert predictions["predicted"].tolist()[30:37] == [221] * 6 + [225]
    assert predictions["rank"].tolist()[:3] == [4, 4, 1]
    assert set(predictions["nearest"]) == {"mp-7"}
