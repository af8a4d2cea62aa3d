"""Draw which crystal systems two networks of the grid mistake for which."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.comparison_figures import crystal_system_errors_comparison
from spacegrouper.paper.results import (
    read_error_rates,
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
    """Draw the rates of wrong answers between crystal systems, of two networks.

    The first network of the grid and the best of those on spot images are shown, with the last set
    of classes, split the first way. Reads crystal_system_errors.csv of their experiments in GRID.
    Writes OUTPUT, and the same as PNG.
    """
    shown = read_experiments_in_detail(load_settings(config), grid)
    systems = read_evaluation_table(shown[0], "per_crystal_system")
    figure = crystal_system_errors_comparison(
        {each.title: read_error_rates(each) for each in shown},
        dict(zip(systems["crystal_system"], systems["crystals"], strict=True)),
    )
    save_figure(figure, output.parent, output.stem)
    log.info("%s drawn: %s", " and ".join(experiment.title for experiment in shown), output)


if __name__ == "__main__":
    run_program(main)
