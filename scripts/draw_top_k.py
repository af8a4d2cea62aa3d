"""Draw how often the true space group is among the first answers, for all networks of the grid."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.accuracy_figures import top_k_figure
from spacegrouper.paper.results import list_experiments, top_k_of_all
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the accuracy of the first k answers, a panel for each set of classes.

    Reads metrics.json and top_k.csv of each experiment in GRID that is split the first way. A line
    for each network. Writes OUTPUT, and the same as PNG.
    """
    settings = load_settings(config)
    experiments = [
        experiment
        for experiment in list_experiments(settings, grid)
        if experiment.split == settings.grid.splits[0]
    ]
    figure = top_k_figure(top_k_of_all(experiments))
    save_figure(figure, output.parent, output.stem)
    log.info("%d experiments drawn: %s", len(experiments), output)


if __name__ == "__main__":
    run_program(main)
