"""Releases that go on from each other, run for real: what is new is simulated, and nothing else."""

import csv
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.store_objects import list_objects

pytestmark = pytest.mark.slow

# Tight enough for a crystal whose label moves while its atoms hardly do.
SYMPREC = 0.005


def strained(crystal: Crystal, share: float) -> Crystal:
    return replace(crystal, lattice=(1 + share) * crystal.lattice)


def rewritten(crystal: Crystal, seed: int) -> Crystal:
    """The same crystal: another cell, origin and orientation, its atoms in another order."""
    random = np.random.default_rng(seed)
    cell = np.eye(3)
    for _ in range(3):
        first, second = random.permutation(3)[:2]
        cell[first] += random.choice([-1, 1]) * cell[second]
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    coords = crystal.frac_coords @ np.linalg.inv(cell) + random.random(3)
    order = random.permutation(len(crystal.species))
    return replace(
        crystal,
        lattice=cell @ crystal.lattice @ turn,
        species=tuple(crystal.species[index] for index in order),
        frac_coords=coords[order] + random.integers(-1, 2, (len(order), 3)),
    )


def perovskite(shift: float) -> Crystal:
    """Cubic, but for a shift of one atom, in Angstrom, along z."""
    coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    coords[1, 2] += shift / 4
    return Crystal("perovskite", 4 * np.eye(3), ("Sr", "Ti", "O", "O", "O"), coords)


# What the second release does with crystals of the first, by their place there. One is strained
# by too little to count as changed.
REMOVED, STRAINED, REWRITTEN, NEARLY = (2, 17), (4, 20), (0, 1, 5, 9, 12, 13, 14, 21), 7


def releases() -> list[list[Crystal]]:
    """Three releases: the third takes back something of the second."""
    source = PrototypesSource(space_groups=2, crystals_per_space_group=13)
    made = prototype_crystals(source, seed=0)
    first = [*made[:12], *made[13:25], perovskite(0.002)]
    second = list(first)
    for place in STRAINED:
        second[place] = strained(first[place], 0.005)
    for place in REWRITTEN:
        second[place] = rewritten(first[place], place)
    second[NEARLY] = strained(first[NEARLY], 0.0005)
    second[-1] = perovskite(0.009)
    second = [crystal for place, crystal in enumerate(second) if place not in REMOVED]
    second[3:3] = [made[12], made[25]]
    back, as_before = first[REMOVED[0]], first[STRAINED[0]]
    third = [as_before if crystal.id == as_before.id else crystal for crystal in second]
    return [first, second, [*third, back]]


def pairs(store: Path) -> dict[str, tuple[bytes, bytes, int, str]]:
    """The patterns and labels of the crystals of a release, by their ids."""
    arrays: Any = zarr.open_group(store, mode="r")
    rows = np.flatnonzero(Dataset(store).usable())
    found = {
        str(arrays["material_id"][row]): (
            arrays["raw"][row].tobytes(),
            arrays["shaped"][row].tobytes(),
            int(arrays["spacegroup"][row]),
            str(arrays["prototype"][row]),
        )
        for row in rows
    }
    assert len(found) == rows.size, "an id occurs twice"
    return found


def simulated(run: Path) -> list[str]:
    ids: list[str] = []
    for path in sorted((run / "blocks").glob("*.h5")):
        with h5py.File(path) as file:
            ids += file["entry/material_id"].asstr()[...].tolist()
    return ids


def state(run: Path) -> dict[str, tuple[bytes, int]]:
    return {
        key: ((run / key).read_bytes(), (run / key).stat().st_mtime_ns) for key in list_objects(run)
    }


def changes(run: Path) -> dict[str, str]:
    with (run / "release" / "changes.csv").open(newline="") as file:
        return {row["id"]: row["change"] for row in csv.DictReader(file)}


