"""Describe a dataset: which crystals it holds, and how bright and full their patterns are."""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.dataset.store import dataset_views, open_dataset

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store made by shape.py")],
    output: Annotated[Path, typer.Option(help="folder of the results; replaced as a whole")],
    threads: Annotated[int, typer.Option(min=1, help="threads")] = len(os.sched_getaffinity(0)),
) -> None:
    """Describe the finished crystals of a dataset and their patterns.

    Reads DATASET. Writes to OUTPUT: per_space_group.csv (crystals, prototypes, brightness),
    per_crystal_system.csv, patterns.csv (mean and percentiles of occupied pixels and nodes),
    histograms.csv, and figures/ with each figure as SVG and PNG.
    """
    group = open_dataset(dataset)
    if "shaped" not in group:
        raise UserError(
            f"{dataset}: holds no shaped patterns; only datasets of diffraction patterns, of "
            "`simulate.engine: kinematic` or `condor`, are described"
        )
    # zarr's types leave open whether a name holds an array.
    raw: Any = group["raw"]
    crystals, views, height, width = raw.shape
    axes = dataset_views(group)
    from spacegrouper.evaluation import statistics
    from spacegrouper.figures import patterns
    from spacegrouper.figures.toolkit import save_figure

    with progress("measuring", crystals) as advance:
        found = statistics.describe_dataset(group, threads, advance)
    per_space_group = statistics.per_space_group_table(found, views * height * width)
    if per_space_group.empty:
        raise UserError(
            f"{dataset}: no crystal has a space group; simulate crystals that "
            "scripts/standardise.py has written"
        )
    tables = {
        "per_space_group": per_space_group,
        "per_crystal_system": statistics.per_crystal_system_table(per_space_group),
        "patterns": statistics.summary_table(found),
        "histograms": statistics.histogram_table(found),
    }
    drawn = {
        "class_balance": patterns.class_balance_figure(tables["per_space_group"]),
        "crystal_systems": patterns.crystal_systems_figure(tables["per_crystal_system"]),
        "brightness": patterns.brightness_figure(tables["per_space_group"]),
        "occupied_pixels": patterns.occupied_pixels_figure(tables["histograms"], axes),
        "nodes": patterns.nodes_figure(tables["histograms"], axes),
    }
    with written_aside(output) as folder:
        folder.mkdir()
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        for name, figure in drawn.items():
            save_figure(figure, folder / "figures", name)
    done = found.crystals.total()
    log.info(
        "%d crystals in %d space groups; %d without a space group are only in the histograms, "
        "%d rejected or not made are left out; written to %s",
        per_space_group["crystals"].sum(),
        len(per_space_group),
        found.crystals[0],
        crystals - done,
        output,
    )


if __name__ == "__main__":
    run_program(main)
