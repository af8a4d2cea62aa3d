"""Starting the ranks on this machine with horovodrun, and stopping them whatever happens."""

import ctypes
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from spacegrouper.errors import UserError

# horovodrun takes up to ten seconds to stop ranks that do not answer.
_SECONDS_TO_STOP = 30
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h

_RANK_LINE = re.compile(r"\[(\d+)\]<std(?:out|err)>:(.*)")
_RANK_ENDED = re.compile(r"Process (\d+) exit with status code (-?\d+)")


def launch_ranks(
    command: Sequence[str],
    ranks: int,
    environment: Mapping[str, str],
    show_line: Callable[[str], None],
) -> None:
    """Run a command in so many ranks and wait for them; `show_line` gets each line they print.

    All ranks end if one fails, if this process gets SIGTERM or SIGINT, or if it dies.
    Raises UserError if a rank fails.
    """
    launcher = Path(sys.executable).with_name("horovodrun")
    if not launcher.exists():
        raise UserError(f"{launcher}: not found; install Horovod, or set train.ranks to 1")
    # Ranks of one machine talk over the loopback interface, which needs no network.
    arguments = [
        *(str(launcher), "-np", str(ranks), "-H", f"localhost:{ranks}"),
        *("--gloo", "--network-interfaces", "lo"),
    ]
    libc = ctypes.CDLL(None)

    def end_with_this_process() -> None:
        # Otherwise a launcher killed by SIGKILL would leave its ranks training for ever.
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)

    first_end: re.Match[str] | None = None
    handlers = {s: signal.signal(s, _stop) for s in (signal.SIGTERM, signal.SIGINT)}
    process = subprocess.Popen(
        [*arguments, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=end_with_this_process,
    )
    try:
        for line in process.stdout or ():
            first_end = first_end or _RANK_ENDED.match(line)
            show_line(_without_rank_0(line.rstrip("\n")))
        process.wait()
    finally:
        for received in handlers:
            signal.signal(received, signal.SIG_IGN)
        process.terminate()
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
        for received, handler in handlers.items():
            signal.signal(received, handler)
    if process.returncode != 0:
        what = "rank {} ended with exit code {}".format(*first_end.groups()) if first_end else ""
        raise UserError(
            f"training stopped: {what or 'horovodrun failed'}; the reason is in the lines above; "
            "the same command goes on from the last checkpoint"
        )


def _without_rank_0(line: str) -> str:
    """Turn horovodrun's `[1]<stderr>:text` into `rank 1: text`, and rank 0's into the text."""
    match = _RANK_LINE.match(line)
    if match is None:
        return line
    return match[2] if match[1] == "0" else f"rank {match[1]}: {match[2]}"


def _stop(received: int, _: FrameType | None) -> None:
    raise SystemExit(128 + received)
