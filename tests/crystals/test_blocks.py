import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.blocks import plan_blocks, planned_blocks
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals


def crystals(number):
    return [Crystal(str(n), np.eye(3), ("Po",), np.zeros((1, 3))) for n in range(number)]


@given(st.integers(0, 23), st.integers(1, 9))
def test_blocks_hold_all_crystals_in_their_order(tmp_path_factory, number, size):
    folder = tmp_path_factory.mktemp("plan") / "blocks"
    blocks = plan_blocks(crystals(number), size, folder)
    read = [
        crystal.id
        for block in blocks
        for crystal in read_crystals(folder / f"{block.block}.jsonl.gz")
    ]
    assert read == [str(n) for n in range(number)]
    assert all(block.crystals == size for block in blocks[:-1])
    rows = list(csv.DictReader((folder / "blocks.csv").open(newline="")))
    assert [row["block"] for row in rows] == [f"{index:06d}" for index in range(len(blocks))]
    assert sum(int(row["crystals"]) for row in rows) == number


def test_a_failure_leaves_the_earlier_plan(tmp_path):
    plan_blocks(crystals(3), 2, tmp_path / "blocks")

    def failing():
        yield from crystals(5)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        plan_blocks(failing(), 2, tmp_path / "blocks")
    assert [path.name for path in tmp_path.iterdir()] == ["blocks"]
    assert len(list((tmp_path / "blocks").iterdir())) == 3


def test_a_plan_without_one_of_its_files_is_no_plan(tmp_path):
    folder = tmp_path / "plan"
    assert planned_blocks(folder) is None
    plan_blocks(crystals(5), 2, folder)
    assert planned_blocks(folder) == ["000000", "000001", "000002"]
    (folder / "000002.jsonl.gz").unlink()
    assert planned_blocks(folder) is None
