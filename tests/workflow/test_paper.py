"""The plan of `snakemake paper`; the whole grid, shrunken, runs in CI."""

import re
from pathlib import Path

import pytest
import yaml

PAPER_SMALL = Path(__file__).parents[2] / "config" / "paper_small.yaml"


@pytest.fixture
def paper_small():
    return yaml.safe_load(PAPER_SMALL.read_text())


def planned(said):
    """How often each rule will run, as Snakemake's table of jobs says."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", said, re.M)}


def test_every_experiment_is_trained_and_tested_once(workflow, paper_small):
    grid = paper_small["grid"]
    experiments = len(grid["networks"]) * len(grid["classes"]) * len(grid["splits"])
    jobs = planned(workflow.run(paper_small, "--dry-run", "paper"))
    for rule in ("train", "calibrate", "evaluate"):
        assert jobs[f"{rule}_experiment"] == experiments
        assert rule not in jobs
    assert jobs["evaluate_unseen_groups_experiment"] == len(grid["networks"])
    assert jobs["draw_paper"] == 11
    assert jobs["draw_case_studies"] == jobs["draw_feature_maps"] == 1
    assert not (workflow.folder / "results").exists()


def test_networks_that_were_validated_in_rotation_are_not_calibrated(workflow, paper_small):
    paper_small["train"] |= {"epochs": 4, "rotation_epochs": 2}
    paper_small["split"] |= {"train": 0.6, "validation": 0.2, "test": 0.2}
    jobs = planned(workflow.run(paper_small, "--dry-run", "paper"))
    assert jobs["evaluate_experiment"] == jobs["train_experiment"] > 0
    assert "calibrate_experiment" not in jobs
    jobs = planned(workflow.run(paper_small, "--dry-run"))
    assert jobs["evaluate"] == 1
    assert "calibrate" not in jobs


def test_a_run_without_the_grid_is_as_before(workflow, paper_small):
    jobs = planned(workflow.run(paper_small, "--dry-run"))
    assert jobs["train"] == 1
    assert not any(name.endswith("_experiment") for name in jobs)
    assert not (workflow.folder / "results" / "paper_small" / "grid").exists()


def test_a_grid_of_shaped_images_alone_has_no_case_studies(workflow, paper_small):
    paper_small["grid"]["networks"] = paper_small["grid"]["networks"][:1]
    paper_small["evaluate"] = {"unseen_groups": 0}
    jobs = planned(workflow.run(paper_small, "--dry-run", "paper"))
    assert "draw_case_studies" not in jobs
    # All but that of untrained groups.
    assert jobs["draw_paper"] == 10


def test_a_network_whose_keys_do_not_fit_is_one_line(workflow, paper_small):
    paper_small["grid"]["networks"][0]["train"] = {"descriptor": "spot"}
    process = workflow.start(paper_small, "--dry-run", "paper")
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "grid, network `msdn` with classes `groups_3`, split `random`" in said
    assert "takes `raw` or `shaped`, not `spot`" in said
    assert "Traceback" not in said
