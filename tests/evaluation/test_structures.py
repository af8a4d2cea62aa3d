import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.errors import UserError
from spacegrouper.evaluation.structures import read_structures


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "structures.jsonl.gz"
    crystals = [
        Crystal(name, np.eye(3) * size, ("Na",), np.zeros((1, 3)))
        for name, size in (("a", 2.0), ("b", 3.0), ("c", 4.0))
    ]
    write_crystals(path, crystals)
    return path


def test_crystals_come_in_the_order_of_the_ids(path):
    found = read_structures(path, ["c", "a"])
    assert [crystal.id for crystal in found] == ["c", "a"]
    assert found[0].lattice[0, 0] == 4


def test_a_missing_crystal_is_named(path):
    with pytest.raises(UserError, match=r"structures.jsonl.gz: no crystal x, which the dataset"):
        read_structures(path, ["a", "x"])
