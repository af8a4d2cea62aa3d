"""What all programs share: options, log, progress bar, and errors in one line."""

import functools
import io
import logging
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

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

from spacegrouper.disk_errors import explain, system_error
from spacegrouper.errors import UserError

CORES = len(os.sched_getaffinity(0))
# Options of several programs.
Config = Annotated[Path, typer.Option(help="configuration, YAML")]
Store = Annotated[Path, typer.Option(help="Zarr store made by shape.py")]
Model = Annotated[Path, typer.Option(help="folder of the trained network made by train.py")]
Results = Annotated[Path, typer.Option(help="folder of the results; replaced as a whole")]
Crystals = Annotated[Path, typer.Option(help="crystals as JSON lines (.jsonl or .jsonl.gz)")]
Structures = Annotated[
    Path, typer.Option(help="crystals of the dataset as JSON lines, written by collect.py")
]
Threads = Annotated[int, typer.Option(min=1, help="threads")]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="probability of the best class below which an answer is `not decided`; by default "
        "every answer is given as it is",
        show_default=False,
    ),
]
Processes = Annotated[int, typer.Option(min=1, help="Processes that share the work.")]

log = logging.getLogger("spacegrouper")
# Progress and messages go to standard error, so that standard output stays free for results.
_console = Console(stderr=True)
_said_last = -math.inf  # by the monotonic clock
# Seconds between the lines that say how far a program is, where there is no terminal for a bar:
# at first, and at most, as programs that take hours need fewer.
_SOONEST, _LATEST = 5.0, 30.0


class _ConsoleHandler(logging.Handler):
    """Prints log lines above the progress bar, and not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


def say(line: str) -> None:
    """Print a line on standard error, above the progress bar and not into it."""
    global _said_last
    _said_last = time.monotonic()
    _console.print(line, markup=False, highlight=False, soft_wrap=True)


# Packages that only some installations have, and the extra of pyproject.toml that brings them.
_EXTRAS = {
    "train": ("keras", "psutil", "sklearn", "tensorboard", "tensorflow"),
    "horovod": ("horovod",),
    "workflow": ("cryptography", "dask", "dask_jobqueue", "distributed", "snakemake"),
    "serve": ("fastapi", "multipart", "starlette", "uvicorn"),
    "sources": ("mp_api", "requests", "urllib3"),
    "databases": ("psycopg", "pymysql", "sqlalchemy"),
}


def run_program(main: Callable[..., Any]) -> None:
    """Run a program's main function as its command line, ending as `guarded` says."""
    run_command_line(lambda: typer.run(guarded(main)))


def run_command_line(program: Callable[[], Any]) -> None:
    """Run a command line; what its help cannot be written to ends it in one line too."""
    try:
        program()
    except OSError as error:
        _fail(one_line(error) or str(error))


def guarded(main: Callable[..., Any]) -> Callable[..., None]:
    """Return a main function that ends as a program of the shell ends.

    What a person can act on ends it in one line without a trace: exit status 1. Ctrl-C, SIGTERM
    and a reader of its output that has gone end it with 128 and the signal's number.
    """

    @functools.wraps(main)
    def to_its_end(*arguments: Any, **options: Any) -> None:
        logging.basicConfig(
            level=logging.WARNING, format="%(asctime)s %(message)s", handlers=[_ConsoleHandler()]
        )
        log.setLevel(logging.INFO)
        signal.signal(signal.SIGTERM, _terminate)
        if sys.stdout is None:
            _stand_in_for_output()
        # Within typer, which has endings of its own for some of these.
        try:
            main(*arguments, **options)
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None
        except Exception as error:
            if isinstance(error, BrokenPipeError) and _readers_gone():
                raise SystemExit(128 + signal.SIGPIPE) from None
            reason = one_line(error)
            if reason is None:
                raise
            _fail(reason)

    return to_its_end


def _fail(reason: str) -> NoReturn:
    for line in reason.splitlines():
        _console.print(f"error: {line}", style="red", markup=False, soft_wrap=True)
    raise SystemExit(1) from None


