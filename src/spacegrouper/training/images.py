"""Reading the patterns that a network's images are composed of, in the size it takes."""

from typing import Any, Literal

import numpy as np
import zarr
from numba import njit
from numpy.typing import NDArray

from spacegrouper.config.sections import Descriptor, Shape
from spacegrouper.descriptors.shaped import as_8_bit, normalise
from spacegrouper.errors import UserError


class PatternReader:
    """Reads patterns of a dataset, resized to what a network takes; threads may share it.

    What it reads are grey levels, for descriptors.images.compose_images. For the descriptor
    "shaped": (rows, 2, views, image_size, image_size), [:, 0] the normalised patterns, [:, 1] the
    shaped ones; the normalisation's 256 becomes 255, as in the dataset, whose attribute
    `shape_settings` tells how its patterns were normalised before shaping. Otherwise (rows, 1,
    views, image_size, image_size), the raw patterns.
    """

    def __init__(
        self,
        dataset: zarr.Group,
        image_size: int,
        resize: Literal["nearest", "maximum"],
        descriptor: Descriptor,
    ) -> None:
        names = ("raw", "shaped") if descriptor == "shaped" else ("raw",)
        self._arrays: dict[str, Any] = {name: dataset[name] for name in names}
        self._normalisation = (
            Shape.model_validate(dataset.attrs["shape_settings"])
            if descriptor == "shaped"
            else None
        )
        self._resize: Literal["nearest", "maximum"] = resize
        self._store = str(dataset.store).removeprefix("file://")
        views = self._arrays["raw"].shape[1]
        self.chunk_rows: int = self._arrays["raw"].chunks[0]
        self.pattern_shape = (len(names), views, image_size, image_size)

    def read(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Read the patterns of `rows`, which must ascend; only chunks that hold one are read.

        Raises UserError for a chunk that cannot be read.
        """
        patterns = np.empty((len(rows), *self.pattern_shape), dtype=np.uint8)
        # Chunk by chunk: that bounds the memory, and large arrays are no faster to fill.
        for first_row in np.unique(rows // self.chunk_rows) * self.chunk_rows:
            start, stop = np.searchsorted(rows, (first_row, first_row + self.chunk_rows))
            offsets = rows[start:stop] - first_row
            for layer, name in enumerate(self._arrays):
                grey = self._read_chunk(name, int(first_row))[offsets]
                if name == "raw" and self._normalisation is not None:
                    for index in np.ndindex(grey.shape[:2]):
                        grey[index] = as_8_bit(normalise(grey[index], self._normalisation))
                patterns[start:stop, layer] = resize_patterns(
                    grey, self.pattern_shape[-1], self._resize
                )
        return patterns

    def _read_chunk(self, name: str, first_row: int) -> NDArray[np.uint8]:
        try:
            return np.asarray(self._arrays[name][first_row : first_row + self.chunk_rows])
        except Exception as error:  # whatever codecs raise at damaged bytes: there is no one class
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(
                f"{self._store}: `{name}` cannot be read from row {first_row} on ({reason}); "
                "find the damage with scripts/verify_dataset.py, which can also repair it"
            ) from error


def read_patterns(
    dataset: zarr.Group,
    rows: NDArray[np.integer[Any]],
    image_size: int,
    resize: Literal["nearest", "maximum"],
    descriptor: Descriptor,
) -> NDArray[np.uint8]:
    """Read the patterns of `rows`, which must ascend; see `PatternReader`."""
    return PatternReader(dataset, image_size, resize, descriptor).read(rows)


def resize_patterns(
    patterns: NDArray[np.uint8], size: int, method: Literal["nearest", "maximum"]
) -> NDArray[np.uint8]:
    """Resize (..., height, width) patterns to (..., size, size).

    "nearest": output pixel i is the input pixel under its centre, floor((i + 1/2) length / size).
    "maximum": output pixel i is the largest of the input pixels whose centres lie in it, so no
    spot is lost; an enlarged image has at most one such pixel, and is made by "nearest".
    """
    *others, height, width = patterns.shape
    resized = np.empty((*others, size, size), dtype=np.uint8)
    _take_largest(
        patterns.reshape(-1, height, width),
        _input_pixels(height, size, method),
        _input_pixels(width, size, method),
        resized.reshape(-1, size, size),
    )
    return resized


def _input_pixels(
    length: int, size: int, method: Literal["nearest", "maximum"]
) -> NDArray[np.int64]:
    """Return the first and the last (excluded) input pixel of each output pixel, (size, 2)."""
    if method == "nearest" or size >= length:
        first = (2 * np.arange(size) + 1) * length // (2 * size)
        return np.stack([first, first + 1], axis=1)
    # The first input pixel with (p + 1/2) size / length >= i, in whole numbers.
    borders = -(-(2 * np.arange(size + 1) * length - size) // (2 * size))
    return np.stack([np.maximum(borders[:-1], 0), borders[1:]], axis=1)


@njit(cache=True, nogil=True)
def _take_largest(patterns: Any, rows: Any, columns: Any, resized: Any) -> None:
    """Set each output pixel to the largest of its input pixels; (patterns, height, width)."""
    line = np.empty(patterns.shape[2], dtype=np.uint8)
    for pattern in range(patterns.shape[0]):
        for i in range(rows.shape[0]):
            line[:] = patterns[pattern, rows[i, 0]]
            for row in range(rows[i, 0] + 1, rows[i, 1]):
                for column in range(line.size):
                    line[column] = max(line[column], patterns[pattern, row, column])
            for j in range(columns.shape[0]):
                largest = line[columns[j, 0]]
                for column in range(columns[j, 0] + 1, columns[j, 1]):
                    largest = max(largest, line[column])
                resized[pattern, i, j] = largest
