import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from structure_files import CAESIUM_CHLORIDE, DISORDERED, write_cif, write_poscar

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.prediction.reading_process import ReadingProcess
from spacegrouper.settings import Standardise


@pytest.fixture(scope="module")
def reader() -> Iterator[ReadingProcess]:
    process = ReadingProcess(Standardise(), 60)
    yield process
    process.close()


def test_both_formats_are_told_apart_by_their_content(
    reader: ReadingProcess, tmp_path: Path
) -> None:
    for path in (
        write_cif(tmp_path / "a", CAESIUM_CHLORIDE),
        write_poscar(tmp_path / "b", CAESIUM_CHLORIDE),
    ):
        (crystal,) = reader.read(path.read_bytes())
        assert isinstance(crystal, Crystal)
        assert crystal.metadata["spacegroup"] == 221


def test_what_cannot_be_read_is_a_reason(reader: ReadingProcess, tmp_path: Path) -> None:
    disordered = write_cif(tmp_path / "a.cif", DISORDERED).read_bytes()
    for content, reason in ((disordered, "partial occupancy"), (b"hello", ""), (b"\x00", "")):
        (rejection,) = reader.read(content)
        assert isinstance(rejection, Rejection)
        assert reason in rejection.reason
        assert "/" not in rejection.reason  # no paths of the server's


def test_a_process_that_died_is_replaced(reader: ReadingProcess, tmp_path: Path) -> None:
    content = write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE).read_bytes()
    reader.start()
    os.kill(reader._process.pid, signal.SIGKILL)
    reader._process.join()
    (crystal,) = reader.read(content)
    assert isinstance(crystal, Crystal)


def test_a_process_that_takes_too_long_or_dies_at_work_is_ended_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    content = write_cif(tmp_path / "a.cif", CAESIUM_CHLORIDE).read_bytes()
    reader = ReadingProcess(Standardise(), 0)
    reader.start()
    process, scratch = reader._process, Path(reader._scratch.name)
    (rejection,) = reader.read(content)
    assert isinstance(rejection, Rejection)
    assert rejection.reason.startswith("not understood within 0 s")
    assert not process.is_alive()
    assert not (scratch / "crystal.cif").exists()
    reader.close()
    assert not scratch.exists()
