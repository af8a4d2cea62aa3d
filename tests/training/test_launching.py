"""With the real horovodrun, but ranks that do not train: they start in no time."""

import os
import signal
import subprocess
import sys

import pytest

from spacegrouper.errors import UserError
from spacegrouper.training.launching import horovodrun, launch_ranks

# Its ranks wait for ever, holding a lock; a line for each says that it does.
LAUNCHER = """
import os, sys
from spacegrouper.training.launching import horovodrun, launch_ranks
launch_ranks(horovodrun(2), [sys.executable, "-c", *sys.argv[1:]], os.environ, print)
"""
# What the processes of the launcher, which are this one's parents, listen at.
LISTENING = """
import psutil
for process in psutil.Process().parents():
    if "local_horovodrun" in " ".join(process.cmdline()):
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                print("listens at", connection.laddr.ip)
"""
RANK = """
import pathlib, signal, sys
from spacegrouper.folder_lock import locked
with locked(pathlib.Path(sys.argv[1]), shared=True):
    print("holds the lock", flush=True)
    signal.pause()
"""


def test_passes_on_what_the_ranks_print_who_meet_where_only_this_machine_is_heard() -> None:
    lines: list[str] = []
    program = "import os; print('rank', os.environ['HOROVOD_RANK'], os.environ['EXTRA'])"

    command = [sys.executable, "-c", program + LISTENING]
    launch_ranks(horovodrun(2), command, os.environ | {"EXTRA": "x"}, lines.append)

    assert {"rank 0 x", "rank 1: rank 1 x"} <= set(lines)
    addresses = [line.rpartition("listens at ")[2] for line in lines if "listens at" in line]
    assert addresses
    assert set(addresses) == {"127.0.0.1"}


def test_a_failing_rank_ends_all_and_is_named() -> None:
    program = (
        "import os, signal; signal.pause() if os.environ['HOROVOD_RANK'] == '0' else os._exit(3)"
    )

    lines: list[str] = []
    with pytest.raises(UserError, match=r"rank 1: exit with status code 3;.*the same command"):
        launch_ranks(horovodrun(2), [sys.executable, "-c", program], os.environ, lines.append)
    assert not any("Traceback" in line for line in lines)


def test_horovod_must_be_there(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"Horovod is not installed; install it, or set"):
        horovodrun(2)


@pytest.mark.parametrize("received", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_ranks_end_with_their_launcher(tmp_path, received: signal.Signals) -> None:
    lock = tmp_path / ".lock"
    launcher = subprocess.Popen(
        [sys.executable, "-u", "-c", LAUNCHER, RANK, lock], stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    waiting = 0
    while waiting < 2:
        line = launcher.stdout.readline()
        assert line, "the launcher ended before its ranks began"
        waiting += line.endswith("holds the lock\n")

    launcher.send_signal(received)

    killed = received is signal.SIGKILL
    assert launcher.wait() == (-received if killed else 128 + received)
    # A killed launcher cannot wait until its ranks are gone; otherwise they are gone by now.
    freed = subprocess.run(["flock", "--wait", "60" if killed else "0", lock, "true"])
    assert freed.returncode == 0
