"""The programs that draw and tabulate results of the grid."""

import pandas as pd
import pytest
from example_dataset import write_example_dataset
from paper_grid import write_grid
from programs import call, spawn


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """The folder of a run whose grid is finished, and which has a dataset."""
    folder = tmp_path_factory.mktemp("run")
    write_grid(folder)
    write_example_dataset(folder / "dataset.zarr")
    return folder


def test_a_figure_is_drawn_by_its_name(grid, tmp_path):
    output = tmp_path / "figure.svg"
    where = ("--run", grid, "--config", grid / "config.yaml", "--output", output)
    finished = spawn("draw_paper", "accuracy", *where)
    assert finished.returncode == 0, finished.stderr
    assert output.read_bytes().startswith(b"<?xml")
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert f"accuracy drawn: {output}" in " ".join(finished.stderr.split())


@pytest.mark.parametrize(
    ("name", "folder", "said"),
    [
        ("accuracies", "run", "no figure `accuracies`; it must be one of: population, usage"),
        ("accuracy", "empty", "no such result of an experiment"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(grid, tmp_path, name, folder, said):
    where = {"run": grid, "empty": tmp_path}[folder]
    finished = call(
        "draw_paper",
        name,
        *("--run", where),
        *("--config", grid / "config.yaml"),
        *("--output", tmp_path / "figure.svg"),
    )
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert said in finished.stderr


def tabulated(name, grid, folder):
    output = folder / f"{name}.csv"
    where = ("--run", grid, "--config", grid / "config.yaml", "--output", output)
    finished = call("tabulate_paper", name, *where)
    assert finished.returncode == 0, finished.stderr
    return pd.read_csv(output, dtype={"material_id": str})


def test_experiments_are_tabulated(grid, tmp_path):
    table = tabulated("experiments", grid, tmp_path)
    assert len(table) == 12
    assert table["top_1"].between(0, 1).all()


def test_crystals_are_tabulated(grid, tmp_path):
    per_group = tabulated("crystals_per_group", grid, tmp_path)
    assert len(per_group) == 2 * (2 + 4)
    assert per_group.loc[per_group["spacegroup"] == 225, "paper"].tolist() == [8367] * 4
    untrained = tabulated("untrained_groups", grid, tmp_path).set_index("spacegroup")
    assert len(untrained) == 31
    assert untrained.loc[229, ["crystals", "reference", "test"]].tolist() == [30, 6, 6]
    listed = tabulated("test_crystals", grid, tmp_path)
    assert len(listed) == per_group["test"].sum()
    assert listed["material_id"].str.len().eq(4).all()


def test_the_tables_of_layers_hold_the_published_ones(grid, tmp_path):
    names = ("msdn", "msdn_table", "msvgg")
    msdn, table, msvgg = (tabulated(name, grid, tmp_path) for name in names)
    # The released checkpoint, and the table of the paper's supplement.
    assert msdn["parameters"].sum() == 1_542_424
    assert table["parameters"].sum() == 1_114_648
    convolutions = msvgg[msvgg["kind"] == "Conv2D"]["output"]
    channels = convolutions.str.split(" x ").str[-1].astype(int)
    assert channels.tolist() == [64, 128, 256, 256, 512, 512, 512, 512]
