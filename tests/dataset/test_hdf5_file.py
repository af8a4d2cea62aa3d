import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from spacegrouper.contract.engine import Patterns
from spacegrouper.dataset.hdf5_file import new_hdf5_file
from spacegrouper.dataset.raw_shard import RowLabels, write_raw_shard
from spacegrouper.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (64, 1, 64, 64), dtype=np.uint8)


@contextmanager
def small_disk(size: int = 2**16) -> Iterator[None]:
    """A limit on the size of files, which fails writes as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    with new_hdf5_file(tmp_path / "x.h5") as (file, check):
        file.create_dataset("noise", data=NOISE, chunks=(1, 1, 64, 64), compression="gzip")
        check()
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(file["noise"][...], NOISE)


def test_a_full_disk_is_an_error_of_the_check_and_of_the_end(tmp_path: Path) -> None:
    def fill() -> None:
        with new_hdf5_file(tmp_path / "x.h5") as (file, check):
            file.create_dataset("noise", data=NOISE, chunks=(1, 1, 64, 64))
            check()  # it is still in memory
            file.flush()
            with pytest.raises(OSError, match="File too large"):
                check()

    with small_disk(), pytest.raises(OSError, match="File too large"):
        fill()


def test_the_process_survives(tmp_path: Path) -> None:
    # HDF5 fails once more when the interpreter ends.
    program = f"""
import resource, numpy, sys
from pathlib import Path
from spacegrouper.dataset.hdf5_file import new_hdf5_file
resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
try:
    with new_hdf5_file(Path({str(tmp_path / "x.h5")!r})) as (file, _):
        file["noise"] = numpy.random.default_rng(0).random((200, 200))
        file.create_dataset("texts", data=["x" * 100] * 2000)
except OSError:
    sys.exit(7)
"""
    finished = subprocess.run([sys.executable, "-c", program], check=False)
    assert finished.returncode == 7


def test_a_raw_shard_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"earlier")
    count = len(NOISE)
    batches = [Patterns(NOISE, np.ones((count, 1)), ("",) * count) for _ in range(99)]
    taken = []

    def watched() -> Iterator[Patterns]:
        for batch in batches:
            taken.append(batch)
            yield batch

    rows = RowLabels([str(n) for n in range(99 * count)], [0] * 99 * count)
    message = r"x\.h5: cannot be written: File too large"
    with pytest.raises(UserError, match=message), small_disk():
        write_raw_shard(path, rows, watched(), {})
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.h5"]
    assert len(taken) < len(batches)  # it gave up early
