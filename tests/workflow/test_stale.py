"""What makes products stale, and what does not, without any record of Snakemake's.

Runs of a few crystals up to the dataset; what would be done again is asked by dry runs.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.settings import load_settings

pytestmark = pytest.mark.slow

DATASET = "results/small/dataset.zarr/zarr.json"
SMALL = {
    "name": "small",
    "acquire": {"source": "json_lines", "path": "crystals.jsonl"},
    "plan": {"block_size": 4},
    "simulate": {"pixels": 64},
}


def crystals(count: int) -> list[Any]:
    source = PrototypesSource(space_groups=1, crystals_per_space_group=count)
    return prototype_crystals(source, seed=0)


@pytest.fixture(scope="module")
def finished(lasting_workflow) -> Any:
    write_crystals(lasting_workflow.folder / "crystals.jsonl", crystals(6))
    lasting_workflow.run(SMALL, "--cores", "2", DATASET)
    return lasting_workflow


@pytest.fixture
def copied(finished, workflow) -> Any:
    """The results and their source as `rsync -a` copies them, without Snakemake's records."""
    shutil.copytree(finished.folder / "results", workflow.folder / "results")
    shutil.copy2(finished.folder / "crystals.jsonl", workflow.folder)
    return workflow


def planned(workflow: Any, **changes: Any) -> set[str]:
    """The stages that would run."""
    said = workflow.run(SMALL | changes, "--cores", "2", "--dry-run", DATASET)
    if "Nothing to be done" in said:
        return set()
    jobs = set(re.findall(r"^(\w+) +\d+$", said, flags=re.MULTILINE))
    return jobs - {"total", "fix_settings", "list_sources"}


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_nothing_is_left_beside_the_products(finished) -> None:
    results = finished.folder / "results"
    names = [path.name for path in results.rglob("*")]
    assert [name for name in names if name.endswith((".lock", ".unfinished"))] == []


def test_without_records_there_is_nothing_to_do(copied) -> None:
    assert planned(copied) == set()


# What is done with each block of a plan is known once that is made.
ALL = {"acquire", "plan", "collect", "shape"}
SIMULATE = {"simulate", "shape"}
STANDARDISE = {"standardise", "collect"} | SIMULATE


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"seed": 1}, ALL),
        ({"standardise": {"symprec": 0.01}}, STANDARDISE),
        ({"plan": {"block_size": 3}}, ALL - {"acquire"}),
        ({"simulate": {"pixels": 32}}, SIMULATE),
        ({"evaluate": {"batch_size": 7}}, set()),
    ],
)
def test_other_settings_are_noticed(copied, changes, stages: set[str]) -> None:
    assert planned(copied, **changes) == stages


def test_they_are_noticed_where_all_times_are_new(copied) -> None:
    """As after `cp -r`, in the worst of orders: the settings' own files are the oldest."""
    times = [path for path in (copied.folder / "results").rglob("*") if "settings" in path.parts]
    for path in times:
        os.utime(path, (0, 0))
    assert planned(copied, simulate={"pixels": 32}) == SIMULATE
    assert planned(copied, standardise={"symprec": 0.01}) == STANDARDISE


def test_products_say_themselves_what_they_were_made_with(copied) -> None:
    """A run with other settings that was stopped before it came to the blocks, then `cp -r`."""
    folder = copied.folder / "results/small/settings"
    copied.run(SMALL | {"simulate": {"pixels": 32}}, "--cores", "2", *made_by_fix(copied))
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    shutil.rmtree(copied.folder / ".snakemake")
    said = copied.run(SMALL | {"simulate": {"pixels": 32}}, "--cores", "2", "--dry-run", DATASET)
    line = "results/small/blocks/000000.h5 was made with simulate.pixels 64, now 32: it is made"
    assert line in said


def made_by_fix(workflow: Any) -> list[str]:
    said = workflow.run(SMALL | {"simulate": {"pixels": 32}}, "--cores", "2", "--dry-run", DATASET)
    return re.findall(r"results/small/settings/simulate-[0-9a-f]+\.json", said)[-1:]


