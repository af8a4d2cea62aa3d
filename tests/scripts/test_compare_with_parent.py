"""The comparison of a release with its parent, as the workflow runs it."""

import csv
from pathlib import Path

import numpy as np
from programs import Finished, Runner, call, spawn

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.standard_cell import standardise_all
from spacegrouper.settings import Standardise


def polonium(name: str, edge: float) -> Crystal:
    return Crystal(name, edge * np.eye(3), ("Po",), np.zeros((1, 3)))


def standardised(path: Path, **edges: float) -> None:
    crystals = [polonium(name, edge) for name, edge in edges.items()]
    write_crystals(path, standardise_all(crystals, Standardise(), 1))


def compare(folder: Path, parent: str = "first.jsonl.gz", run: Runner = call) -> Finished:
    (folder / "config.yaml").write_text("{}\n")
    options = ["--structures", "second.jsonl.gz", "--parent", parent, "--config", "config.yaml"]
    return run("compare_with_parent", *options, "--output", "release", folder=folder)


def edges(path: Path) -> dict[str, float]:
    return {crystal.id: float(crystal.lattice[0, 0]) for crystal in read_crystals(path)}


def test_new_crystals_are_to_be_simulated_and_all_are_in_the_release(tmp_path: Path) -> None:
    standardised(tmp_path / "first.jsonl.gz", same=3.35, gone=3.4, strained=3.3, nearly=3.36)
    standardised(tmp_path / "second.jsonl.gz", new=3.5, nearly=3.3601, strained=3.32, same=3.35)
    contents = []
    for _ in range(2):  # the second time over the first
        done = compare(tmp_path)
        assert done.returncode == 0, done.stderr
        contents.append({p.name: p.read_bytes() for p in (tmp_path / "release").iterdir()})
    assert contents[0] == contents[1]
    assert "2 of 4 crystals are to be simulated" in done.stderr
    with (tmp_path / "release/changes.csv").open(newline="") as file:
        found = {row["id"]: row["change"] for row in csv.DictReader(file)}
    assert found == {
        "same": "unchanged",
        "gone": "removed",
        "strained": "changed",
        "nearly": "unchanged",
        "new": "added",
    }
    new = edges(tmp_path / "release/to_simulate.jsonl.gz")
    assert new == {"new": 3.5, "strained": 3.32}
    # What differs within the tolerances stays as it was simulated.
    release = edges(tmp_path / "release/structures.jsonl.gz")
    assert release == {"new": 3.5, "nearly": 3.36, "strained": 3.32, "same": 3.35}


def test_a_missing_parent_is_one_line(tmp_path: Path) -> None:
    standardised(tmp_path / "second.jsonl.gz", same=3.35)
    done = compare(tmp_path, "none.jsonl.gz", spawn)
    assert done.returncode == 1
    assert "none.jsonl.gz: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
