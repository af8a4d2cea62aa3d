"""New HDF5 files, on disks that may be full.

HDF5 does not survive a write that fails: closing the file then fails as well, and the process ends
in a segmentation fault. So HDF5 writes through a file of Python's, which keeps the error to itself
and what the disk does not take in memory, until the program asks and gives up.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import h5py


@contextmanager
def new_hdf5_file(path: Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Open a new HDF5 file; yield it, and a check to be called every few megabytes.

    The check raises the OSError of a write that has failed, and so does the end of the body.
    """
    with path.open("w+b", buffering=0) as raw:
        disk = _Disk(raw)
        with h5py.File(disk, "w") as file:
            yield file, disk.check
        disk.check()


class _Disk(io.RawIOBase):
    """A file whose writes never fail; `check` raises the error of the first that did.

    From then on all is kept in memory, for HDF5 reads again what it has written.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        self._raw = raw
        self._error: OSError | None = None
        self._kept: list[tuple[int, bytes]] = []  # with the places they are for
        self._place = self._size = 0

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        start, end = self._place, self._place + len(buffer)
        self._raw.seek(start)
        buffer[:] = self._raw.read(len(buffer)).ljust(len(buffer), b"\0")
        for place, content in self._kept:
            first, last = max(start, place), min(end, place + len(content))
            if first < last:
                buffer[first - start : last - start] = content[first - place : last - place]
        self._place = end
        return len(buffer)

    def write(self, content: memoryview) -> int:  # type: ignore[override]
        if self._error is None:
            try:
                self._raw.seek(self._place)
                written = 0
                while written < len(content):
                    written += self._raw.write(content[written:])
            except OSError as error:
                self._error = error
        if self._error is not None:
            self._kept.append((self._place, bytes(content)))
        self._place += len(content)
        self._size = max(self._size, self._place)
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._place if size is None else size
        if self._error is None:
            try:
                self._raw.truncate(self._size)
            except OSError as error:
                self._error = error
        return self._size
