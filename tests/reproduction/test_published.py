from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.reproduction.published import (
    published_accuracies,
    published_cases,
    published_examples,
    published_feature_maps,
)


def test_accuracies_have_a_source_and_fall_with_the_groups():
    table = published_accuracies()
    assert table["source"].str.contains("npj Comput. Mater. 6, 196").all()
    assert table["groups"].tolist() == [8, 20, 49, 72]
    assert table["top_1"].is_monotonic_decreasing
    assert table["top_1"].between(0.5, 1).all()


def test_the_cases_are_four_pairs_of_two_groups():
    cases = published_cases()
    assert cases["pair"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert (cases.groupby("pair")["spacegroup"].nunique() == 2).all()
    ids = [*cases["material_id"], *published_feature_maps()]
    assert len(set(ids)) == len(ids) == 11
    assert all(name.startswith("mp-") and name[3:].isdecimal() for name in ids)


def test_the_examples_are_space_groups():
    assert [space_group_name(group) for group in published_examples()] == [
        "139 I4/mmm",
        "187 P6\u0305m2",
        "205 Pa3\u0305",
    ]
