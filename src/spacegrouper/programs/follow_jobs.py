"""What the jobs of a workflow say at the moment, shown while Snakemake waits for them.

Snakemake's log says when a job begins and ends; what the job itself says is in its own log. This
handler of Snakemake's log knows from it which jobs are running, and shows the latest line of each.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

_SECONDS = 5.0  # between two looks
_QUIET = 9.0  # seconds after which something is said in any case
_MOST_JOBS = 3  # of which a line is shown at a time
_TAIL = 4096  # bytes of a log's end


@dataclass
class _Job:
    name: str
    log: Path | None
    begun: float
    said: str = ""


class JobFollower(logging.Handler):
    """Prints the latest lines of running jobs, every few seconds.

    Args:
        show: prints a line; by default on standard error, as Snakemake does.
        clock: in seconds.
    """

    def __init__(
        self,
        show: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._show = show
        self._clock = clock
        self._jobs: dict[int, _Job] = {}
        self._shown = clock()

    def emit(self, record: logging.LogRecord) -> None:
        """Note that a job begins or has ended."""
        event = getattr(record, "event", None)
        if event == "job_info":
            said = vars(record)
            name = " ".join([said["rule_name"], *map(str, said["wildcards"].values())])
            log = Path(said["log"][0]) if said["log"] else None
            self._jobs[said["jobid"]] = _Job(name, log, self._clock())
        elif event == "job_finished":
            self._jobs.pop(vars(record)["job_id"], None)
        elif event == "job_error":
            self._jobs.pop(vars(record)["jobid"], None)

    def follow(self) -> None:
        """Look at the jobs until this process ends."""

        def keep_looking() -> None:
            while True:
                time.sleep(_SECONDS)
                self.look()

        threading.Thread(target=keep_looking, daemon=True).start()

    def look(self) -> None:
        """Show what is new; if nothing has been for a while, how long the oldest job has run."""
        jobs = list(self._jobs.values())
        lines = []
        for job in jobs:
            # Programs are called as their rules are.
            line = _last_line(job.log).removeprefix(f"{job.name.split()[0]}: ")
            if line and line != job.said:
                job.said = line
                lines.append(f"{job.name}: {line}")
        now = self._clock()
        if not lines and jobs and now - self._shown >= _QUIET:
            oldest = jobs[0]
            said = oldest.said or "says nothing yet"
            gone = timedelta(seconds=round(now - oldest.begun))
            lines = [f"{oldest.name}, at work for {gone}: {said}"]
        if lines:
            self._shown = now
        for line in lines[:_MOST_JOBS]:
            self._show(line)
        if len(lines) > _MOST_JOBS:
            self._show(f"and {len(lines) - _MOST_JOBS} other jobs")


def _last_line(log: Path | None) -> str:
    """Return the last line of a log that is not empty, or "" where there is none."""
    try:
        if log is None:
            return ""
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
