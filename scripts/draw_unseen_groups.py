"""Draw how well embeddings tell apart space groups that were never trained on."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.accuracy_figures import unseen_groups_figure
from spacegrouper.paper.results import (
    experiments_of_largest_set,
    list_experiments,
    unseen_top_k_of_all,
)
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the accuracy on untrained space groups, of all networks of the grid.

    Reads unseen/metrics.json and unseen/top_k.csv of the experiments in GRID with the last set of
    classes, split the first way. Writes OUTPUT, and the same as PNG.
    """
    settings = load_settings(config)
    experiments = experiments_of_largest_set(list_experiments(settings, grid), settings)
    figure = unseen_groups_figure(unseen_top_k_of_all(experiments))
    save_figure(figure, output.parent, output.stem)
    log.info("%d networks drawn: %s", len(experiments), output)


if __name__ == "__main__":
    run_program(main)
