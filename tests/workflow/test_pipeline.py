"""The workflow run for real on few crystals: whole, killed in the middle, and on damaged files."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import zarr
from pymatgen.core import Structure

from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource

pytestmark = pytest.mark.slow


def assert_same_arrays(first: Path, second: Path) -> None:
    stores = [zarr.open_group(path / "dataset.zarr", mode="r") for path in (first, second)]
    assert stores[0]["status"][:].tolist() == [1] * 24
    for name in ("raw", "shaped", "material_id", "spacegroup", "status", "intensity_max"):
        np.testing.assert_array_equal(stores[0][name][:], stores[1][name][:], err_msg=name)


def assert_same_network(first: Path, second: Path) -> None:
    models = [keras.models.load_model(path / "model" / "model.keras") for path in (first, second)]
    for ours, theirs in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    for name in ("model/history.csv", "model/split.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_every_product_is_there(undisturbed) -> None:
    workflow, results = undisturbed
    metrics = json.loads((results / "evaluation" / "metrics.json").read_text())
    assert metrics["test_crystals"] == 6
    assert 0 <= metrics["top_1_accuracy"] <= metrics["top_5_accuracy"] <= 1
    comparison = (results / "evaluation" / "comparison.csv").read_text().splitlines()
    names = ["network", "forest", "physics line"]
    assert [line.split(",")[1] for line in comparison[1:]] == names * 2
    assert (results / "rejected.csv").read_text().splitlines() == ["id,stage,reason"]
    assert (results / "report" / "samples.html").stat().st_size > 10_000
    assert len(list((results / "blocks").glob("*.h5"))) == 5
    report = (workflow.folder / "report.html").read_text()
    for name in (
        "samples.html",
        "overview.svg",
        "confusion.svg",
        "comparison.svg",
        "rejected.csv",
        "top_k.csv",
    ):
        assert name in report
    # Captions of the workflow, of the technique, and of a figure's numbers.
    for caption in ("Records that could not be used", "How many nodes", "The numbers behind"):
        assert caption in report


def test_a_report_is_made_of_what_is_there(undisturbed, small) -> None:
    workflow, _ = undisturbed
    workflow.run(small | {"name": "small"}, "--report", "again.html")
    assert "Records that could not be used" in (workflow.folder / "again.html").read_text()


def test_a_second_run_has_nothing_to_do(undisturbed, small) -> None:
    workflow, _ = undisturbed
    assert "Nothing to be done" in workflow.run(small | {"name": "small"})


def test_a_setting_makes_stale_only_what_depends_on_it(undisturbed, small) -> None:
    workflow, _ = undisturbed
    said = workflow.run(small | {"name": "small", "shape": {"reach": 1.5}}, "--dry-run")
    jobs = re.findall(r"^(\w+) +\d+$", said, flags=re.MULTILINE)
    stale = {"shape", "describe", "train", "calibrate", "fit_forest", "evaluate", "report"}
    assert set(jobs) == stale | {"fix_settings", "all", "total"}


def test_blocks_and_cores_do_not_matter(workflow, small, undisturbed) -> None:
    _, results = undisturbed
    settings = small | {"name": "other", "plan": {"block_size": 24}}
    workflow.run(settings, "--cores", "1", "results/other/dataset.zarr/zarr.json")
    assert_same_arrays(workflow.folder / "results" / "other", results)


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 200
    while not happened():
        assert process.poll() is None, "ended too early"
        assert time.monotonic() < deadline, "did not come so far"
        time.sleep(0.02)


def test_killed_while_simulating_and_again_while_training(workflow, small, undisturbed) -> None:
    results = workflow.folder / "results" / "killed"
    process = workflow.start(small | {"name": "killed"})
    # Snakemake writes a benchmark when a job has ended. On two cores the third of them means that
    # one of the first two is on record: something took its place.
    wait_until(lambda: len(list(results.glob("benchmarks/simulate/*.tsv"))) >= 3, process)
    # Only Snakemake: the jobs it has started live on, as after a real SIGKILL.
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    ended = [path.stem for path in results.glob("benchmarks/simulate/*.tsv")]
    assert len(ended) < 5
    written = {block: (results / f"blocks/{block}.h5").stat().st_mtime_ns for block in ended}

    process = workflow.start(small | {"name": "killed"})
    wait_until((results / "model" / "checkpoint.npz").exists, process)
    kept = [b for b in ended if (results / f"blocks/{b}.h5").stat().st_mtime_ns == written[b]]
    assert kept, "every finished block was simulated twice"
    assert_same_arrays(results, undisturbed[1])
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (results / "model" / "model.keras").exists()

    workflow.run(small | {"name": "killed"})
    assert "going on from the checkpoint after epoch" in (results / "logs/train.log").read_text()
    assert_same_network(results, undisturbed[1])
    for name in ("evaluation/predictions.csv", "evaluation/metrics.json"):
        assert (results / name).read_bytes() == (undisturbed[1] / name).read_bytes()


def test_damaged_files_do_not_stop_the_run(workflow, small) -> None:
    folder = workflow.folder / "crystals"
    source = PrototypesSource(space_groups=2, crystals_per_space_group=12)
    for number, crystal in enumerate(prototype_crystals(source, seed=0)):
        path = folder / str(number % 3) / f"{crystal.id}.cif"
        path.parent.mkdir(parents=True, exist_ok=True)
        Structure(crystal.lattice, crystal.species, crystal.frac_coords).to(filename=str(path))
    whole = path.read_text()
    (folder / "cut.cif").write_text(whole[: int(len(whole) * 0.8)])
    (folder / "disordered.cif").write_text(
        re.sub(r"^(  [A-Z].*)  1$", r"\1  0.5", whole, flags=re.M)
    )
    (folder / "empty.cif").write_text("")
    (folder / "binary.cif").write_bytes(gzip.compress(whole.encode()))

    settings = small | {"name": "cif", "acquire": {"source": "cif_tree", "path": "crystals"}}
    workflow.run(settings, "results/cif/rejected.csv", "results/cif/dataset.zarr/zarr.json")
    results = workflow.folder / "results" / "cif"
    with (results / "rejected.csv").open(newline="") as file:
        rejected = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    assert sorted(rejected) == ["binary.cif", "cut.cif", "disordered.cif", "empty.cif"]
    assert "occupanc" in rejected["disordered.cif"]
    assert all(rejected.values())
    assert zarr.open_group(results / "dataset.zarr", mode="r")["status"][:].tolist() == [1] * 24


def test_a_mistyped_key_stops_the_run_with_one_line(workflow) -> None:
    process = workflow.start({"name": "wrong", "simulate": {"wavelenght": 1e-12}})
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "unknown key `simulate.wavelenght`; the nearest valid key is `wavelength`" in said
    assert "Traceback" not in said
