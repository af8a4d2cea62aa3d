import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import worker_faults

from spacegrouper.prediction import bounded_process
from spacegrouper.prediction.bounded_process import (
    BoundedProcesses,
    Bounds,
    BoundsError,
    WorkerError,
)

# No busy machine takes so long for what these tests ask.
BOUNDS = Bounds(seconds=60, memory=200_000_000, answer=10_000)


@pytest.fixture(scope="module")
def processes() -> Iterator[BoundedProcesses]:
    made = BoundedProcesses(worker_faults.preload, worker_faults.prepare, BOUNDS)
    yield made
    made.close()


@pytest.fixture
def hurried() -> Iterator[BoundedProcesses]:
    bounds = replace(BOUNDS, seconds=10)
    made = BoundedProcesses(worker_faults.preload, worker_faults.prepare, bounds)
    yield made
    made.close()


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, within a second."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def test_every_question_has_a_process_of_its_own(processes: BoundedProcesses) -> None:
    pids = set()
    for question in (b"one", b"two"):
        pids.add(processes.start())
        assert processes.start() in pids  # one is kept
        assert processes.ask(question) == question
    assert len(pids) == 2
    assert str(os.getpid()).encode() not in pids
    assert all(is_gone(int(pid)) for pid in pids)


@pytest.mark.parametrize(
    ("question", "error", "reason"),
    [
        (b"memory 1000000000", BoundsError, "more than 0.19 GiB of memory"),
        (b"abort", BoundsError, "of memory"),
        (b"chatter 20000", BoundsError, "too large"),
        (b"kill", WorkerError, r"was ended \(SIGKILL\)"),
        (b"divide", WorkerError, r"itself fails at it \(ZeroDivisionError\)"),
        (b"refuse", WorkerError, "^b.cif: no atoms; give some$"),
    ],
)
def test_whatever_happens_is_a_line_and_the_next_question_is_answered(
    processes: BoundedProcesses, question: bytes, error: type[Exception], reason: str
) -> None:
    pid = int(processes.start())
    with pytest.raises(error, match=reason) as caught:
        processes.ask(question)
    assert "\n" not in str(caught.value)
    assert is_gone(pid)
    assert processes.ask(b"next") == b"next"


def test_what_is_within_the_bounds_is_answered(processes: BoundedProcesses) -> None:
    assert len(processes.ask(b"memory 100000000")) == 8
    assert len(processes.ask(b"chatter 9000")) == 9000


def test_a_late_worker_ends_with_all_that_it_started(
    hurried: BoundedProcesses, tmp_path: Path
) -> None:
    with pytest.raises(BoundsError, match="not done within 10 s"):
        hurried.ask(f"start {tmp_path / 'pid'}".encode())
    assert is_gone(int((tmp_path / "pid").read_text()))
    assert hurried.ask(b"next") == b"next"


def test_a_worker_that_stands_still_or_died_before_it_was_asked_is_replaced(
    processes: BoundedProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_process, "_SECONDS_TO_REACT", 0.5)
    stopped = int(processes.start())
    os.kill(stopped, signal.SIGSTOP)
    assert processes.ask(b"another") == b"another"
    assert is_gone(stopped)
    pid = int(processes.start())
    os.kill(pid, signal.SIGKILL)
    assert is_gone(pid)
    assert processes.ask(b"again") == b"again"


def test_a_template_that_died_is_replaced_and_its_workers_die_with_it(
    processes: BoundedProcesses,
) -> None:
    worker = int(processes.start())
    template = processes._template._process
    template.kill()
    template.join()
    assert is_gone(worker)
    assert processes.ask(b"again") == b"again"


def test_what_a_worker_lacks_is_said_and_looked_for_anew(tmp_path: Path) -> None:
    path = tmp_path / "network"
    prepare = partial(worker_faults.prepare_from, str(path))
    processes = BoundedProcesses(worker_faults.preload, prepare, BOUNDS)
    try:
        with pytest.raises(WorkerError, match="network: no such file; make it"):
            processes.start()
        path.write_text("here")
        assert processes.start() == b"here"
    finally:
        processes.close()
