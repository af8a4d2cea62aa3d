import pandas as pd
import pytest

from spacegrouper.reproduction.tables import (
    crystals_per_group,
    list_test_crystals,
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


def test_test_crystals_are_listed_by_group_and_id(split):
    table = list_test_crystals({("few", "random"): split})
    assert table.columns.tolist() == ["classes", "split", "spacegroup", "material_id"]
    assert table["material_id"].tolist() == ["a", "b", "d"]
