"""Put the scores of all experiments of the grid into one table."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import run_program

from spacegrouper.atomic import written_aside
from spacegrouper.reproduction.results import experiments_table, list_experiments
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    grid: Annotated[Path, typer.Option(help="folder of the grid's experiments")],
    config: Annotated[Path, typer.Option(help="configuration of the run, YAML; used: grid")],
    output: Annotated[Path, typer.Option(help="the table, *.csv")],
) -> None:
    """Write a row for each experiment of the grid: what it is, and its scores with intervals.

    Reads metrics.json and top_k.csv of each experiment in GRID. Columns: network, descriptor,
    classes, split, groups, n (test crystals), chance, and top_1 to top_5, macro_f1,
    balanced_accuracy, extinction_class_accuracy and crystal_system_accuracy, each with the ends
    _low and _high of its 95 % interval.
    """
    table = experiments_table(list_experiments(load_settings(config), grid))
    with written_aside(output) as aside:
        table.to_csv(aside, index=False, float_format="%.6f")
    best = table.iloc[table["top_1"].argmax()]
    log.info(
        "%d experiments; the best, %s on %s (%s split): top-1 %.1f %%; written to %s",
        len(table),
        best["network"],
        best["classes"],
        best["split"],
        100 * best["top_1"],
        output,
    )


if __name__ == "__main__":
    run_program(main)
