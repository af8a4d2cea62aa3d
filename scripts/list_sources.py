"""List the files that the crystals of a run come from, to notice when they change."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.source_files import source_files, write_list
from spacegrouper.programs.command_line import log, run_program
from spacegrouper.settings import load_settings


def main(
    config: Annotated[
        Path, typer.Option(help="The configuration, YAML; read: acquire, morphology.database.")
    ],
    output: Annotated[Path, typer.Option(help="The list, CSV.")],
) -> None:
    """Write name, size in bytes, times in nanoseconds and SHA-256 of every file of the source."""
    files = source_files(load_settings(config))
    write_list(output, files)
    log.info("listed %d files", len(files))


if __name__ == "__main__":
    run_program(main)
