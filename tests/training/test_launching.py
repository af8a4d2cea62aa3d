"""With the real horovodrun, but ranks that do not train: they start in no time."""

import os
import signal
import subprocess
import sys

import pytest

from spacegrouper.errors import UserError
from spacegrouper.training.launching import launch_ranks

# Its ranks wait for ever, holding a lock; a line for each says that it does.
LAUNCHER = """
import os, sys
from spacegrouper.training.launching import launch_ranks
launch_ranks([sys.executable, "-c", sys.argv[1], sys.argv[2]], 2, os.environ, print)
"""
RANK = """
import pathlib, signal, sys
from spacegrouper.folder_lock import locked
with locked(pathlib.Path(sys.argv[1]), shared=True):
    print("holds the lock", flush=True)
    signal.pause()
"""


def test_passes_on_what_the_ranks_print() -> None:
    lines: list[str] = []
    program = "import os; print('rank', os.environ['HOROVOD_RANK'], os.environ['EXTRA'])"

    launch_ranks([sys.executable, "-c", program], 2, os.environ | {"EXTRA": "x"}, lines.append)

    assert {"rank 0 x", "rank 1: rank 1 x"} <= set(lines)


def test_a_failing_rank_ends_all_and_is_named() -> None:
    program = (
        "import os, signal; signal.pause() if os.environ['HOROVOD_RANK'] == '0' else os._exit(3)"
    )

    with pytest.raises(UserError, match=r"rank 1 ended with exit code 3.*the same command"):
        launch_ranks([sys.executable, "-c", program], 2, os.environ, lambda line: None)


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
