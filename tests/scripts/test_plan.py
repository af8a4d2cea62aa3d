import gzip
from dataclasses import replace

import numpy as np
from programs import call, spawn

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import line_of, read_crystals, read_lines, write_crystals
from spacegrouper.crystals.standard_cell import standardise_all
from spacegrouper.crystals.standardised_with import write_record
from spacegrouper.settings import Standardise


def plan(tmp_path, *more, run=call):
    (tmp_path / "config.yaml").write_text("plan: {block_size: 2}\n")
    arguments = ["--structures", tmp_path / "in.jsonl.gz", "--config", tmp_path / "config.yaml"]
    return run("plan", *arguments, "--output", tmp_path / "blocks", *more)


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
        "as_before.jsonl.gz",
        "blocks.csv",
        "rejected.csv",
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


def test_what_the_parent_has_standardised_is_in_no_block(tmp_path):
    settings = Standardise()
    crystals = {n: Crystal(n, np.eye(3) * 3, ("Po",), np.zeros((1, 3))) for n in "abc"}
    (tmp_path / "parent").mkdir()
    write_record(tmp_path / "parent", settings)
    write_crystals(tmp_path / "parent/acquired.jsonl.gz", [crystals["a"], crystals["b"]])
    known = list(standardise_all([crystals["a"], crystals["b"]], settings, 1))
    write_crystals(tmp_path / "parent/standardised.jsonl.gz", known)
    strained = replace(crystals["b"], lattice=np.eye(3) * 3.1)
    write_crystals(tmp_path / "in.jsonl.gz", [crystals["c"], strained, crystals["a"]])
    result = plan(tmp_path, "--parent", tmp_path / "parent")
    assert result.returncode == 0, result.stderr
    assert "planned 2 crystals in 1 blocks; 1 are as in the parent's run" in result.stderr
    blocks = tmp_path / "blocks"
    assert [crystal.id for crystal in read_crystals(blocks / "000000.jsonl.gz")] == ["c", "b"]
    assert list(read_lines(blocks / "as_before.jsonl.gz")) == [line_of(known[0])]
    write_record(tmp_path / "parent", settings.model_copy(update={"max_sites": 9}))
    refused = plan(tmp_path, "--parent", tmp_path / "parent")
    assert refused.returncode == 1
    assert "standardised with `standardise.max_sites: 9`, but here it is 500" in refused.stderr


def test_missing_structures_are_one_line(tmp_path):
    result = plan(tmp_path, run=spawn)
    assert result.returncode == 1
    assert "in.jsonl.gz: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "blocks").exists()
