import json

from programs import call, spawn

from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.rejections import read_rejections

SALT = {
    "lattice": [[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]],
    "species": ["Na", "Cl"],
    "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
}


def standardise(tmp_path, lines, *more, run=call):
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    arguments = ["--structures", tmp_path / "in.jsonl", "--config", tmp_path / "config.yaml"]
    arguments += ["--output", tmp_path / "out.jsonl.gz", "--rejected", tmp_path / "rejected.csv"]
    return run("standardise", *arguments, *more)


def test_good_crystals_pass_and_all_rejections_are_listed(tmp_path):
    lines = [
        json.dumps({"id": "a", **SALT}),
        "{broken",
        json.dumps({"id": "b", **SALT, "species": ["Na", "Xx"]}),
        json.dumps({"id": "a", **SALT, "species": ["K", "Cl"]}),
        json.dumps({"id": "c", **SALT, "species": ["K", "Br"]}),
    ]
    outputs = []
    for threads in ("1", "2"):
        result = standardise(tmp_path, lines, "--threads", threads)
        assert result.returncode == 0, result.stderr
        outputs.append((tmp_path / "out.jsonl.gz").read_bytes())
    assert outputs[0] == outputs[1]
    assert "kept 2 crystals in 1 space groups, rejected 3 records" in result.stderr
    kept = list(read_crystals(tmp_path / "out.jsonl.gz"))
    assert [(crystal.id, crystal.metadata["spacegroup"]) for crystal in kept] == [
        ("a", 225),
        ("c", 225),
    ]
    rejected = read_rejections(tmp_path / "rejected.csv")
    assert [entry.id for entry in rejected] == ["line 2", "b", "a"]
    assert [entry.stage for entry in rejected] == ["acquire"] + ["standardise"] * 2


def test_a_block_of_which_nothing_is_left_is_no_error(tmp_path):
    result = standardise(tmp_path, ["{broken"], run=spawn)
    assert result.returncode == 0, result.stderr
    assert list(read_crystals(tmp_path / "out.jsonl.gz")) == []
    assert [entry.id for entry in read_rejections(tmp_path / "rejected.csv")] == ["line 1"]


def test_missing_structures_are_one_line(tmp_path):
    files = ["--structures", tmp_path / "none.jsonl", "--config", tmp_path / "config.yaml"]
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    output = ["--output", tmp_path / "out.jsonl.gz", "--rejected", tmp_path / "rejected.csv"]
    result = call("standardise", *files, *output)
    assert result.returncode == 1
    assert "none.jsonl: cannot be read" in result.stderr
    assert not (tmp_path / "out.jsonl.gz").exists()
