import pandas as pd
import pytest

from spacegrouper.reproduction.tables import (
    crystals_per_group,
    list_test_crystals,
    untrained_groups,
    usage_table,
)


@pytest.fixture
def split():
    return pd.DataFrame(
        {
            "material_id": ["d", "c", "b", "a", "e"],
            "spacegroup": [225, 225, 62, 62, 62],
            "part": ["test", "train", "test", "test", "validation"],
        }
    )


def test_what_is_neither_in_the_split_nor_of_untrained_groups_is_unused(split):
    table = usage_table({"few": split[:2], "all": split}, {"all": 3}, crystals=20)
    assert table.to_dict("records") == [
        {"classes": "few", "groups": 1, "train": 1, "validation": 0, "test": 1}
        | {"unseen": 0, "unused": 18},
        {"classes": "all", "groups": 2, "train": 1, "validation": 1, "test": 3}
        | {"unseen": 3, "unused": 12},
    ]


def test_crystals_are_counted_by_group_and_part(split):
    table = crystals_per_group({("few", "random"): split, ("few", "prototype"): split[:1]})
    assert table["spacegroup"].tolist() == [62, 225, 225]
    assert table["crystal_system"].tolist() == ["orthorhombic", "cubic", "cubic"]
    assert table["split"].tolist() == ["random", "random", "prototype"]
    assert table[["train", "validation", "test", "all"]].to_numpy().tolist() == [
        [0, 1, 2, 3],
        [1, 0, 1, 2],
        [0, 0, 1, 1],
    ]


def test_the_papers_materials_stand_beside_the_crystals(split):
    split = split.assign(spacegroup=[225, 225, 62, 3, 46])
    table = crystals_per_group({("all", "random"): split}).set_index("spacegroup")
    # Supplementary Tables 2 and 3; 46 is in neither.
    assert table.loc[[225, 62, 3], "paper"].tolist() == [8367, 5691, 198]
    assert table["paper"].isna().tolist() == [False, True, False, False]


def test_untrained_groups_are_counted_beside_the_papers():
    population = pd.DataFrame({"spacegroup": [3, 46, 69, 225], "crystals": [40, 30, 9, 500]})
    tested = pd.DataFrame(
        {"class": [3, 46], "reference_crystals": [10, 15], "crystals": [9, 15], "recall": 0.5}
    )
    table = untrained_groups(population, tested)
    assert len(table) == 31
    assert table["paper"].sum() == 3_052
    assert table["spacegroup"].is_monotonic_increasing
    columns = ["crystal_system", "crystals", "reference", "test"]
    rows = table.set_index("spacegroup")[columns]
    assert rows.loc[3].tolist() == ["monoclinic", 40, 10, 9]
    assert rows.loc[46].tolist() == ["orthorhombic", 30, 15, 15]
    assert rows.loc[69].tolist() == ["orthorhombic", 9, 0, 0]
    assert rows.loc[226].tolist() == ["cubic", 0, 0, 0]
    assert table.loc[table["paper"].isna(), "spacegroup"].tolist() == [46]
    alone = untrained_groups(population, None)
    assert (len(alone), alone["test"].sum()) == (30, 0)


def test_test_crystals_are_listed_by_group_and_id(split):
    table = list_test_crystals({("few", "random"): split})
    assert table.columns.tolist() == ["classes", "split", "spacegroup", "material_id"]
    assert table["material_id"].tolist() == ["a", "b", "d"]
