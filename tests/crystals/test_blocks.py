import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.blocks import AS_BEFORE, Block, Plan, plan_blocks, planned_blocks
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import line_of, read_crystals, read_lines, write_lines
from spacegrouper.crystals.rejections import read_rejections
from spacegrouper.errors import UserError


def lines(*names: str) -> list[bytes]:
    return [line_of(Crystal(name, np.eye(3), ("Po",), np.zeros((1, 3)))) for name in names]


def plan(folder: Path, content: list[bytes], size: int, **more: object) -> Plan:
    write_lines(folder / "in.jsonl.gz", content)
    return plan_blocks(folder / "in.jsonl.gz", lambda count: size, folder / "plan", **more)


def planned(folder: Path) -> list[bytes]:
    blocks = planned_blocks(folder / "plan")
    assert blocks is not None
    files = [folder / "plan" / f"{block.block}.jsonl.gz" for block in blocks]
    return [line for file in files for line in read_lines(file)]


@given(st.integers(0, 23), st.integers(1, 9))
def test_blocks_hold_all_lines_in_their_order(tmp_path_factory, number: int, size: int) -> None:
    folder = tmp_path_factory.mktemp("plan")
    content = lines(*map(str, range(number)))
    found = plan(folder, content, size)
    assert planned(folder) == content
    assert all(block.crystals == size for block in found.blocks[:-1])
    rows = list(csv.DictReader((folder / "plan/blocks.csv").open(newline="")))
    assert [row["block"] for row in rows] == [f"{index:06d}" for index in range(len(found.blocks))]
    assert sum(int(row["crystals"]) for row in rows) == number


@given(names=st.lists(st.sampled_from("abcdefgh"), max_size=30), size=st.integers(1, 9))
def test_of_crystals_with_one_id_the_first_is_planned(tmp_path_factory, names, size: int) -> None:
    folder = tmp_path_factory.mktemp("plan")
    # In blocks apart too.
    found = plan(folder, lines(*names), size)
    distinct = list(dict.fromkeys(names))
    assert planned(folder) == lines(*distinct)
    rejections = read_rejections(folder / "plan/rejected.csv")
    assert rejections == found.rejections
    assert len(rejections) == len(names) - len(distinct)
    assert all(each.reason.endswith(f"has the same id, {each.id}") for each in rejections)


def test_the_size_of_blocks_follows_from_the_crystals_that_are_in_them(tmp_path: Path) -> None:
    asked: list[int] = []
    write_lines(tmp_path / "in.jsonl.gz", lines("a", "known", "b", "a", "c"))

    def size(crystals: int) -> int:
        asked.append(crystals)
        return 2

    def cell_of(name: str, line: bytes) -> bytes | None:
        return b"its cell\n" if name == "known" else None

    found = plan_blocks(tmp_path / "in.jsonl.gz", size, tmp_path / "plan", cell_of)
    assert asked == [3]
    assert planned(tmp_path) == lines("a", "b", "c")
    assert found.as_before == 1
    assert list(read_lines(tmp_path / "plan" / AS_BEFORE)) == [b"its cell\n"]


def test_lines_of_other_programs_are_planned_too(tmp_path: Path) -> None:
    line = (
        b'{"lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "species": ["Po"], "id": "\\u00fc",'
        b' "frac_coords": [[0, 0, 0]]}'
    )
    found = plan(tmp_path, [b"\n", line + b"\n", b" \n", line], 5)
    assert planned(tmp_path) == [line + b"\n"]
    assert [each.id for each in found.rejections] == ["\u00fc"]
    (crystal,) = read_crystals(tmp_path / "plan/000000.jsonl.gz")
    assert crystal.id == "\u00fc"


def test_a_failure_leaves_the_earlier_plan(tmp_path: Path) -> None:
    plan(tmp_path, lines("a", "b", "c"), 2)
    before = {path.name: path.read_bytes() for path in (tmp_path / "plan").iterdir()}
    with pytest.raises(UserError, match=r"in\.jsonl\.gz: line 3: not valid JSON"):
        plan(tmp_path, [*lines("x", "y"), b"{\n"], 2)
    assert {path.name: path.read_bytes() for path in (tmp_path / "plan").iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl.gz", "plan"]


@pytest.mark.parametrize("lost", ["000002.jsonl.gz", "rejected.csv", AS_BEFORE, "blocks.csv"])
def test_a_plan_without_one_of_its_files_is_no_plan(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "plan"
    assert planned_blocks(folder) is None
    plan(tmp_path, lines(*"abcde"), 2)
    sizes = {"000000": 2, "000001": 2, "000002": 1}
    assert planned_blocks(folder) == [Block(*row) for row in sizes.items()]
    (folder / lost).unlink()
    assert planned_blocks(folder) is None
