"""The program on real releases, judged by pymatgen's StructureMatcher."""

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from programs import call, spawn
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals, write_crystals

SHARED = Path(__file__).parents[2] / "../shared/structures"


def compare(earlier, later, output, *options, run=call):
    return run("compare_releases", earlier, later, "--output", output, *options)


def changes(output):
    with (output / "changes.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def releases():
    folder = Path(os.environ.get("SPACEGROUPER_STRUCTURES", SHARED))
    paths = [folder / f"mp-{name}-sample.jsonl.gz" for name in ("2024.10", "2025.02")]
    if not all(path.exists() for path in paths):
        pytest.skip(f"needs two real releases: not in {folder}")
    return [{crystal.id: crystal for crystal in read_crystals(path)} for path in paths]


def really_changed(earlier, later):
    """What pymatgen says, with tolerances of 0.15 %, 0.1 degree and 0.01 Angstrom."""
    first, second = (
        Structure(crystal.lattice, crystal.species, crystal.frac_coords)
        for crystal in (earlier, later)
    )
    matcher = StructureMatcher(
        ltol=1.5e-3,
        angle_tol=0.1,
        stol=0.01 / (first.volume / len(first)) ** (1 / 3),
        primitive_cell=False,
        scale=False,
    )
    return not matcher.fit(first, second)


@pytest.mark.parametrize(
    "step", [24, pytest.param(1, marks=pytest.mark.slow)], ids=["sample", "all"]
)
def test_changes_of_a_real_release_are_those_that_pymatgen_sees(tmp_path, step):
    earlier, later = releases()
    names = sorted({*earlier, *later})[::step]
    for name, crystals in (("a", earlier), ("b", later)):
        write_crystals(tmp_path / f"{name}.jsonl.gz", (crystals[i] for i in names if i in crystals))
    done = compare(tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = changes(tmp_path / "out")
    assert sorted(rows) == names
    counts = Counter(row["change"] for row in rows.values())
    for line in done.stdout.splitlines():
        kind, count = line.split()
        assert counts[kind] == int(count)
    for name in names:
        if name not in later or name not in earlier:
            assert rows[name]["change"] == ("added" if name in later else "removed")
    shared = [name for name in names if name in earlier and name in later]
    changed = {name for name in shared if really_changed(earlier[name], later[name])}
    found = {name for name in shared if rows[name]["change"] == "changed"}
    assert len(changed) > 100 / step
    assert changed <= found  # none is missed
    kept = [name for name in shared if rows[name]["change"] == "unchanged"]
    assert len(kept) >= 0.99 * (len(shared) - len(changed))


def test_results_do_not_depend_on_the_processes_and_a_missing_file_is_one_line(tmp_path):
    coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    first, second = (
        [Crystal(str(i), (edge + 0.001 * i) * np.eye(3), ("Cs", "Cl"), coords) for i in range(20)]
        for edge in (4.12, 4.13)
    )
    write_crystals(tmp_path / "a.jsonl", first)
    write_crystals(tmp_path / "b.jsonl.gz", second[5:])
    for processes in ("1", "2"):
        done = compare(
            tmp_path / "a.jsonl",
            tmp_path / "b.jsonl.gz",
            tmp_path / processes,
            "--threads",
            processes,
        )
        assert done.returncode == 0, done.stderr
    tables = [(tmp_path / name / "changes.csv").read_bytes() for name in ("1", "2")]
    assert tables[0] == tables[1]
    assert tables[0].splitlines()[6] == b"5,changed,lattice by 0.24 %"
    done = compare(tmp_path / "a.jsonl", tmp_path / "none.jsonl", tmp_path / "out", run=spawn)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "none.jsonl" in done.stderr
