"""The images of a part of the crystals, batch after batch, read ahead of the training."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import Settings
from spacegrouper.training.batches import Share, take_samples, without_gaps
from spacegrouper.training.horovod_world import World
from spacegrouper.training.images import PatternReader, presentation_of

_READING_THREADS = 4
_COMPOSING_THREADS = 2
_BATCHES_AHEAD = 4

Images = list[NDArray[np.float32]]
# The patterns of the rank's samples in a chunk, by the chunk's place among the rank's.
Chunks = dict[int, Future[NDArray[Any]]]


class ImageBatches:
    """A rank's batches of a part of the crystals; use it as a context, or close it, to end it.

    `rows`: (crystals,) all rows of the part in the dataset, ascending, those of all ranks;
    `labels`: (crystals,) their labels. `shuffled`: whether every epoch has an order of its own, or
    that of the dataset; only where it has are diffractograms augmented.

    If train.shuffle_crystals covers the part, the rank reads its crystals once and keeps them, as
    8-bit patterns of the network's size. Otherwise they are streamed: a chunk is read the length of
    a window (batches.py) ahead of its first use, and dropped after its last. In memory are then two
    windows, twice shuffle_crystals over all ranks, and what their borders cut off the chunks (with
    chunks of 8: a fifth more for 512 crystals in a step, nearly as much again for 2,048).

    A rank reads each of its chunks once an epoch at most. Chunks that a border between ranks cuts
    are read by both: of 87,000 crystals in 13,600 chunks, 0.2 % are read twice by 32 ranks.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: NDArray[np.integer[Any]],
        labels: NDArray[np.int64],
        settings: Settings,
        world: World,
        *,
        shuffled: bool,
    ) -> None:
        train = settings.train
        self._share = Share(len(rows), world.size, train.batch_size, world.rank)
        self._window = self._share.window(train.shuffle_crystals)
        self._seed = settings.seed if shuffled else None
        self._reader = PatternReader(dataset, presentation_of(settings, dataset))
        self._labels = labels[self._share.own]
        own_rows = rows[self._share.own]
        # Of a rank without samples, whose positions are -1, the last one.
        self._row_of_position = np.append(own_rows, 0)
        # Where each chunk's samples start among the rank's, and which chunk each sample lies in.
        _, self._chunk_start, self._chunk = np.unique(
            own_rows // self._reader.chunk_rows, return_index=True, return_inverse=True
        )
        self._rows_of_chunk = np.split(own_rows, self._chunk_start[1:])
        self._kept: Chunks = {}
        self._readers = ThreadPoolExecutor(_READING_THREADS, "read-patterns")
        # Threads of their own, because they wait for the readers.
        self._composers = ThreadPoolExecutor(_COMPOSING_THREADS, "compose-images")

    @property
    def steps(self) -> int:
        """The steps of an epoch, equal on all ranks."""
        return self._share.steps

    def epoch(self, epoch: int) -> Iterator[tuple[Images, NDArray[np.int64], NDArray[np.float32]]]:
        """Yield images (as Composer.compose returns them), labels and weights of each step.

        Labels and weights are (batch_size,), the weights as Share.weights says. An empty place has
        the images of another crystal of the rank, see `without_gaps`, and the label 0.
        Raises UserError for a chunk that cannot be read.
        """
        order = self._share.stored_order()
        if self._seed is not None:
            order = self._share.shuffled_order(self._chunk, self._window, self._seed, epoch)
        rest = zip(take_samples(self._labels, order), self._share.weights(order), strict=True)
        order = without_gaps(order)
        composed: deque[Future[Images]] = deque()
        chunks = self._read_ahead(order)
        try:
            for positions, of_step in zip(order, chunks, strict=True):
                composed.append(self._composers.submit(self._compose, positions, of_step, epoch))
                if len(composed) > _BATCHES_AHEAD:
                    yield composed.popleft().result(), *next(rest)
            while composed:
                yield composed.popleft().result(), *next(rest)
        finally:
            # Nothing is left to cancel, unless the epoch is given up.
            for batch in composed:
                batch.cancel()
            chunks.close()

    def close(self) -> None:
        """End the threads; an epoch that has not ended cannot go on."""
        # The readers first: a composer that waits for a chunk is told that it will not come.
        self._readers.shutdown(cancel_futures=True)
        self._composers.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read_ahead(self, order: NDArray[np.int64]) -> Generator[Chunks, None, None]:
        """Yield the chunks of each step's samples, and have those of later steps read meanwhile."""
        first_use, last_use = self._uses(order)
        to_read = deque(np.argsort(first_use, kind="stable").tolist())
        streamed = self._window < self.steps
        chunks: Chunks = {} if streamed else self._kept
        try:
            for step, positions in enumerate(order):
                while to_read and first_use[to_read[0]] <= step + self._window:
                    chunk = to_read.popleft()
                    if chunk not in chunks:
                        chunks[chunk] = self._readers.submit(self._read, chunk)
                of_step = {i: chunks[i] for i in self._chunk[positions[positions >= 0]].tolist()}
                yield of_step
                if streamed:
                    for chunk in of_step:
                        if last_use[chunk] == step:
                            del chunks[chunk]
        finally:
            if streamed:
                for reading in chunks.values():
                    reading.cancel()

    def _uses(self, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the last step that needs each chunk."""
        step, place = np.nonzero(order >= 0)
        chunk = self._chunk[order[step, place]]
        first = np.full(len(self._chunk_start), self.steps)
        last = np.zeros_like(first)
        np.minimum.at(first, chunk, step)
        np.maximum.at(last, chunk, step)
        return first, last

    def _read(self, chunk: int) -> NDArray[Any]:
        return self._reader.read(self._rows_of_chunk[chunk])

    def _compose(self, positions: NDArray[np.int64], chunks: Chunks, epoch: int) -> Images:
        patterns = np.zeros((len(positions), *self._reader.pattern_shape), self._reader.dtype)
        for place in np.flatnonzero(positions >= 0):
            chunk = int(self._chunk[positions[place]])
            read = chunks[chunk].result()
            patterns[place] = read[positions[place] - self._chunk_start[chunk]]
        rows = self._row_of_position[positions]
        return self._reader.compose(patterns, rows, None if self._seed is None else epoch)
