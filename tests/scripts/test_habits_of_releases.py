"""Habits of a release that goes on from an earlier one, by the programs of the workflow."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from programs import call

from spacegrouper.crystals.blocks import planned_blocks
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.standardised_with import write_record
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.parent_run import check_parent, raw_shards_of, simulated_plan
from spacegrouper.dataset.store_objects import list_objects
from spacegrouper.settings import load_settings

# Tetragonal within the tolerance of standardising, but cubic within that of the habit.
NEARLY_CUBIC = Crystal(
    "nearly",
    4 * np.eye(3),
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [0.5, 0.5, 0.501], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)


def program(name: str, *arguments: object) -> str:
    done = call(name, *arguments)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stderr.split())


def make_run(run: Path, crystals: list[Crystal], parent: Path | None) -> str:
    """Make a run up to its dataset, in the folders of the workflow; return what shape.py said."""
    (run / "structures").mkdir(parents=True)
    config, acquired = run / "config.yaml", run / "structures/acquired.jsonl.gz"
    content = {
        "name": run.name,
        "release": {"parent": parent.name if parent else None},
        "simulate": {"engine": "morphology"},
        "standardise": {"symprec": 1e-3},
        "morphology": {"pixels": 16, "largest_index": 1},
        "plan": {"block_size": 4},
        "model": {"name": "ziletti"},
        "train": {"descriptor": "morphology"},
    }
    config.write_text(yaml.safe_dump(content))
    check_parent(run, load_settings(config))
    write_crystals(acquired, crystals)
    structures = run / "structures/standardised.jsonl.gz"
    both = ("--config", config, "--output")
    rejected = ("--rejected", run / "rejected.csv")
    program("plan", "--structures", acquired, *both, run / "plan")
    program("standardise", "--structures", acquired, *both, structures, *rejected)
    write_record(structures.parent, load_settings(config).standardise)
    of_parent: tuple[object, ...] = ()
    if parent:
        before = parent / "structures/standardised.jsonl.gz"
        given = ("--structures", structures, "--parent", before)
        program("compare_with_parent", *given, *both, run / "release")
        structures = run / "release/to_simulate.jsonl.gz"
        of_parent = ("--parent", parent / "dataset.zarr")
        of_parent += ("--changes", run / "release/changes.csv")
    plan = simulated_plan(run, load_settings(config))
    program("plan", "--structures", structures, *both, plan)
    for block in planned_blocks(plan) or []:
        given = ("--structures", plan / f"{block.block}.jsonl.gz", "--threads", 1)
        program("simulate", *given, *both, run / "blocks" / f"{block.block}.h5")
    given = ("--raw", *raw_shards_of(run), *of_parent, "--workers", 1)
    return program("shape", *given, *both, run / "dataset.zarr")


def habits(store: Path) -> dict[str, tuple[bytes, int]]:
    """The bitmaps and the space group of each crystal of the release."""
    dataset = Dataset(store)
    rows = np.flatnonzero(dataset.usable())
    raw, groups = dataset.read(rows)["raw"], dataset.label("spacegroup")[rows]
    names = dataset.material_id[rows]
    return {
        name: (bitmaps.tobytes(), int(group))
        for name, bitmaps, group in zip(names, raw, groups, strict=True)
    }


def test_only_what_is_new_is_drawn(tmp_path: Path) -> None:
    source = PrototypesSource(space_groups=2, crystals_per_space_group=5)
    made = prototype_crystals(source, seed=0)
    first = [*made[:2], NEARLY_CUBIC, *made[2:8]]
    strained = replace(made[5], lattice=1.01 * made[5].lattice)
    second = [*made[:1], NEARLY_CUBIC, *made[2:5], strained, *made[6:]]
    parent, child, anew = (tmp_path / name for name in ("first", "second", "anew"))
    make_run(parent, first, None)
    manifest = json.loads((parent / "blocks/000000.json").read_text())
    assert "space group 221 within 0.01 Angstrom, not 99" in manifest["rejected"]["nearly"]
    before = {key: (parent / key).read_bytes() for key in list_objects(parent)}

    said = make_run(child, second, parent)

    assert "took 2 of 3 blocks" in said
    assert {key: (parent / key).read_bytes() for key in list_objects(parent)} == before
    # The row without a habit is in the first.
    for key in ("raw/c/0/0/0/0", "raw/c/1/0/0/0", "status/c/0", "status/c/1"):
        ours, theirs = (run / "dataset.zarr" / key for run in (child, parent))
        assert ours.stat().st_ino == theirs.stat().st_ino
    make_run(anew, second, None)
    assert habits(child / "dataset.zarr") == habits(anew / "dataset.zarr")
    assert len(habits(anew / "dataset.zarr")) == len(second) - 1
