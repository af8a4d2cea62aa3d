"""Describe a dataset of bitmaps: how bright they are, and how far they tell space groups apart."""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.store import open_dataset

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store of bitmaps, made by shape.py")],
    output: Annotated[Path, typer.Option(help="folder of the results; replaced as a whole")],
    threads: Annotated[int, typer.Option(min=1, help="threads")] = len(os.sched_getaffinity(0)),
) -> None:
    """Describe the finished crystals of a dataset whose space groups are known, and their bitmaps.

    Writes to OUTPUT: brightness.csv, brightness_distribution.csv, pixel_values.csv,
    per_space_group.csv, decidability.csv (what accuracy any classifier can reach at most),
    shared_bitmaps.csv (equal bitmaps of different space groups), and figures/ with each figure as
    SVG and PNG.
    """
    group = open_dataset(dataset)
    # zarr's types leave open whether a name holds an array.
    raw: Any = group["raw"]
    material_id: Any = group["material_id"]
    from spacegrouper.evaluation import bitmap_statistics
    from spacegrouper.figures import bitmaps
    from spacegrouper.figures.toolkit import save_figure

    with progress("measuring", raw.shape[0]) as advance:
        found = bitmap_statistics.measure_dataset(group, threads, advance)
    tables = {
        "brightness": bitmap_statistics.brightness_table(found),
        "brightness_distribution": bitmap_statistics.brightness_distribution_table(found),
        "pixel_values": bitmap_statistics.pixel_value_table(found),
        "per_space_group": bitmap_statistics.per_space_group_table(found),
        "decidability": bitmap_statistics.decidability_table(found),
        "shared_bitmaps": bitmap_statistics.shared_bitmap_table(found, material_id[:]),
    }
    groups = tables["per_space_group"]
    drawn = {
        "class_balance": bitmaps.class_balance_figure(groups),
        "brightness": bitmaps.brightness_figure(
            tables["brightness_distribution"], tables["brightness"]
        ),
        "brightness_per_space_group": bitmaps.brightness_per_space_group_figure(groups),
        "pixel_values": bitmaps.pixel_value_figure(tables["pixel_values"]),
        "decidability": bitmaps.decidability_figure(tables["decidability"]),
        "mean_images": bitmaps.mean_images_figure(bitmap_statistics.mean_images(found), groups),
    }
    with written_aside(output) as folder:
        folder.mkdir()
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        for name, figure in drawn.items():
            save_figure(figure, folder / "figures", name)
    best = tables["decidability"].iloc[0]
    log.info(
        "%d crystals in %d space groups, %d different bitmaps; any classifier is right for at most "
        "%.1f %% of them; written to %s",
        best["crystals"],
        best["classes"],
        best["distinct_bitmaps"],
        100 * best["ceiling"],
        output,
    )


if __name__ == "__main__":
    run_program(main)
