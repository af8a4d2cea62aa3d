"""Draw how the raw patterns of a crystal become shaped ones, step by step."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.image_figures import (
    choose_example,
    read_example,
    shaping_steps_figure,
)
from spacegrouper.storage.dataset import dataset_shape, dataset_views, open_dataset

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store made by shape.py")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the steps of shaping: raw, normalised, bright pixels, lines, shaped.

    The crystal is the first, by id, of the most populous space group of the highest crystal system.
    Reads its patterns from DATASET. Writes OUTPUT, and the same as PNG.
    """
    group = open_dataset(dataset)
    crystal = read_example(group, choose_example(group))
    views = [view.axis for view in dataset_views(group)]
    figure = shaping_steps_figure(crystal, views, dataset_shape(group))
    save_figure(figure, output.parent, output.stem)
    log.info("%s drawn: %s", crystal.title, output)


if __name__ == "__main__":
    run_program(main)
