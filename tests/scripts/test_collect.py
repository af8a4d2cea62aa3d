"""The stage that joins what standardising has made of the blocks."""

import numpy as np
import pytest
from programs import Finished, Runner, call, spawn

from spacegrouper.crystals.blocks import AS_BEFORE, plan_blocks
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.rejections import read_rejections, write_rejections
from spacegrouper.crystals.standardised_with import check_record
from spacegrouper.settings import make_settings, write_settings

EARLIER = Rejection("x.cif", "acquire", "the file is empty")
LATER = Rejection("b", "standardise", "atoms are too close")


def polonium(name: str) -> Crystal:
    return Crystal(name, np.eye(3), ("Po",), np.zeros((1, 3)))


@pytest.fixture
def run(tmp_path):
    """Two blocks, of the first of which nothing is left, and a crystal that was known before."""
    write_crystals(tmp_path / "in.jsonl", map(polonium, "abacd"))
    plan_blocks(
        tmp_path / "in.jsonl",
        lambda crystals: 2,
        tmp_path / "plan",
        lambda name, line: line if name == "d" else None,
    )
    write_rejections(tmp_path / "earlier.csv", [EARLIER])
    write_settings(make_settings(), tmp_path / "config.yaml")
    (tmp_path / "blocks").mkdir()
    write_crystals(tmp_path / "blocks/000000.jsonl.gz", [])
    write_rejections(tmp_path / "blocks/000000.csv", [Rejection("a", "standardise", "flat"), LATER])
    write_crystals(tmp_path / "blocks/000001.jsonl.gz", [polonium("c")])
    write_rejections(tmp_path / "blocks/000001.csv", [])
    # Of an earlier plan, which had more blocks.
    write_crystals(tmp_path / "blocks/000002.jsonl.gz", [polonium("e")])
    return tmp_path


def collect(folder, how: Runner = call) -> Finished:
    files = ["--plan", "plan", "--standardised", "blocks", "--earlier-rejected", "earlier.csv"]
    files += ["--config", "config.yaml", "--output", "all.jsonl.gz", "--rejected", "rejected.csv"]
    return how("collect", *files, folder=folder)


def test_crystals_and_rejections_of_all_blocks_come_together(run) -> None:
    done = collect(run)
    assert done.returncode == 0, done.stderr
    assert "collected 2 blocks, rejected 4 records" in done.stderr
    assert [crystal.id for crystal in read_crystals(run / "all.jsonl.gz")] == ["d", "c"]
    check_record(run, make_settings().standardise)
    rejected = read_rejections(run / "rejected.csv")
    assert [(entry.id, entry.stage) for entry in rejected] == [
        ("x.cif", "acquire"),
        ("a", "plan"),
        ("a", "standardise"),
        ("b", "standardise"),
    ]


def test_blocks_of_another_plan_are_refused(run) -> None:
    write_rejections(run / "blocks/000001.csv", [LATER])
    done = collect(run)
    assert done.returncode == 1
    assert "000001.jsonl.gz: 1 crystals, and 1 rejected, but plan has 1 in this" in done.stderr
    assert not (run / "all.jsonl.gz").exists()


def test_nothing_left_is_a_user_error(run) -> None:
    for path in (run / "plan" / AS_BEFORE, run / "blocks/000001.jsonl.gz"):
        write_crystals(path, [])
    write_rejections(run / "blocks/000001.csv", [LATER])
    done = collect(run, spawn)
    assert done.returncode == 1
    assert "no crystal is left; the last was rejected because: atoms are too close" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run / "all.jsonl.gz").exists()


@pytest.mark.parametrize(
    ("lost", "line"),
    [
        ("plan/blocks.csv", "plan: no plan, or files of it are gone"),
        ("blocks/000001.jsonl.gz", "000001.jsonl.gz: cannot be read: No such file or directory"),
        ("blocks/000001.csv", "000001.csv: cannot be read"),
    ],
)
def test_a_lost_file_is_named(run, lost: str, line: str) -> None:
    (run / lost).unlink()
    done = collect(run)
    assert done.returncode == 1
    assert line in done.stderr
    assert not (run / "all.jsonl.gz").exists()
