"""Work on many crystals shared by several processes."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from typing import TypeVar

_BATCH = 64  # items handed to a process at a time

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Iterator[Result]:
    """Yield work(item) in the order of the items, of which only some are in memory at a time.

    With more than one process, `work` must be a function of a module (or a partial of one).
    """
    remaining = iter(items)
    if processes == 1:
        yield from map(work, remaining)
        return
    # Fresh processes: a copy of this one could inherit a lock held by its progress bar.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            # Executor.map takes in all its input at once, which must not be a whole database.
            while batch := list(islice(remaining, 4 * _BATCH * processes)):
                with deaf_to_interrupts():
                    results = pool.map(work, batch, chunksize=_BATCH)
                yield from results
        except (KeyboardInterrupt, SystemExit):
            # What they are at is of no use to anyone.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Let processes that the body starts, or threads of it, not hear Ctrl-C.

    It is for this process, which hears it once the body is done, and ends them.
    """
    # Started with the first process, it would let that one hear.
    resource_tracker.ensure_running()
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
