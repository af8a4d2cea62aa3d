"""Shape the patterns of raw shards into the dataset: HDF5 in, one Zarr store out."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.config import load_settings
from spacegrouper.errors import UserError

log = logging.getLogger("spacegrouper")


def main(
    raw: Annotated[Path, typer.Option(help="raw shard; more may follow: --raw A.h5 B.h5 C.h5")],
    config: Annotated[Path, typer.Option(help="settings as YAML; section `shape` is used")],
    output: Annotated[Path, typer.Option(help="Zarr store to write; an earlier one is replaced")],
    further: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes of the local dask cluster")] = len(
        os.sched_getaffinity(0)
    ),
) -> None:
    """Shape all patterns of the raw shards and store them, with the raw ones, as a dataset.

    The store appears when it is complete. Its arrays do not depend on the number of workers.
    """
    settings = load_settings(config)
    raw_shards = [raw, *(further or [])]
    for path in raw_shards:
        if not path.is_file():
            raise UserError(f"{path}: no such raw shard; make it with scripts/simulate.py")
    from distributed import Client, LocalCluster, as_completed

    from spacegrouper.storage.dataset import create_dataset, finish_dataset, shape_block

    logging.getLogger("distributed").setLevel(logging.WARNING)
    with written_aside(output) as store:
        source = create_dataset(store, raw_shards, settings)
        # A task is one shard of the store, whatever raw shards its rows come from: no two tasks
        # ever write the same object.
        size = settings.plan.block_size
        blocks = [(start, min(start + size, source.rows)) for start in range(0, source.rows, size)]
        with (
            tempfile.TemporaryDirectory() as scratch,
            LocalCluster(
                n_workers=min(workers, len(blocks)),
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                local_directory=scratch,
            ) as cluster,
            Client(cluster) as client,
            progress("shape", source.rows) as advance,
        ):
            tasks = [
                client.submit(shape_block, store, source, start, stop, settings.shape, pure=False)
                for start, stop in blocks
            ]
            for task in as_completed(tasks):
                advance(task.result())
        finish_dataset(store, source)
    log.info("shaped %d crystals into %s", source.rows, output)


if __name__ == "__main__":
    run_program(main)
