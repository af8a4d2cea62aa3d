"""Draw how many crystals each space group has."""

import logging
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from command_line import run_program

from spacegrouper.evaluation.figures import save_figure
from spacegrouper.paper.data_figures import population_figure

log = logging.getLogger("spacegrouper")


def main(
    population: Annotated[Path, typer.Option(help="per_space_group.csv of describe.py")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the number of crystals of each space group, under the crystal systems.

    Reads POPULATION, which describe.py writes as per_space_group.csv. Writes OUTPUT, and the same
    as PNG.
    """
    figure = population_figure(pd.read_csv(population))
    save_figure(figure, output.parent, output.stem)
    log.info("drawn: %s", output)


if __name__ == "__main__":
    run_program(main)
