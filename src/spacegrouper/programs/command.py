"""The command `spacegrouper`: what a person calls, without a clone of the project."""

import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from spacegrouper.programs.command_line import guarded, run_command_line

# By the name of the command, its module; scripts/ has a program for each too.
COMMANDS = {
    "predict": "predict",
    "draw": "draw_patterns",
    "simulate": "simulate",
    "train": "train",
    "serve": "serve",
}


def run() -> None:
    """Run the command that is asked for."""
    # Only its module, unless all are listed or completed: each imports its own part of the house.
    # The words of a line that a shell completes are in the environment (bash and fish, zsh).
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS")
    words = line.split() if line else sys.argv
    asked = words[1] if len(words) > 1 else ""
    app = typer.Typer(no_args_is_help=True)
    app.callback(invoke_without_command=True)(_about)
    listed = () if asked == "--version" else COMMANDS
    for name in [asked] if asked in COMMANDS else listed:
        module = import_module(f"spacegrouper.programs.{COMMANDS[name]}")
        app.command(name)(guarded(module.main))
    run_command_line(app)


def _about(
    version_asked: Annotated[bool, typer.Option("--version", help="print it, and end")] = False,
) -> None:
    """Name the symmetry of crystals from what can be measured of them."""
    if version_asked:
        print(version("spacegrouper"))
        raise typer.Exit
