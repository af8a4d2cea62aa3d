"""What goes wrong in a worker of prediction/bounded_process.py, asked for by name."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.prediction.bounded_process import Answering


def preload() -> None:
    """Import nothing more."""


def prepare() -> tuple[bytes, Answering]:
    """Be ready with this worker's process id."""
    return str(os.getpid()).encode(), _answer


def prepare_from(path: str) -> tuple[bytes, Answering]:
    """Be ready with the content of a file."""
    try:
        return Path(path).read_bytes(), _answer
    except OSError:
        raise UserError(f"{path}: no such file; make it") from None


def _answer(question: bytes) -> bytes:
    name, *values = question.decode().split()
    if name == "start":
        child = subprocess.Popen(["sleep", "1000"])
        Path(values[0]).write_text(str(child.pid))
        time.sleep(1000)
    if name == "memory":
        return bytes(np.ones(int(values[0]) // 8)[:1])
    if name == "abort":
        ctypes.CDLL(None).abort()
    if name == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "divide":
        return bytes(1 // 0)
    if name == "refuse":
        raise UserError("b.cif: no atoms; give some")
    if name == "chatter":
        return bytes(int(values[0]))
    return question
