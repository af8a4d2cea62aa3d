import gzip
import json

import pytest
from programs import call, spawn

CRYSTAL = {
    "lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]],
    "species": ["Fe"],
    "frac_coords": [[0, 0, 0]],
}
LINES = [
    json.dumps({"id": f"mp-{n}", "spacegroup": group, **CRYSTAL})
    for n, group in enumerate([225, 229, 62] * 6)
]


def select(folder, lines, *more, run=call):
    (folder / "in.jsonl").write_text("\n".join(lines))
    arguments = ["--structures", folder / "in.jsonl", "--output", folder / "out.jsonl.gz"]
    return run("select_structures", *arguments, *more)


def read(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_a_list_by_name_is_its_numbers_and_the_same_choice_is_the_same_bytes(tmp_path):
    outputs = []
    for groups in ("groups_8", "229,225,225,227"):
        result = select(
            tmp_path, [*LINES, "{broken"], f"--space-groups={groups}", "--maximum=4", "--seed=3"
        )
        assert result.returncode == 0, result.stderr
        said = " ".join(result.stderr.split())
        assert "left out 1 lines that are no crystals, the first: line 19: not valid JSON" in said
        assert "chose 8 crystals; of each space group: " in said
        assert "225: 4, 227: 0, 229: 4" in said
        outputs.append((tmp_path / "out.jsonl.gz").read_bytes())
    assert outputs[0] == outputs[1]
    records = read(tmp_path / "out.jsonl.gz")
    assert sorted(record["spacegroup"] for record in records) == [225] * 4 + [229] * 4
    numbers = [int(record["id"].removeprefix("mp-")) for record in records]
    assert numbers == sorted(numbers)


def test_another_seed_chooses_others(tmp_path):
    chosen = []
    for seed in range(3):
        select(tmp_path, LINES, "--space-groups=62", "--maximum=3", f"--seed={seed}")
        chosen.append(tuple(record["id"] for record in read(tmp_path / "out.jsonl.gz")))
    assert len(set(chosen)) > 1


@pytest.mark.parametrize(
    ("groups", "lines", "message", "run"),
    [
        ("225,x", LINES, "--space-groups 225,x: `x` is no space group", spawn),
        ("231", LINES, "--space-groups 231: `231` is no space group", call),
        ("groups_9", LINES, "groups_8, groups_20, groups_49, groups_72", call),
        ("1", LINES, "no crystal of the space groups 1", call),
        ("225", [json.dumps({"id": "mp-1", **CRYSTAL})], "crystal mp-1: key `spacegroup`", call),
    ],
)
def test_mistakes_are_one_line_and_leave_no_file(tmp_path, groups, lines, message, run):
    result = select(tmp_path, lines, f"--space-groups={groups}", "--maximum=3", run=run)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.jsonl.gz").exists()
