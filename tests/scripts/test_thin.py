"""The stage that thins space groups, as the workflow runs it."""

import json
import random

import pandas as pd
import pytest
from programs import call, spawn

CRYSTAL = {"lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "species": ["Po"]}
# 12 crystals of 225, 5 of 62 and 3 of 7, mixed.
GROUPS = {f"mp-{n}": group for n, group in enumerate([225, 62, 225, 7] * 3 + [225, 225, 62] * 2)}
GROUPS |= {"last": 225, "first": 225}


def thin(folder, wanted, names=tuple(GROUPS), run=call, more=(), **settings):
    lines = [
        json.dumps({"id": name, "spacegroup": GROUPS[name], "frac_coords": [[0, 0, 0]], **CRYSTAL})
        for name in names
    ]
    (folder / "standardised.jsonl").write_text("\n".join([*lines, *more]))
    content = {"thin": {"crystals_per_space_group": wanted}, **settings}
    (folder / "config.yaml").write_text(json.dumps(content))
    files = ("--structures", "standardised.jsonl", "--config", "config.yaml")
    return run("thin", *files, "--output", "out.jsonl", "--table", "out.csv", folder=folder)


def ids(folder):
    return [json.loads(line)["id"] for line in (folder / "out.jsonl").read_text().splitlines()]


def test_each_group_is_thinned_and_what_is_missing_is_said(tmp_path):
    done = thin(tmp_path, {"Fm-3m": 4, 62: 8, 227: 2})
    assert done.returncode == 0, done.stderr
    kept = ids(tmp_path)
    assert kept == [name for name in GROUPS if name in kept]
    assert sum(GROUPS[name] == 225 for name in kept) == 4
    assert {name for name in GROUPS if GROUPS[name] == 62} <= set(kept)
    assert pd.read_csv(tmp_path / "out.csv").to_dict("list") == {
        "spacegroup": [7, 62, 225, 227],
        "wanted": [0, 8, 4, 2],
        "found": [3, 5, 12, 0],
        "kept": [0, 5, 4, 0],
        "missing": [0, 3, 0, 2],
    }
    said = " ".join(done.stderr.split())
    assert "kept 9 of 20 crystals, in 2 space groups; 3 are of space groups that are not w" in said
    assert "5 crystals are missing: 2 of 3 space groups have fewer than wanted" in said
    assert "62: 5 of 8, 227: 0 of 2" in said


def test_the_choice_depends_on_seed_and_ids_alone(tmp_path):
    chosen = []
    for seed in range(4):
        thin(tmp_path, {225: 4}, seed=seed)
        chosen.append(set(ids(tmp_path)))
        names = list(GROUPS)
        random.Random(seed).shuffle(names)
        thin(tmp_path, {225: 4}, names, seed=seed, plan={"block_size": 3})
        assert set(ids(tmp_path)) == chosen[-1]
    assert len(set(map(frozenset, chosen))) > 1


def test_the_papers_numbers_go_by_name(tmp_path):
    assert thin(tmp_path, "paper").returncode == 0
    table = pd.read_csv(tmp_path / "out.csv")
    assert len(table) == 102
    assert table["wanted"].sum() == 108_658 + 3_052
    assert ids(tmp_path) == list(GROUPS)


@pytest.mark.parametrize(
    ("wanted", "more", "said", "run"),
    [
        (None, (), "`thin.crystals_per_space_group` is missing; add it", spawn),
        ({1: 3}, (), "no crystal of the space groups that `thin.crystals_per_space", call),
        ({225: 3}, ("{broken",), "error: standardised.jsonl: line 21: not valid JSON", call),
    ],
)
def test_mistakes_are_one_line_and_leave_no_file(tmp_path, wanted, more, said, run):
    done = thin(tmp_path, wanted, more=more, run=run)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
