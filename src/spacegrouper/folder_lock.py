"""One process at a time at work on a product, however the one before it was stopped."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Hold the lock on a file, which is made if need be; wait for whoever holds it now.

    Holders with `shared` do not exclude each other. The system frees the lock of a process that
    dies, even by SIGKILL, so none is ever left behind.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("%s: another process is still at work here; waiting for it", path.parent)
            fcntl.flock(file, kind)
        yield
