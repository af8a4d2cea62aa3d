"""Starting the ranks, with horovodrun or its like, and stopping them whatever happens."""

import ctypes
import importlib.util
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from spacegrouper.errors import UserError

# horovodrun takes up to ten seconds to stop ranks that do not answer.
_SECONDS_TO_STOP = 30
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


@dataclass(frozen=True)
class Launcher:
    """A program that runs a command in several ranks and ends them all on SIGTERM.

    `rank_line` matches a line that a rank has printed: its `rank` and `text`. `rank_ended`
    matches the program's word that a rank has failed: its `rank`, `end` and maybe `node`.
    """

    arguments: tuple[str, ...]
    rank_line: re.Pattern[str]
    rank_ended: re.Pattern[str]
    # What the ranks find in their environment, besides what this process has in its own.
    environment: Mapping[str, str] = field(default_factory=dict)


def horovodrun(ranks: int) -> Launcher:
    """Return what starts so many ranks on this machine.

    Raises UserError if Horovod is not installed.
    """
    if importlib.util.find_spec("horovod") is None:
        raise UserError("Horovod is not installed; install it, or set train.ranks to 1")
    # Ranks of one machine talk over the loopback interface, which needs no network.
    options = f"-np {ranks} -H localhost:{ranks} --gloo --network-interfaces lo"
    return Launcher(
        (sys.executable, "-m", "spacegrouper.training.local_horovodrun", *options.split()),
        rank_line=re.compile(r"\[(?P<rank>\d+)\]<std(?:out|err)>:(?P<text>.*)"),
        rank_ended=re.compile(r"Process (?P<rank>\d+) (?P<end>exit with status code -?\d+)"),
    )


def launch_ranks(
    launcher: Launcher,
    command: Sequence[str],
    environment: Mapping[str, str],
    show_line: Callable[[str], None],
) -> None:
    """Run a command in all ranks and wait for them; `show_line` gets each line they print.

    All ranks end if one fails, if this process gets SIGTERM or SIGINT, or if it dies.
    Raises UserError if a rank fails.
    """
    libc = ctypes.CDLL(None)

    def end_with_this_process() -> None:
        # Otherwise a launcher killed by SIGKILL would leave its ranks training for ever.
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)

    first_end: re.Match[str] | None = None
    handlers = {s: signal.signal(s, _stop) for s in (signal.SIGTERM, signal.SIGINT)}
    process = subprocess.Popen(
        [*launcher.arguments, *command],
        env={**environment, **launcher.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=end_with_this_process,
    )
    try:
        for line in process.stdout or ():
            first_end = first_end or launcher.rank_ended.match(line)
            show_line(_without_rank_0(line.rstrip("\n"), launcher.rank_line))
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
        what = _describe_end(first_end) if first_end else "the ranks could not be started"
        raise UserError(
            f"training stopped: {what}; the reason is in the lines above; "
            "the same command goes on from the last checkpoint"
        )


def _describe_end(ended: re.Match[str]) -> str:
    """Return which rank ended first, where and how."""
    parts = ended.groupdict()
    place = f" on {parts['node']}" if "node" in parts else ""
    return f"rank {parts['rank']}{place}: {parts['end']}"


def _without_rank_0(line: str, rank_line: re.Pattern[str]) -> str:
    """Turn what rank 1 has printed into `rank 1: text`, and what rank 0 has into the text."""
    match = rank_line.match(line)
    if match is None:
        return line
    return match["text"] if match["rank"] == "0" else f"rank {match['rank']}: {match['text']}"


def _stop(received: int, _: FrameType | None) -> None:
    raise SystemExit(128 + received)
