"""Reading what a network's images are composed of, in the size it takes, and composing them."""

from typing import Any, Literal

import numpy as np
import zarr
from numba import njit
from numpy.typing import NDArray

from spacegrouper.dataset.store import dataset_technique
from spacegrouper.descriptors import powder
from spacegrouper.errors import UserError
from spacegrouper.settings import (
    DESCRIPTORS,
    Augment,
    Descriptor,
    Diffractogram,
    Powder,
    Shape,
)
from spacegrouper.techniques.images import compose_images
from spacegrouper.techniques.patterns.shaping import as_8_bit, normalise


class PatternReader:
    """Reads patterns of a dataset and composes a network's images of them; threads may share it.

    Of views, it reads grey levels resized to what the network takes. For the descriptor "shaped":
    (rows, 2, views, image_size, image_size), [:, 0] the normalised patterns, [:, 1] the shaped
    ones; the normalisation's 256 becomes 255, as in the dataset, whose attribute `shape_settings`
    tells how its patterns were normalised before shaping. Otherwise (rows, 1, views, image_size,
    image_size), the raw patterns. Of powders, it reads the sticks, (rows, 1, 1, 1, angles) uint16.

    `profile`: of powders, the peaks' shape; `augment`: how those that are learnt from are changed;
    `seed`: of their noise and their changes. Raises UserError for a dataset that the descriptor
    cannot be made of.
    """

    def __init__(
        self,
        dataset: zarr.Group,
        image_size: int,
        resize: Literal["nearest", "maximum"],
        descriptor: Descriptor,
        profile: Diffractogram = Diffractogram(),
        augment: Augment = Augment(),
        seed: int = 0,
    ) -> None:
        self._store = str(dataset.store).removeprefix("file://")
        _check_descriptor(dataset, self._store, descriptor)
        names = ("raw", "shaped") if descriptor == "shaped" else ("raw",)
        self._arrays: dict[str, Any] = {name: dataset[name] for name in names}
        self._normalisation = (
            Shape.model_validate(dataset.attrs["shape_settings"])
            if descriptor == "shaped"
            else None
        )
        self._resize: Literal["nearest", "maximum"] = resize
        self._descriptor: Descriptor = descriptor
        self._image_size = image_size
        self._profile, self._augment, self._seed = profile, augment, seed
        self._powder = _powder_of(dataset)
        raw = self._arrays["raw"]
        self.chunk_rows: int = raw.chunks[0]
        self.dtype: np.dtype[Any] = raw.dtype
        size = raw.shape[2:] if self._powder else (image_size, image_size)
        self.pattern_shape: tuple[int, ...] = (len(names), raw.shape[1], *size)
        self._ids: Any = np.asarray(dataset["material_id"]) if self._powder else None

    def read(self, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Read the patterns of `rows`, which must ascend; only chunks that hold one are read.

        Raises UserError for a chunk that cannot be read.
        """
        patterns = np.empty((len(rows), *self.pattern_shape), dtype=self.dtype)
        # Chunk by chunk: that bounds the memory, and large arrays are no faster to fill.
        for first_row in np.unique(rows // self.chunk_rows) * self.chunk_rows:
            start, stop = np.searchsorted(rows, (first_row, first_row + self.chunk_rows))
            offsets = rows[start:stop] - first_row
            for layer, name in enumerate(self._arrays):
                grey = self._read_chunk(name, int(first_row))[offsets]
                if name == "raw" and self._normalisation is not None:
                    for index in np.ndindex(grey.shape[:2]):
                        grey[index] = as_8_bit(normalise(grey[index], self._normalisation))
                patterns[start:stop, layer] = (
                    grey if self._powder else resize_patterns(grey, self._image_size, self._resize)
                )
        return patterns

    def compose(
        self,
        patterns: NDArray[Any],
        rows: NDArray[np.integer[Any]],
        epoch: int | None = None,
    ) -> list[NDArray[np.float32]]:
        """Compose the images of `rows`, in any order, of the patterns that were read of them.

        As descriptors.images.compose_images; of powders one image (rows, size, size, 3), or
        diffractogram (rows, size, 1). `epoch`: of the learning, which has changes and noise of its
        own; None: nothing is changed, and the noise is that of the crystal.
        """
        if self._powder is None:
            return compose_images(patterns, self._descriptor)
        generators = powder.generators(self._ids[rows].tolist(), self._seed, epoch)
        augment = None if epoch is None else self._augment
        drawn = self._descriptor == "powder"
        points = powder.IMAGE_POINTS if drawn else self._image_size
        sticks = patterns[:, 0, 0, 0]
        curves = powder.diffractograms(
            sticks, self._powder, self._profile, points, augment, generators
        )
        if not drawn:
            return [curves[:, :, None]]
        images = powder.draw_images(curves, self._image_size)
        if augment is not None:
            images = powder.augment_images(images, augment, generators)
        return compose_images(images[:, None, None], "powder")

    def _read_chunk(self, name: str, first_row: int) -> NDArray[Any]:
        try:
            return np.asarray(self._arrays[name][first_row : first_row + self.chunk_rows])
        except Exception as error:  # whatever codecs raise at damaged bytes: there is no one class
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(
                f"{self._store}: `{name}` cannot be read from row {first_row} on ({reason}); "
                "find the damage with scripts/verify_dataset.py, which can also repair it"
            ) from error


def _check_descriptor(dataset: zarr.Group, store: str, descriptor: Descriptor) -> None:
    technique = dataset_technique(dataset)
    if descriptor not in DESCRIPTORS[technique]:
        raise UserError(
            f"{store}: holds {technique} data, of which the descriptor can be "
            f"{' or '.join(DESCRIPTORS[technique])}, not {descriptor}; change train.descriptor"
        )
    raw: Any = dataset["raw"]
    wanted = (1, 3) if descriptor == "morphology" else (3,)
    if technique != "powder" and raw.shape[1] not in wanted:
        raise UserError(
            f"{store}: has {raw.shape[1]} views, but the descriptor {descriptor} needs "
            f"{' or '.join(map(str, wanted))}; simulate it anew with as many"
        )


def _powder_of(dataset: zarr.Group) -> Powder | None:
    """Return what the sticks of a dataset of powders were made with, or None for others."""
    if dataset_technique(dataset) != "powder":
        return None
    settings: Any = dataset.attrs["simulate_settings"]
    return Powder.model_validate_json(settings["powder"])


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
