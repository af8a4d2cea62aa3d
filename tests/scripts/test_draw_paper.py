"""The programs that draw and tabulate results of the grid."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from example_dataset import write_example_dataset
from paper_grid import write_grid

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    write_grid(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_example_dataset(folder / "data.zarr")
    return folder


def run(name, *arguments):
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def of_grid(folder):
    return "--grid", folder / "grid", "--config", folder / "config.yaml"


def assert_drawn(finished, output):
    assert finished.returncode == 0, finished.stderr
    assert output.read_bytes().startswith(b"<?xml")
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert str(output) in "".join(finished.stderr.split())


@pytest.mark.parametrize(
    "name",
    [
        "draw_accuracy",
        "draw_top_k",
        "draw_unseen_groups",
        "draw_space_groups",
        "draw_crystal_systems",
        "draw_crystal_system_errors",
    ],
)
def test_results_of_the_grid_are_drawn(grid, tmp_path, name):
    output = tmp_path / "figure.svg"
    assert_drawn(run(name, *of_grid(grid), "--output", output), output)


def test_the_population_is_drawn(grid, tmp_path):
    output = tmp_path / "figure.svg"
    population = ("--population", grid / "per_space_group.csv")
    assert_drawn(run("draw_population", *population, "--output", output), output)


def test_the_usage_is_drawn(grid, tmp_path):
    output = tmp_path / "figure.svg"
    population = ("--population", grid / "per_space_group.csv")
    assert_drawn(run("draw_usage", *of_grid(grid), *population, "--output", output), output)
    # 150 crystals, 120 of them of the larger set's groups, and 39 of untrained ones.
    drawn = output.read_text(encoding="utf-8")
    assert all(f"<!-- {number} -->" in drawn for number in (72, 24, 39, 90))


@pytest.mark.parametrize("name", ["draw_examples", "draw_shaping_steps", "draw_spot_generation"])
def test_crystals_of_the_dataset_are_drawn(dataset, tmp_path, name):
    output = tmp_path / "figure.svg"
    assert_drawn(run(name, "--dataset", dataset / "data.zarr", "--output", output), output)


def test_experiments_are_tabulated(grid, tmp_path):
    finished = run("tabulate_experiments", *of_grid(grid), "--output", tmp_path / "all.csv")
    assert finished.returncode == 0, finished.stderr
    table = pd.read_csv(tmp_path / "all.csv")
    assert len(table) == 12
    assert table["top_1"].between(0, 1).all()
    assert "12 experiments; the best, first on few" in " ".join(finished.stderr.split())


def test_crystals_are_tabulated(grid, tmp_path):
    finished = run("tabulate_crystals", *of_grid(grid), "--output", tmp_path / "crystals")
    assert finished.returncode == 0, finished.stderr
    per_group = pd.read_csv(tmp_path / "crystals" / "crystals_per_group.csv")
    assert len(per_group) == 2 * (2 + 4)
    listed = pd.read_csv(tmp_path / "crystals" / "test_crystals.csv", dtype={"material_id": str})
    assert len(listed) == per_group["test"].sum()
    assert listed["material_id"].str.len().eq(4).all()


def test_a_grid_that_is_not_finished_is_one_line(grid, tmp_path):
    finished = run(
        "draw_accuracy",
        *("--grid", tmp_path, "--config", grid / "config.yaml"),
        *("--output", tmp_path / "figure.svg"),
    )
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "no such result of an experiment" in finished.stderr
