"""Write the reference of all settings (config.yaml, JSON schema, README) from their models."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.programs.command_line import run_program
from spacegrouper.settings.reference import reference_files


def main(
    output: Annotated[Path, typer.Option(help="folder to write them to")] = Path("config"),
) -> None:
    """Write config.yaml, settings.schema.json and README.md; run after a change to the models."""
    for name, text in reference_files().items():
        with written_aside(output / name) as aside:
            aside.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_program(main)
