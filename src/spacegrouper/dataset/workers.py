"""The processes that shape blocks: a dask cluster, of this machine or of SLURM jobs."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from distributed import Client, KilledWorker, Security, SpecCluster, as_completed

from spacegrouper.crystals.processes import deaf_to_interrupts
from spacegrouper.dataset.blocks import write_block
from spacegrouper.dataset.dask_servers import ClosedNanny, ClosedScheduler, private_scratch
from spacegrouper.dataset.dataset_plan import Block
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, Workers


def write_blocks(
    store: Path, dataset_sha256: str, blocks: Sequence[Block], settings: Settings, processes: int
) -> Iterator[int]:
    """Write blocks in any order, in several processes; yield the crystals of each when it is done.

    `processes`: how many, if they are of this machine.

    A block whose process dies is given to another; a SLURM job that ends too early is replaced.
    """
    if not blocks:
        return
    # An error comes back with the result; told by each worker as well, it would hide the one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        dask_cluster(settings.workers, min(processes, len(blocks))) as cluster,
        Client(cluster) as client,
    ):
        tasks = [
            client.submit(write_block, store, dataset_sha256, block, pure=False) for block in blocks
        ]
        if settings.workers.cluster == "slurm":
            from spacegrouper.dataset.slurm_jobs import as_completed_by_jobs

            ended = as_completed_by_jobs(tasks, cluster, settings.workers)
        else:
            ended = as_completed(tasks)
        for task in ended:
            try:
                yield task.result()
            except KilledWorker:
                raise UserError(
                    f"{store}: a block was given up, its processes died one after another; if that "
                    "was for want of memory, lower --workers or plan.block_size, or raise "
                    "workers.memory"
                ) from None


def dask_cluster(settings: Workers, processes: int) -> AbstractContextManager[SpecCluster]:
    """Start so many workers on this machine, or a cluster without jobs; all end with the body."""
    if settings.cluster == "slurm":
        # Only here: dask_jobqueue, once imported, takes the program's interrupts for its own.
        from spacegrouper.dataset.slurm_jobs import slurm_cluster

        return slurm_cluster(settings)
    return _local_cluster(processes)


@contextmanager
def _local_cluster(processes: int) -> Iterator[SpecCluster]:
    """Start so many workers that listen on the loopback interface, for one another only."""
    security = Security.temporary()
    address = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    with private_scratch() as scratch:
        worker = {
            "cls": ClosedNanny,
            "options": {
                **address,
                "nthreads": 1,
                "memory_limit": 1 / processes,
                "local_directory": str(scratch),
                "silence_logs": logging.CRITICAL,
            },
        }
        with deaf_to_interrupts():
            started = SpecCluster(
                scheduler={"cls": ClosedScheduler, "options": address},
                workers=dict.fromkeys(range(processes), worker),
                security=security,
                silence_logs=logging.CRITICAL,
            )
        with started as cluster:
            yield cluster