def one_line(error: Exception) -> str | None:
    """Return what a person can do about an error, or None if it is the program's own fault."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, BrokenExecutor):
        return (
            "a process was killed from outside, for want of memory perhaps; use fewer --threads, "
            "or more memory"
        )
    if isinstance(error, ModuleNotFoundError):
        return _missing(error)
    if isinstance(error, MemoryError):
        what = f"out of memory ({error})" if str(error) else "out of memory"
        return f"{what}; use fewer threads or workers, smaller blocks or batches, or more memory"
    found = system_error(error)
    if found is None:
        return None
    number, name = found
    return f"{name}: {explain(number)}" if name else explain(number)


def _missing(error: ModuleNotFoundError) -> str | None:
    """Return which extra brings the package that is not installed, or None for any other."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in _EXTRAS.items():
        if package in packages:
            return (
                f"this needs {package}, which is not installed; in a clone of the project: "
                f"pip install '.[{extra}]'"
            )
    return None


def _terminate(number: int, frame: FrameType | None) -> None:
    """End like an error, leaving nothing half-written and no process; at once if asked twice."""
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(128 + number)


class _ClosedOutput(io.StringIO):
    """Standard output that whoever started the program had closed."""

    def write(self, text: str) -> int:
        raise UserError("standard output is closed; send it to a file, or to /dev/null")


def _stand_in_for_output() -> None:
    """Let a program end in one line if it writes to a standard output that is closed."""
    sys.stdout = _ClosedOutput()
    # Or the next file that is opened would get its number, and what a library prints.
    if (number := os.open(os.devnull, os.O_WRONLY)) != 1:
        os.dup2(number, 1)
        os.close(number)


def _readers_gone() -> bool:
    """Tell whether nobody reads the output any more, as after `| head`; if so, write no more."""
    gone = False
    for stream in (sys.stdout, sys.stderr):
        if stream is None or isinstance(stream, _ClosedOutput):
            continue
        looked = select.poll()
        looked.register(stream.fileno(), 0)
        if any(event & select.POLLERR for _, event in looked.poll(0)):
            gone = True
            # Python would try once more when it ends, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return gone


def _end_while_importing(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Print no trace of Ctrl-C, nor of a package of an extra, before `run_program` is called."""
    if isinstance(error, ModuleNotFoundError) and (reason := _missing(error)):
        _console.print(f"error: {reason}", style="red", markup=False, soft_wrap=True)
    elif kind is not KeyboardInterrupt:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _end_while_importing


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far the body is while it runs; the yielded function moves that on by n.

    On a terminal as a bar, and elsewhere, as in a log, as a line every few seconds.
    """
    if not _console.is_terminal:
        with _progress_lines(description, total) as advance:
            yield advance
        return
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


@contextmanager
def _progress_lines(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    done, start, ended = 0, time.monotonic(), threading.Event()

    def advance(n: int) -> None:
        nonlocal done
        done += n

    def keep_saying() -> None:
        pause = _SOONEST
        while not ended.wait(pause):
            gone = time.monotonic() - start
            pause = min(max(_SOONEST, gone / 20), _LATEST)
            # What the program says itself tells as much.
            if time.monotonic() - _said_last >= _SOONEST:
                say(progress_line(description, done, total, gone))

    speaker = threading.Thread(target=keep_saying, daemon=True)
    speaker.start()
    try:
        yield advance
    finally:
        ended.set()
        speaker.join()
    gone = timedelta(seconds=round(time.monotonic() - start))
    say(f"{description}: {done:,}{'' if total is None else f' of {total:,}'} in {gone}")


def progress_line(description: str, done: int, total: int | None, seconds: float) -> str:
    """Return how far a program is after so many seconds, and what is left if that is known."""
    gone = timedelta(seconds=round(seconds))
    if total is None:
        return f"{description}: {done:,} so far, {gone} gone"
    line = f"{description}: {done:,} of {total:,}, {gone} gone"
    if not 0 < done < total:
        return line
    return f"{line}, about {timedelta(seconds=round(seconds * (total - done) / done))} left"
