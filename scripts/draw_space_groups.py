"""Draw the accuracy of two networks of the grid by space group."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.comparison_figures import per_space_group_comparison
from spacegrouper.paper.results import (
    read_evaluation_table,
    read_experiments_in_detail,
)
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the share of right answers of each space group, of two networks.

    The first network of the grid and the best of those on spot images are shown, with the last set
    of classes, split the first way. Reads per_class.csv of their experiments in GRID.
    Writes OUTPUT, and the same as PNG.
    """
    shown = read_experiments_in_detail(load_settings(config), grid)
    figure = per_space_group_comparison(
        {each.title: read_evaluation_table(each, "per_class") for each in shown}
    )
    save_figure(figure, output.parent, output.stem)
    log.info("%s drawn: %s", " and ".join(experiment.title for experiment in shown), output)


if __name__ == "__main__":
    run_program(main)
