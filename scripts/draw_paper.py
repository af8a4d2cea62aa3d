"""Draw a figure of the paper from the results of a run with its grid of experiments."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.errors import UserError
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.programs.command_line import log, run_program
from spacegrouper.settings import load_settings


def main(
    name: Annotated[str, typer.Argument(help="the figure's name, such as `accuracy`")],
    run: Annotated[Path, typer.Option(help="folder of the run, results/<name>")],
    config: Annotated[Path, typer.Option(help="settings of the run, YAML")],
    output: Annotated[Path, typer.Option(help="the figure, *.svg; a *.png goes beside it")],
) -> None:
    """Draw the figure NAME of the paper from the results in RUN; docs/paper.md lists all of them.

    Writes OUTPUT, and the same as PNG.
    """
    # Imported here, as --help needs no drawing.
    from spacegrouper.reproduction.paper_figures import PAPER_FIGURES

    if name not in PAPER_FIGURES:
        raise UserError(f"no figure `{name}`; it must be one of: {', '.join(PAPER_FIGURES)}")
    figure = PAPER_FIGURES[name](run, load_settings(config))
    save_figure(figure, output.parent, output.stem)
    log.info("%s drawn: %s", name, output)


if __name__ == "__main__":
    run_program(main)
