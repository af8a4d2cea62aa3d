"""Tabulate the networks: parameters, operations of a forward pass, and published figures."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.programs.command_line import progress, run_program


def main(
    output: Annotated[Path, typer.Option(help="the table: *.csv, or *.md as in docs/")],
) -> None:
    """Build every network, untrained, and write its size and cost to OUTPUT.

    Columns: network, images (of a crystal), parameters (72 classes), gflop (forward pass of one
    crystal), published (parameters, with source). Needs no data, and 3 GB of memory.
    """
    start_backend()
    # Keras takes seconds to import, which --help should not.
    from spacegrouper.networks.shared.sizes import TABULATED, network_sizes, sizes_markdown

    sizes = []
    with progress("building", len(TABULATED)) as advance:
        for row in network_sizes():
            sizes.append(row)
            advance(1)
    with written_aside(output) as aside:
        if output.suffix == ".md":
            aside.write_text(sizes_markdown(sizes), encoding="utf-8")
        else:
            pd.DataFrame([asdict(row) for row in sizes]).to_csv(aside, index=False)


if __name__ == "__main__":
    run_program(main)
