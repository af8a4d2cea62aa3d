"""The processes that shape blocks: a dask cluster."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from distributed import Client, KilledWorker, LocalCluster, as_completed

from spacegrouper.config.sections import Shape
from spacegrouper.errors import UserError
from spacegrouper.storage.blocks import write_block
from spacegrouper.storage.dataset_plan import Block


@contextmanager
def dask_client(workers: int) -> Iterator[Client]:
    """Start so many processes on this machine; they end with the body."""
    # An error comes back with the result; told by each worker as well, it would hide the one line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory() as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            silence_logs=logging.CRITICAL,
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def write_blocks(
    store: Path, dataset_sha256: str, blocks: Sequence[Block], settings: Shape, workers: int
) -> Iterator[int]:
    """Write blocks in any order, in several processes; yield the crystals of each when it is done.

    A block whose process dies is given to another.
    """
    if not blocks:
        return
    with dask_client(min(workers, len(blocks))) as client:
        tasks = [
            client.submit(write_block, store, dataset_sha256, block, settings, pure=False)
            for block in blocks
        ]
        for task in as_completed(tasks):
            try:
                yield task.result()
            except KilledWorker:
                raise UserError(
                    f"{store}: a block was given up, its processes died one after another; if that "
                    "was for want of memory, lower --workers or plan.block_size"
                ) from None
