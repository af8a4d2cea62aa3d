import gzip

import numpy as np
from programs import call, spawn

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals


def plan(tmp_path, run=call):
    (tmp_path / "config.yaml").write_text("plan: {block_size: 2}\n")
    arguments = ["--structures", tmp_path / "in.jsonl.gz", "--config", tmp_path / "config.yaml"]
    return run("plan", *arguments, "--output", tmp_path / "blocks")


def test_five_crystals_make_three_blocks_of_two(tmp_path):
    crystals = [Crystal(str(n), np.eye(3), ("Po",), np.zeros((1, 3))) for n in range(5)]
    write_crystals(tmp_path / "in.jsonl.gz", crystals)
    for _ in range(2):  # the second time over the first
        result = plan(tmp_path)
        assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / "blocks").iterdir()) == [
        "000000.jsonl.gz",
        "000001.jsonl.gz",
        "000002.jsonl.gz",
        "blocks.csv",
    ]
    rows = (tmp_path / "blocks" / "blocks.csv").read_text().splitlines()
    assert rows == ["block,crystals", "000000,2", "000001,2", "000002,1"]


def test_a_line_that_is_no_crystal_is_named_once(tmp_path):
    with gzip.open(tmp_path / "in.jsonl.gz", "wt") as lines:
        lines.write("{\n")
    result = plan(tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("line 1") == 1
    assert not (tmp_path / "blocks").exists()


def test_missing_structures_are_one_line(tmp_path):
    result = plan(tmp_path, spawn)
    assert result.returncode == 1
    assert "in.jsonl.gz: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "blocks").exists()
