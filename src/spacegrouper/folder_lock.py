"""One process at a time at work on a product, however the one before it was stopped."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Hold the lock on a file, which is there only meanwhile; wait for whoever holds it now.

    Holders with `shared` do not exclude each other. The system frees the lock of a process that
    dies, even by SIGKILL; the next holder removes the file that it has left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _held(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    try:
        yield
    finally:
        with file, suppress(BlockingIOError):
            # Of several that share it, the last one removes it.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                path.unlink()


def _held(path: Path, kind: int) -> IO[bytes]:
    """Return the file, open and locked."""
    while True:
        file = path.open("a+b")
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("%s: another process is still at work here; waiting for it", path.parent)
            fcntl.flock(file, kind)
        # Whoever held it may have removed it: a lock on what is no longer there excludes nobody.
        if _is_at(path, file):
            return file
        file.close()


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
