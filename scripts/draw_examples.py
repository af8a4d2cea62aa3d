"""Draw raw patterns, spot and shaped images of a crystal of each crystal system."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.image_figures import (
    choose_examples,
    examples_figure,
    read_example,
)
from spacegrouper.storage.dataset import dataset_views, open_dataset

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store made by shape.py")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw what networks see of a crystal of each crystal system.

    The crystals are the first, by id, of each system's most populous space group. Reads their
    patterns from DATASET. Writes OUTPUT, and the same as PNG.
    """
    group = open_dataset(dataset)
    crystals = [read_example(group, row) for row in choose_examples(group).to_dict("records")]
    views = [view.axis for view in dataset_views(group)]
    figure = examples_figure(crystals, views)
    save_figure(figure, output.parent, output.stem)
    log.info("%d crystals drawn: %s", len(crystals), output)


if __name__ == "__main__":
    run_program(main)