class Chain:
    """Runs of releases in one workflow, up to the dataset."""

    def __init__(self, workflow: Any, small: dict[str, Any]) -> None:
        self.workflow = workflow
        self.small = small | {"plan": {"block_size": 12}, "standardise": {"symprec": SYMPREC}}
        self.crystals = dict(zip(("first", "second", "third"), releases(), strict=True))
        for name, crystals in self.crystals.items():
            write_crystals(workflow.folder / f"{name}.jsonl.gz", crystals)

    def folder(self, name: str) -> Path:
        return self.workflow.folder / "results" / name

    def store(self, name: str) -> Path:
        return self.folder(name) / "dataset.zarr"

    def arguments(
        self, name: str, release: str, parent: str | None, **settings: Any
    ) -> tuple[dict[str, Any], str, str, str]:
        acquire = {"source": "json_lines", "path": f"{release}.jsonl.gz"}
        content = {"name": name, "acquire": acquire, "release": {"parent": parent}}
        target = f"results/{name}/dataset.zarr/zarr.json"
        return self.small | content | settings, "--cores", "2", target

    def run(self, name: str, release: str, parent: str | None, **settings: Any) -> str:
        said: str = self.workflow.run(*self.arguments(name, release, parent, **settings))
        return said

    def fail(self, name: str, release: str, parent: str | None, **settings: Any) -> str:
        process = self.workflow.start(*self.arguments(name, release, parent, **settings))
        said, _ = process.communicate(timeout=200)
        assert process.returncode != 0
        assert "Traceback" not in said
        return str(said)


def script(folder: Path, name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, f"scripts/{name}", *arguments], cwd=folder, check=True)


@pytest.fixture(scope="module")
def chain(lasting_workflow, small) -> Chain:
    """Three releases, each run from its parent."""
    chain = Chain(lasting_workflow, small)
    chain.run("first", "first", None)
    first = state(chain.folder("first"))
    chain.run("second", "second", "first")
    second = state(chain.folder("second"))
    chain.run("third", "third", "second")
    assert state(chain.folder("first")) == first, "files of the parent were touched"
    assert state(chain.folder("second")) == second, "files of the parent were touched"
    return chain


def test_exactly_what_is_new_is_simulated(chain) -> None:
    first = chain.crystals["first"]
    kinds = changes(chain.folder("second"))
    assert Counter(kinds.values()) == {
        "unchanged": 20,
        "changed": 2,
        "added": 2,
        "removed": 2,
        "relabelled": 1,
    }
    assert {kinds[first[place].id] for place in STRAINED} == {"changed"}
    assert {kinds[first[place].id] for place in REMOVED} == {"removed"}
    assert {kinds[first[place].id] for place in (*REWRITTEN, NEARLY)} == {"unchanged"}
    assert kinds["perovskite"] == "relabelled"
    new = {name for name, kind in kinds.items() if kind in ("changed", "added", "relabelled")}
    assert sorted(simulated(chain.folder("second"))) == sorted(new)

    third = {first[STRAINED[0]].id, first[REMOVED[0]].id}
    assert sorted(simulated(chain.folder("third"))) == sorted(third)


def test_from_scratch_the_same_patterns_are_made(chain) -> None:
    # In blocks of another size, of which one holds all.
    chain.run("third_anew", "third", None, plan={"block_size": 40})
    ours, anew = pairs(chain.store("third")), pairs(chain.store("third_anew"))
    assert len(anew) == len(chain.crystals["third"])
    # Of a crystal that differs within the tolerances, the earlier cell and pattern are kept.
    nearly = chain.crystals["first"][NEARLY].id
    assert ours.pop(nearly) == pairs(chain.store("first"))[nearly]
    anew.pop(nearly)
    assert ours == anew


def test_the_crystals_of_the_release_have_just_its_patterns(chain) -> None:
    """Simulated from the first to the last, as the release lists them."""
    folder = chain.workflow.folder
    structures = "results/third/release/structures.jsonl.gz"
    config = ("--config", "results/third/config.yaml")
    script(folder, "simulate.py", "--structures", structures, *config, "--output", "all.h5")
    script(folder, "shape.py", "--raw", "all.h5", *config, "--output", "all.zarr")
    assert pairs(folder / "all.zarr") == pairs(chain.store("third"))


