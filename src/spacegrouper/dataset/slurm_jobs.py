"""SLURM jobs as dask workers: submitted, watched and replaced (dask-jobqueue)."""

import logging
import math
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import NamedTemporaryFile

from dask_jobqueue import SLURMCluster
from dask_jobqueue.slurm import SLURMJob
from distributed import Future, Security

from spacegrouper.dataset.dask_servers import (
    KEEP_MEMORY,
    ClosedScheduler,
    ClosedWorker,
    credentials_in,
    private_scratch,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Workers

# Logs and credentials: for this user only, where jobs are submitted and so on all nodes.
_LOGS = "slurm-logs"
_SECONDS_BETWEEN_LOOKS = 10


@contextmanager
def slurm_cluster(settings: Workers) -> Iterator[SLURMCluster]:
    """Make a cluster that has no jobs yet; its jobs end with the body, and so with the program.

    Raises UserError if SLURM would not take its jobs.
    """
    logs = Path(_LOGS)
    logs.mkdir(mode=0o700, exist_ok=True)
    with (
        _ending_in_order(),
        private_scratch(),
        credentials_in(logs) as security,
        _make_cluster(settings, security) as cluster,
    ):
        check_job_script(cluster.job_script())
        yield cluster


class _Job(SLURMJob):
    @contextmanager
    def job_file(self) -> Iterator[str]:
        """Write the job's script where no other user can read it, or put another in its place."""
        with NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as script:
            script.write(self.job_script())
            script.flush()
            yield script.name


class _Cluster(SLURMCluster):
    job_cls = _Job


def _make_cluster(settings: Workers, security: Security) -> SLURMCluster:
    return _Cluster(
        queue=settings.partition,
        account=settings.account,
        cores=settings.processes,
        processes=settings.processes,
        memory=settings.memory,
        walltime=settings.walltime,
        # SLURM writes what a job says where it was submitted, unless told otherwise.
        log_directory=_LOGS,
        security=security,
        scheduler_cls=ClosedScheduler,
        scheduler_options={"dashboard_address": None},
        worker_extra_args=[
            "--no-dashboard",
            "--worker-class",
            f"{ClosedWorker.__module__}.{ClosedWorker.__qualname__}",
        ],
        # dask's own folder for scratch files is shared with other users.
        job_script_prologue=[
            "scratch=$(mktemp -d)",
            "trap 'rm -rf \"$scratch\"' EXIT",
            f'export DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON="{KEEP_MEMORY}"',
        ],
        local_directory='"$scratch"',
        silence_logs=logging.CRITICAL,
    )


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the body like an error, so that no SLURM job stays behind."""
    handlers = {
        signal.SIGTERM: lambda number, frame: sys.exit(128 + number),
        # dask_jobqueue's own ends an interrupted program as if all were well.
        signal.SIGINT: signal.default_int_handler,
    }
    earlier = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def check_job_script(script: str) -> None:
    """Raise UserError if SLURM would not take a job; dask-jobqueue would wait for it for ever."""
    try:
        subprocess.run(
            ["sbatch", "--test-only"], input=script, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise UserError(
            "workers.cluster: slurm, but there is no sbatch here; start this where jobs can be "
            "submitted, or set it to local"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = "; ".join(error.stderr.strip().splitlines())
        raise UserError(f"SLURM refuses the jobs of section `workers`: {reason}") from None


def as_completed_by_jobs(
    tasks: Sequence[Future], cluster: SLURMCluster, settings: Workers
) -> Iterator[Future]:
    """Submit jobs, and yield each task when it is done.

    Jobs end before the work does at their time limit, by a person or with their node. Neither
    dask's scaling nor its adapting replaces a job of several workers, so this does.
    Raises UserError if jobs end one after another with nothing done.
    """
    done: SimpleQueue[Future] = SimpleQueue()
    for task in tasks:
        task.add_done_callback(done.put)
    left = len(tasks)
    next_look = 0.0
    ended_in_vain = 0
    while left:
        if time.monotonic() >= next_look:
            jobs = min(settings.jobs, math.ceil(left / settings.processes))
            ended_in_vain += _replace_ended_jobs(cluster, jobs)
            next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        if ended_in_vain > 3 * settings.jobs:
            raise UserError(
                f"{ended_in_vain} SLURM jobs ended, one after another, with no block done; look "
                f"into {_LOGS}/, and at workers.walltime and workers.memory"
            )
        try:
            task = done.get(timeout=_SECONDS_BETWEEN_LOOKS)
        except Empty:
            continue
        left -= 1
        ended_in_vain = 0
        yield task


def _replace_ended_jobs(cluster: SLURMCluster, jobs: int) -> int:
    """Submit so many jobs as are wanting to `jobs`; return how many have ended meanwhile."""
    # Looked up before the queue is, as one submitted in between would seem to have ended.
    submitted = {name: job.job_id for name, job in list(cluster.workers.items())}
    queue = subprocess.run(
        ["squeue", "--me", "--noheader", "--format=%i"], capture_output=True, text=True, check=False
    )
    if queue.returncode != 0:  # SLURM does not answer at times
        return 0
    numbers = queue.stdout.split()
    ended = [name for name, number in submitted.items() if number not in numbers]
    if ended:
        cluster.sync(cluster.scale_down, ended)
    # Never fewer than there are: those would be cancelled in the middle of a block.
    cluster.scale(jobs=max(jobs, len(cluster.worker_spec)))
    return len(ended)
