"""Draw what becomes of all crystals, for each set of classes of the grid."""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.data_figures import usage_figure
from spacegrouper.paper.results import (
    experiments_of_largest_set,
    list_experiments,
    read_split_table,
    unseen_crystals,
)
from spacegrouper.paper.tables import usage_table
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    population: Annotated[Path, typer.Option(help="per_space_group.csv of describe.py")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw how many crystals are learnt from, validate, test, or are not used.

    Reads POPULATION, which describe.py writes as per_space_group.csv, and of each experiment of
    the first network in GRID split.csv, and unseen/metrics.json where it is tested with untrained
    groups. A bar for each set of classes, split the first way. Writes OUTPUT, and the same as PNG.
    """
    settings = load_settings(config)
    network, split = settings.grid.networks[0].name, settings.grid.splits[0]
    experiments = [
        experiment
        for experiment in list_experiments(settings, grid)
        if (experiment.network, experiment.split) == (network, split)
    ]
    unseen = {}
    if settings.evaluate.unseen_groups:
        for experiment in experiments_of_largest_set(experiments, settings):
            unseen[experiment.classes] = unseen_crystals(experiment)
    table = usage_table(
        {experiment.classes: read_split_table(experiment) for experiment in experiments},
        unseen,
        int(pd.read_csv(population)["crystals"].sum()),
    )
    figure = usage_figure(table)
    save_figure(figure, output.parent, output.stem)
    log.info("drawn: %s", output)


if __name__ == "__main__":
    run_program(main)
