import gzip
import json
from dataclasses import replace

from programs import call, spawn

from spacegrouper.crystals.json_lines import read_crystals, write_crystals
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


def test_good_crystals_pass_and_all_rejections_are_gathered(tmp_path):
    (tmp_path / "earlier.csv").write_text("id,stage,reason\nx.cif,acquire,the file is empty\n")
    lines = [
        json.dumps({"id": "a", **SALT}),
        "{broken",
        json.dumps({"id": "b", **SALT, "species": ["Na", "Xx"]}),
        json.dumps({"id": "a", **SALT, "species": ["K", "Cl"]}),
        json.dumps({"id": "c", **SALT, "species": ["K", "Br"]}),
    ]
    outputs = []
    for threads in ("1", "2"):
        more = ["--earlier-rejected", tmp_path / "earlier.csv", "--threads", threads]
        result = standardise(tmp_path, lines, *more)
        assert result.returncode == 0, result.stderr
        outputs.append((tmp_path / "out.jsonl.gz").read_bytes())
    assert outputs[0] == outputs[1]
    assert "kept 2 crystals in 1 space groups, rejected 4 records" in result.stderr
    kept = list(read_crystals(tmp_path / "out.jsonl.gz"))
    assert [(crystal.id, crystal.metadata["spacegroup"]) for crystal in kept] == [
        ("a", 225),
        ("c", 225),
    ]
    rejected = read_rejections(tmp_path / "rejected.csv")
    assert [entry.id for entry in rejected] == ["x.cif", "line 2", "b", "a"]
    assert [entry.stage for entry in rejected] == ["acquire"] * 2 + ["standardise"] * 2


def test_nothing_left_is_a_user_error(tmp_path):
    result = standardise(tmp_path, ["{broken"], run=spawn)
    assert result.returncode == 1
    assert "no crystal is left" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.jsonl.gz").exists()


def test_cells_of_an_earlier_run_are_taken_from_there(tmp_path):
    lines = [json.dumps({"id": name, **SALT}) for name in "abc"]
    assert standardise(tmp_path, lines[:2]).returncode == 0
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "acquired.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[:2]).encode()))
    # What is taken over shows by a mark that no crystal would get.
    earlier = list(read_crystals(tmp_path / "out.jsonl.gz"))
    marked = [
        replace(crystal, metadata={**crystal.metadata, "prototype": "seen before"})
        for crystal in earlier
    ]
    write_crystals(parent / "standardised.jsonl.gz", marked)
    lines[1] = json.dumps({"id": "b", **SALT, "species": ["K", "Cl"]})
    result = standardise(tmp_path, lines, "--parent", parent)
    assert result.returncode == 0, result.stderr
    labels = [c.metadata["prototype"] for c in read_crystals(tmp_path / "out.jsonl.gz")]
    assert labels == ["seen before", "AB_cF8_225_a_b", "AB_cF8_225_a_b"]
