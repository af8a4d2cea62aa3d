"""Draw the accuracy of all networks of the grid against the number of space groups."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.accuracy_figures import accuracy_figure
from spacegrouper.paper.results import (
    experiments_table,
    list_experiments,
    published_accuracies,
)
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw top-1 accuracy against the number of space groups told apart.

    Reads metrics.json and top_k.csv of each experiment in GRID. A panel for each way of splitting,
    a line for each network. Writes OUTPUT, and the same as PNG.
    """
    scores = experiments_table(list_experiments(load_settings(config), grid))
    figure = accuracy_figure(scores, published_accuracies())
    save_figure(figure, output.parent, output.stem)
    log.info("%d experiments drawn: %s", len(scores), output)


if __name__ == "__main__":
    run_program(main)