def test_old_rows_stay_and_old_blocks_are_not_made_again(chain) -> None:
    stores = {name: chain.store(name) for name in ("first", "second", "third")}
    rows = {name: zarr.open_array(store / "raw", mode="r") for name, store in stores.items()}
    assert [rows[name].shape[0] for name in stores] == [25, 30, 32]
    np.testing.assert_array_equal(rows["third"][:30], rows["second"][:])
    for number in range(2):
        key = f"shaped/c/{number}/0/0/0"
        inodes = {(store / key).stat().st_ino for store in stores.values()}
        assert len(inodes) == 1


def test_a_second_run_has_nothing_to_do(chain) -> None:
    assert "Nothing to be done" in chain.run("second", "second", "first")


def test_a_release_may_bring_nothing_new(chain) -> None:
    chain.run("same", "third", "third")
    assert simulated(chain.folder("same")) == []
    assert pairs(chain.store("same")) == pairs(chain.store("third"))


def test_a_damaged_store_of_the_parent_is_noticed_and_mended(chain) -> None:
    path = chain.store("first") / "shaped/c/1/0/0/0"
    whole = path.read_bytes()
    path.unlink()  # the other stores have it too
    path.write_bytes(whole[:-1])
    said = chain.fail("other", "second", "first")
    assert "error: results/first/dataset.zarr: block 1: shaped/c/1/0/0/0: damaged; mend" in (
        said + (chain.folder("other") / "logs" / "shape.log").read_text()
    )
    script(chain.workflow.folder, "verify_dataset.py", "results/first/dataset.zarr", "--repair")
    chain.run("other", "second", "first")
    assert path.read_bytes() == whole
    assert pairs(chain.store("other")) == pairs(chain.store("second"))


def test_a_dataset_of_a_release_is_repaired_from_the_shards_of_all(chain) -> None:
    store = chain.store("second")
    right = {key: (store / key).read_bytes() for key in list_objects(store)}
    for key in ("raw/c/0/0/0/0", "shaped/c/2/0/0/0", "in_release/c/0"):
        (store / key).unlink()
    script(chain.workflow.folder, "verify_dataset.py", "results/second/dataset.zarr", "--repair")
    assert {key: (store / key).read_bytes() for key in list_objects(store)} == right


@pytest.mark.parametrize(
    ("parent", "settings", "line"),
    [
        ("never", {}, "release.parent: no finished run never: results/never/plan is missing"),
        ("next", {}, "release.parent: next goes on from itself; give an earlier run"),
        (
            "first",
            {"standardise": {"symprec": 0.1}},
            "its crystals were standardised with `standardise.symprec: 0.005`, but here it is 0.1",
        ),
        (
            "first",
            {"simulate": {"pixels": 128}},
            "release.parent: first was simulated with simulate.pixels 256, but here it is "
            "simulate.pixels 128",
        ),
    ],
)
def test_a_parent_that_does_not_fit_stops_the_run_at_once(chain, parent, settings, line) -> None:
    said = chain.fail("next", "third", parent, **settings)
    assert line in said
    assert not chain.folder("next").exists()


@pytest.fixture
def copied(chain, workflow) -> Chain:
    """The chain in a folder of its own, without Snakemake's records."""
    shutil.copytree(chain.workflow.folder / "results", workflow.folder / "results")
    return Chain(workflow, chain.small)


def test_a_release_is_made_anew_when_its_parent_has_other_crystals(copied) -> None:
    arguments = copied.arguments("second", "second", "first")
    assert "Nothing to be done" in copied.workflow.run(*arguments, "--dry-run")
    path = copied.folder("first") / "structures" / "acquired.jsonl.gz"
    write_crystals(path, copied.crystals["first"][:-1])
    said = copied.workflow.run(*arguments, "--dry-run")
    jobs = set(re.findall(r"^(\w+) +\d+$", said, flags=re.MULTILINE))
    assert {"plan", "collect", "compare_with_parent", "select", "shape"} <= jobs
    assert "acquire" not in jobs


def test_a_release_is_refused_when_its_parents_parent_was_made_anew(copied) -> None:
    path = copied.folder("first") / "blocks" / "000001.json"
    path.write_text(path.read_text().replace('"sha256": "', '"sha256": "0'))
    said = copied.fail("third", "third", "second")
    assert (
        "results/second/dataset.zarr was made of other blocks than there are now, such as" in said
    )
    assert "first was made anew since; run second again first" in said
