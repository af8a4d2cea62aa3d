"""What every program under scripts/ shares: its log, its progress bar, and errors in one line."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from spacegrouper.errors import UserError

# Progress and messages go to standard error, so that standard output stays free for results.
_console = Console(stderr=True)


class _ConsoleHandler(logging.Handler):
    """Prints log lines above the progress bar, and not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        _console.print(self.format(record), markup=False, highlight=False, soft_wrap=True)


def run_program(main: Callable[..., Any]) -> None:
    """Run a script's main function as its command line; a UserError ends it without a trace."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(message)s", handlers=[_ConsoleHandler()]
    )
    logging.getLogger("spacegrouper").setLevel(logging.INFO)
    try:
        typer.run(main)
    except UserError as error:
        for line in str(error).splitlines():
            _console.print(f"error: {line}", style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the body runs; the yielded function moves it on by n."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console) as bar:
        task = bar.add_task(description, total=total)
        yield lambda n: bar.advance(task, n)
