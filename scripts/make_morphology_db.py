"""Make a database of crystal habits: standardised crystals in, a table of bitmaps out."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings

log = logging.getLogger("spacegrouper")


def main(
    structures: Annotated[Path, typer.Option(help="standardised crystals as JSON lines")],
    config: Annotated[Path, typer.Option(help="settings as YAML; section `morphology` is used")],
    rejected: Annotated[Path, typer.Option(help="crystals without a bitmap and the reasons, CSV")],
    output: Annotated[Path | None, typer.Option(help="SQLite file to write")] = None,
    database: Annotated[
        str | None, typer.Option(help="or the URL of a database, without a password")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="processes that share the work")] = len(
        os.sched_getaffinity(0)
    ),
) -> None:
    """Compute and draw the habits of crystals by the Bravais-Friedel-Donnay-Harker rule.

    The table, with the names of section `morphology`, has a row for each crystal: id, bitmap (a
    PNG file, the views one below the other) and space group. It appears whole or not at all: as
    a new SQLite file (--output), or in a database that has no table of that name (--database).
    """
    from spacegrouper.techniques.morphology.drawing import draw_crystals
    from spacegrouper.techniques.morphology.bitmap_table import Row, write_sqlite, write_table

    if (output is None) == (database is None):
        raise UserError("give either --output FILE or --database URL")
    settings = load_settings(config).morphology
    rejections: list[Rejection] = []
    with progress("drawing", None) as advance:

        def rows() -> Iterator[Row]:
            for drawn in draw_crystals(read_crystals(structures), settings, threads):
                if isinstance(drawn, Rejection):
                    rejections.append(drawn)
                else:
                    yield drawn
                advance(1)

        if output is not None:
            written = write_sqlite(output, settings, rows())
        elif database is not None:
            written = write_table(database, settings, rows())
    write_rejections(rejected, rejections)
    log.info("drew %d crystals, rejected %d", written, len(rejections))


if __name__ == "__main__":
    run_program(main)
