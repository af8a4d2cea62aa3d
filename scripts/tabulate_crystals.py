"""Tabulate which crystals the experiments of the grid use: how many of each group, and which."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.atomic import written_aside
from spacegrouper.reproduction.results import list_experiments, read_split_table
from spacegrouper.reproduction.tables import crystals_per_group, list_test_crystals
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="folder of the tables; replaced as a whole")],
) -> None:
    """Write crystals_per_group.csv and test_crystals.csv into OUTPUT.

    Reads split.csv of the experiments of the first network in GRID: all networks learn from the
    same crystals. The tables count the crystals of each space group in the parts train, validation
    and test, and list the test crystals, for each set of classes and way of splitting.
    """
    settings = load_settings(config)
    splits = {
        (experiment.classes, experiment.split): read_split_table(experiment)
        for experiment in list_experiments(settings, grid)
        if experiment.network == settings.grid.networks[0].name
    }
    tables = {
        "crystals_per_group": crystals_per_group(splits),
        "test_crystals": list_test_crystals(splits),
    }
    with written_aside(output) as folder:
        folder.mkdir()
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
    log.info("%d sets of crystals; written to %s", len(splits), output)


if __name__ == "__main__":
    run_program(main)
