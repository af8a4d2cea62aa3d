import fcntl
import signal
import subprocess
import sys

import pytest

from spacegrouper.folder_lock import locked

HOLDER = """
import pathlib, signal, sys
from spacegrouper.folder_lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def is_free(path) -> bool:
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_is_held_inside_and_free_after(tmp_path) -> None:
    path = tmp_path / "new folder" / ".lock"
    with locked(path):
        assert not is_free(path)
    assert not path.exists()


def test_shared_holders_do_not_exclude_each_other(tmp_path) -> None:
    path = tmp_path / ".lock"
    with locked(path, shared=True):
        with locked(path, shared=True):
            assert not is_free(path)
        assert not is_free(path)
    assert not path.exists()


def test_waits_for_another_process_and_says_so(tmp_path, caplog, monkeypatch) -> None:
    path = tmp_path / ".lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    take = fcntl.flock

    def kill_the_holder_before_waiting(file, operation: int) -> None:
        if not operation & fcntl.LOCK_NB:
            holder.kill()
        take(file, operation)

    monkeypatch.setattr(fcntl, "flock", kill_the_holder_before_waiting)
    with locked(path):
        assert holder.wait() == -signal.SIGKILL
    assert f"{tmp_path}: another process is still at work here; waiting" in caplog.text


def test_an_error_frees_it(tmp_path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path / ".lock"):
        raise RuntimeError
    assert not (tmp_path / ".lock").exists()


COUNTER = """
import pathlib, sys, time
from spacegrouper.folder_lock import locked
count, lock = map(pathlib.Path, sys.argv[1:])
for _ in range(200):
    with locked(lock):
        before = int(count.read_text())
        time.sleep(0.0002)
        count.write_text(str(before + 1))
"""


def test_no_two_hold_it_though_each_removes_it(tmp_path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    command = [sys.executable, "-c", COUNTER, count, tmp_path / ".lock"]
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert count.read_text() == "600"
    assert not (tmp_path / ".lock").exists()
