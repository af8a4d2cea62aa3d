"""dask's servers, closed to strangers: whoever gets through to one runs code as its user.

A scheduler, a nanny and a worker each listen for the others. They do so by TLS, with a
certificate made for one cluster, and serve no pages, which would ask for none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dask
from distributed import Nanny, Scheduler, Security, Worker

# Bytes, for the allocator of glibc in workers. dask has it return each array to the system as soon
# as it is free; for the next one the kernel clears pages again: shaping took twice the time.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": 2**28, "MALLOC_MMAP_THRESHOLD_": 2**25}


class _WithoutPages:
    """A server whose port for web pages stays closed, which no setting of dask's does."""

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:
        """Start none."""


class ClosedScheduler(_WithoutPages, Scheduler):
    """A scheduler without web pages."""


class ClosedWorker(_WithoutPages, Worker):
    """A worker without web pages."""


class ClosedNanny(Nanny):
    """Starts a worker without web pages, and replaces it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, worker_class=ClosedWorker, **kwargs)
        self.pre_spawn_env |= {name: str(value) for name, value in KEEP_MEMORY.items()}


@contextmanager
def private_scratch() -> Iterator[Path]:
    """Let dask's servers of this process keep their files in a folder that is the user's alone.

    By default they share /tmp/dask-scratch-space with other users, and import modules from it.
    """
    with TemporaryDirectory() as name, dask.config.set({"temporary-directory": name}):
        yield Path(name)


@contextmanager
def credentials_in(folder: Path) -> Iterator[Security]:
    """Yield new credentials in files below a folder that all nodes see; they end with the body.

    Only this user may read them. Their paths are relative to the working folder.
    """
    new = Security.temporary()
    with TemporaryDirectory(prefix="credentials-", dir=folder) as name:
        private = Path(os.path.relpath(name))
        paths = {}
        for kind, content in (("cert", new.tls_worker_cert), ("key", new.tls_worker_key)):
            paths[kind] = private / f"{kind}.pem"
            paths[kind].touch(mode=0o600)
            paths[kind].write_text(content, encoding="ascii")
        roles = ("client", "scheduler", "worker")
        yield Security(
            require_encryption=True,
            tls_ca_file=str(paths["cert"]),
            **{f"tls_{role}_{kind}": str(paths[kind]) for role in roles for kind in paths},
        )
