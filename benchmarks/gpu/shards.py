"""Patterns of a part of the crystals, simulated and shaped by all cores, a shard at a time.

A part is cut as the house cuts it between ranks (training/batches.py): a shard is what a rank would
hold, and a step takes as many crystals of each. So no array is larger than a GPU's kernels can
index with 31 bits, and no more than a few shards are in the host's memory at a time.

Processes, and not threads, which would wait for Python's lock. They are forks that write into
memory shared with this one, so they must be started before Keras' backend is.
"""

import math
import mmap
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from cells_file import Cells
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Presentation
from spacegrouper.errors import UserError
from spacegrouper.training.batches import Share
from spacegrouper.training.images import presentation_of

SHARDS = 32  # of a part
_TOGETHER = 512  # crystals of a task; what elements have in common is computed for each anew


@dataclass(frozen=True)
class Work:
    """What each process knows, as it is a copy of this one."""

    cells: Cells
    composer: Composer
    shape: tuple[int, ...]
    buffers: list[mmap.mmap]


_WORK: list[Work] = []


def presentation(cells: Cells) -> Presentation:
    """Return how the crystals are shown to the network, as after a run of the workflow."""
    dataset: Any = SimpleNamespace(
        technique=cells.settings.technique, settings=cells.made_with["settings"]
    )
    return presentation_of(cells.settings, dataset)


def shares(crystals: int, batch_size: int) -> list[Share]:
    """Return the shards of a part of so many crystals, of which a step takes `batch_size`."""
    return [Share(crystals, SHARDS, batch_size // SHARDS, shard) for shard in range(SHARDS)]


def shard_rows(share: Share) -> int:
    """Return how many crystals a shard has room for: one, at least, also where it has none."""
    return max(1, share.own.stop - share.own.start)


def prepared_shape(cells: Cells) -> tuple[int, ...]:
    """Return the shape of what is kept of a crystal, such as (2, views, size, size).

    Raises UserError for patterns that are not of 8 bits.
    """
    prepared = composer_of(cells).prepare(next(_measured(cells, 0)))
    if prepared.dtype != np.uint8:
        raise UserError(
            f"train.descriptor: a GPU is given patterns of 8 bits, not {prepared.dtype}"
        )
    return prepared.shape[1:]


def composer_of(cells: Cells) -> Composer:
    """Return the descriptor's own composer."""
    shown = presentation(cells)
    return DESCRIPTORS[shown.descriptor].composer(shown)


class Patterns:
    """The patterns of crystals, which processes are at work on from the first moment.

    Args:
        cells: the crystals.
        places: of each shard in turn, of all parts, the places of its crystals in the table.
        rows: of each shard, how many crystals it has room for.
        processes: that work.
    """

    def __init__(
        self, cells: Cells, places: Sequence[NDArray[np.int64]], rows: Sequence[int], processes: int
    ) -> None:
        # Here first: what numba compiles now, the processes need not compile again.
        self._shape = prepared_shape(cells)
        size = math.prod(self._shape)
        self._rows = rows
        self._buffers = [mmap.mmap(-1, count * size) for count in rows]
        _WORK[:] = [Work(cells, composer_of(cells), self._shape, self._buffers)]
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))
        self._tasks: list[list[Future[None]]] = [
            [
                self._pool.submit(_fill, shard, start, own[start : start + _TOGETHER])
                for start in range(0, len(own), _TOGETHER)
            ]
            for shard, own in enumerate(places)
        ]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield each shard, (rows, ...), which is to be copied before the next is asked for.

        Raises UserError for a crystal that cannot be simulated.
        """
        try:
            for tasks, buffer, rows in zip(self._tasks, self._buffers, self._rows, strict=True):
                for task in tasks:
                    task.result()
                yield np.frombuffer(buffer, np.uint8).reshape(rows, *self._shape)
                # The processes hold the memory as well; not every kernel can take it from them.
                with suppress(OSError):
                    buffer.madvise(mmap.MADV_REMOVE)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _fill(shard: int, start: int, places: NDArray[np.int64]) -> None:
    """Write the patterns of crystals into a shard, from its row `start` on."""
    work = _WORK[0]
    shared = np.frombuffer(work.buffers[shard], np.uint8).reshape(-1, *work.shape)
    for arrays in _measured(work.cells, *places):
        prepared = work.composer.prepare(arrays)
        shared[start : start + len(prepared)] = prepared
        start += len(prepared)


def _measured(cells: Cells, *places: int) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the arrays of a dataset for these crystals, some at a time, as the workflow makes them.

    Raises UserError for a crystal that cannot be simulated.
    """
    settings, crystals = cells.settings, cells.crystals(places)
    done = 0
    for patterns in settings.engine.simulate(crystals, settings, 1):
        for crystal, reason in zip(crystals[done:], patterns.reasons, strict=False):
            if reason:
                raise UserError(f"crystal {crystal.id}: {reason}; leave it out of the cells")
        done += len(patterns.reasons)
        derived = settings.technique.derive(patterns.values, cells.made_with["settings"])
        yield {"raw": patterns.values, **patterns.further, **derived}
