"""The programs of scripts/ as a person runs them: called in this process, or in one of their own.

Starting Python and importing takes each process seconds, with TensorFlow ten. A call in this
process pays that once for all tests; one test of each program shows that it also ends well alone.
"""

import contextlib
import importlib
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from unittest import mock

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.append(str(SCRIPTS))

Finished = subprocess.CompletedProcess[str]


class Runner(Protocol):
    """Runs a program with arguments, in a folder; `call` and `spawn` are of this kind."""

    def __call__(self, name: str, *arguments: object, folder: Path | None = None) -> Finished: ...


def call(name: str, *arguments: object, folder: Path | None = None) -> Finished:
    """Run a program in this process. What is no mistake of a user is raised, not printed."""
    program = importlib.import_module(name)
    command = [name, *map(str, arguments)]
    # As a process' own streams are.
    output, errors = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    status = None
    with (
        _own_log(),
        _settled_backend(),
        mock.patch.object(sys, "argv", command),
        contextlib.chdir(folder or Path.cwd()),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            importlib.import_module("spacegrouper.programs.command_line").run_program(program.main)
        except SystemExit as ended:
            status = int(ended.code or 0)
    assert status is not None
    for stream in (output, errors):
        stream.seek(0)
    return subprocess.CompletedProcess(command, status, output.read(), errors.read())


def spawn(
    name: str, *arguments: object, folder: Path | None = None, **environment: str
) -> Finished:
    """Run a program in a process of its own, with these environment variables besides."""
    return subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", *map(str, arguments)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    """Let a program set up its log and its signals as at its start; undo that at the end."""
    root, package = logging.getLogger(), logging.getLogger("spacegrouper")
    handlers, levels = root.handlers[:], (root.level, package.level)
    handler = signal.getsignal(signal.SIGTERM)
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        package.setLevel(levels[1])
        signal.signal(signal.SIGTERM, handler)


@contextlib.contextmanager
def _settled_backend() -> Iterator[None]:
    """Leave TensorFlow as it is: it takes threads and determinism once, and for all tests."""
    if "keras" not in sys.modules:
        yield
        return
    from spacegrouper.training import devices

    with mock.patch.object(devices, "prepare_backend"):
        yield
