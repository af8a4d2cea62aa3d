"""The processes that shape blocks: a dask cluster."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dask_jobqueue import SLURMCluster
from distributed import Client, KilledWorker, LocalCluster, as_completed

from spacegrouper.config import Settings
from spacegrouper.config.sections import Workers
from spacegrouper.errors import UserError
from spacegrouper.storage.blocks import write_block
from spacegrouper.storage.dataset_plan import Block


@contextmanager
def dask_client(settings: Workers, processes: int) -> Iterator[Client]:
    """Start workers, so many processes on this machine or SLURM jobs; they end with the body."""
    # An error comes back with the result; told by each worker as well, it would hide the one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as scratch:
        if settings.cluster == "slurm":
            cluster = slurm_cluster(settings)
            cluster.adapt(minimum_jobs=1, maximum_jobs=settings.jobs)
        else:
            cluster = LocalCluster(
                n_workers=processes,
                threads_per_worker=1,
                silence_logs=logging.CRITICAL,
                dashboard_address="127.0.0.1:0",
                local_directory=scratch,
            )
        with cluster, Client(cluster) as client:
            yield client


def slurm_cluster(settings: Workers) -> SLURMCluster:
    """Return a cluster of SLURM jobs that has none yet."""
    return SLURMCluster(
        queue=settings.partition,
        account=settings.account,
        cores=settings.processes,
        processes=settings.processes,
        memory=settings.memory,
        walltime=settings.walltime,
        # SLURM writes what a job says where it was submitted, unless told otherwise.
        log_directory="slurm-logs",
        worker_extra_args=["--no-dashboard"],
        scheduler_options={"dashboard_address": None},
    )


def write_blocks(
    store: Path,
    dataset_sha256: str,
    blocks: Sequence[Block],
    settings: Settings,
    processes: int,
) -> Iterator[int]:
    """Write blocks in any order, in several processes; yield the crystals of each when it is done.

    `processes`: how many, if they are of this machine.

    A block whose process dies is given to another.
    """
    if not blocks:
        return
    with dask_client(settings.workers, min(processes, len(blocks))) as client:
        tasks = [
            client.submit(write_block, store, dataset_sha256, block, settings.shape, pure=False)
            for block in blocks
        ]
        for task in as_completed(tasks):
            try:
                yield task.result()
            except KilledWorker:
                raise UserError(
                    f"{store}: a block was given up, its processes died one after another; if that "
                    "was for want of memory, lower --workers or plan.block_size, or raise "
                    "workers.memory"
                ) from None
