"""A process of its own that reads the structures of strangers, within bounds of time and memory.

Readers of files are written in several languages and by many hands: one that loops, swallows all
memory or crashes then ends this process, and not the server.
"""

import multiprocessing
import resource
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.prediction.structure_files import read_standard_crystals
from spacegrouper.settings import Standardise

MEMORY = 4 * 1024**3  # bytes
_SECONDS_TO_START = 120  # with pymatgen from a cold disk


class ReadingProcess:
    """Reads one structure after another; call it from one thread at a time, and close it.

    It starts anew after a structure that it did not survive.
    """

    def __init__(self, settings: Standardise, seconds: float) -> None:
        self._settings = settings
        self._seconds = seconds
        self._scratch = tempfile.TemporaryDirectory()
        self._process: Any = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Start the process, unless it runs, and wait until it is ready."""
        if self._process is not None and self._process.is_alive():
            return
        # A copy of this process would inherit the locks of TensorFlow's threads.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._settings, self._scratch.name), daemon=True
        )
        self._process.start()
        theirs.close()
        if not self._connection.poll(_SECONDS_TO_START):
            self._stop()
            raise RuntimeError("the process that reads structures does not start")
        self._connection.recv()

    def read(self, content: bytes) -> list[Crystal | Rejection]:
        """Read the crystals of a CIF or POSCAR file, and bring them into their standard cells.

        Whatever goes wrong is a Rejection; the ids are meaningless.
        """
        # The names are ours; the one that fits says how to read it.
        name = "crystal.cif" if b"_atom_site" in content else "POSCAR"
        path = Path(self._scratch.name, name)
        path.write_bytes(content)
        try:
            self.start()
            assert self._connection is not None
            self._connection.send(str(path))
            if self._connection.poll(self._seconds):
                records: list[Crystal | Rejection] = self._connection.recv()
                return records
            reason = f"not understood within {self._seconds:g} s; give a smaller structure"
        except (EOFError, OSError):
            reason = "cannot be read: it takes too much memory, or breaks the program that reads it"
        finally:
            path.unlink()
        self._stop()
        return [Rejection(name, "read", reason)]

    def close(self) -> None:
        """End the process, and remove what it left."""
        self._stop()
        self._scratch.cleanup()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection, settings: Standardise, scratch: str) -> None:
    """Answer every path with the crystals in it, until the other end is closed."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    tempfile.tempdir = scratch
    connection.send("ready")
    while True:
        try:
            path = connection.recv()
        except EOFError:
            return
        connection.send(read_standard_crystals(Path(path), settings))