def test_a_block_that_is_gone_is_missed(copied) -> None:
    (copied.folder / "results/small/plan/000001.jsonl.gz").unlink()
    assert "plan" in planned(copied)


def test_a_dry_run_changes_nothing(copied) -> None:
    before = state(copied.folder / "results")
    planned(copied, seed=1, simulate={"pixels": 32})
    assert state(copied.folder / "results") == before


def test_a_call_that_the_lock_refuses_changes_nothing(copied) -> None:
    before = state(copied.folder / "results")
    locks = copied.folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text(DATASET + "\n")
    command = copied.command(SMALL | {"simulate": {"pixels": 32}}, "--cores", "2", DATASET)
    command.remove("--nolock")
    refused = subprocess.run(
        command, cwd=copied.folder, env=copied.environment, capture_output=True, text=True
    )
    assert refused.returncode != 0
    assert "Directory cannot be locked" in refused.stderr
    assert state(copied.folder / "results") == before


def touched(path: Path) -> None:
    os.utime(path, (0, 0))


def replaced(path: Path) -> None:
    write_crystals(path, crystals(7))
    os.utime(path, (0, 0))


@pytest.mark.parametrize(("change", "stages"), [(touched, set()), (replaced, ALL)])
def test_a_source_is_held_by_what_is_in_it(
    copied, change: Callable[[Path], None], stages: set[str]
) -> None:
    change(copied.folder / "crystals.jsonl")
    assert planned(copied) == stages


def test_crystals_that_are_there_do_without_their_source(copied) -> None:
    (copied.folder / "crystals.jsonl").unlink()
    assert planned(copied) == set()


def test_other_crystals_are_simulated_and_then_all_is_done(copied) -> None:
    replaced(copied.folder / "crystals.jsonl")
    copied.run(SMALL, "--cores", "2", DATASET)
    listed = (copied.folder / "results/small/plan/blocks.csv").read_text().splitlines()
    assert sum(int(line.split(",")[1]) for line in listed[1:]) == 7
    assert planned(copied) == set()


def test_a_job_takes_the_settings_that_the_run_has_started_with(workflow) -> None:
    """The configuration file is written anew while the run is at work."""
    write_crystals(workflow.folder / "crystals.jsonl", crystals(6))
    process = workflow.start(SMALL, "--cores", "1", DATASET)
    results = workflow.folder / "results/small"
    while not (results / "config.yaml").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    workflow.command(SMALL | {"simulate": {"pixels": 32}})
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said
    assert load_settings(results / "config.yaml").simulate.pixels == 64
    assert planned(workflow) == set()
    assert planned(workflow, simulate={"pixels": 32}) == SIMULATE


def test_the_line_of_a_failed_stage_comes_last(workflow) -> None:
    (workflow.folder / "crystals.jsonl").write_text("no crystal\n")
    process = workflow.start(SMALL, "--cores", "1", DATASET)
    said, _ = process.communicate(timeout=200)
    assert process.returncode != 0
    assert "error: results/small/config.yaml: `acquire` gave no crystal at all" in said
    # After it Snakemake says where its log is, and that a job has failed.
    assert any(line.startswith("error: ") for line in said.splitlines()[-8:])


def test_a_source_that_is_not_there_stops_the_run_at_once(workflow) -> None:
    process = workflow.start(SMALL, "--cores", "1", DATASET)
    said, _ = process.communicate(timeout=200)
    assert process.returncode != 0
    assert "acquire.path: crystals.jsonl: no such file; check the path" in said
    assert not (workflow.folder / "results").exists()


def test_experiments_get_their_settings_when_they_start(copied) -> None:
    folder = "results/small/grid/alexnet-groups_8-random"
    experiment = copied.folder / folder
    arguments = (SMALL, "--cores", "2", f"{folder}/model/model.keras")
    copied.run(*arguments, "--dry-run")
    assert not experiment.exists()
    # Too few crystals to train with, which does not matter here.
    process = copied.start(*arguments)
    said, _ = process.communicate(timeout=400)
    assert load_settings(experiment / "config.yaml").model.name == "alexnet", said
    assert len(list((experiment / "settings").glob("train-*.json"))) == 1
