"""Describe a dataset: which crystals it holds, and what was measured of them."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store made by shape.py")],
    output: Annotated[Path, typer.Option(help="folder of the results; replaced as a whole")],
    threads: Annotated[int, typer.Option(min=1, help="threads")] = len(os.sched_getaffinity(0)),
) -> None:
    """Describe the finished crystals of a dataset.

    Reads DATASET. Writes to OUTPUT tables as CSV, and figures/ with each figure as SVG and PNG: of
    patterns, crystals and brightness for each space group, occupied pixels and nodes; of bitmaps,
    also how far they tell space groups apart (docs/dataset.md, docs/morphology.md).
    """
    group = Dataset(dataset)
    if group.technique.describe is None:
        raise UserError(f"{dataset}: holds {group.technique.measures}, which are not described")
    with progress("measuring", group.rows) as advance:
        found = group.technique.describe(group, threads, advance)
    # matplotlib takes a second to import.
    from spacegrouper.figures.toolkit import save_figure

    with written_aside(output) as folder:
        folder.mkdir()
        for name, table in found.tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        for name, figure in found.figures.items():
            save_figure(figure, folder / "figures", name)
    log.info("%s; written to %s", found.summary, output)


if __name__ == "__main__":
    run_program(main)
