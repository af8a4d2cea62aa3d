"""Make a table of the paper from the results of a run with its grid of experiments."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, run_program
from spacegrouper.settings import load_settings


def main(
    name: Annotated[str, typer.Argument(help="the table's name, such as `experiments`")],
    run: Annotated[Path, typer.Option(help="folder of the run, results/<name>")],
    config: Annotated[Path, typer.Option(help="settings of the run, YAML")],
    output: Annotated[Path, typer.Option(help="the table, *.csv")],
) -> None:
    """Write the table NAME of the paper, from the results in RUN, as CSV to OUTPUT.

    NAME is one of: experiments (a row each: what it is, and its scores with the ends _low and _high
    of their 95 % intervals), paired_outcomes (which crystals only one of two networks names right,
    and McNemar's test), crystals_per_group (of the training, validation and test set, for each
    set of classes and way of splitting, beside the paper's), untrained_groups (those never trained
    on, beside the paper's), test_crystals; and, of a network layer by layer, msdn (as the paper's
    authors released it), msdn_table (as the paper's Supplementary Table 1 has it), msvgg
    (Supplementary Table 4).
    """
    # Imported here, as --help needs none of it.
    from spacegrouper.reproduction.paper_tables import PAPER_TABLES

    if name not in PAPER_TABLES:
        raise UserError(f"no table `{name}`; it must be one of: {', '.join(PAPER_TABLES)}")
    table = PAPER_TABLES[name](run, load_settings(config))
    with written_aside(output) as aside:
        table.to_csv(aside, index=False, float_format="%.6g")
    log.info("%s: %d rows written to %s", name, len(table), output)


if __name__ == "__main__":
    run_program(main)
