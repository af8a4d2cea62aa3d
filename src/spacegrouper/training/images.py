"""From patterns to what a network sees: normalised, resized, one RGB image for each view."""

from typing import Any, Literal

import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.config.sections import Shape
from spacegrouper.descriptors.shaped import as_8_bit, normalise

# Crystals decompressed at a time, about: bounds the memory, whatever the size of the dataset.
_CRYSTALS_AT_A_TIME = 64


def read_patterns(
    dataset: zarr.Group,
    rows: NDArray[np.integer[Any]],
    image_size: int,
    resize: Literal["nearest", "maximum"],
) -> NDArray[np.uint8]:
    """Read the patterns of `rows`, which must ascend, resized to what a network takes.

    Returns (rows, 2, views, image_size, image_size): [:, 0] the normalised patterns, [:, 1] the
    shaped ones, both in grey levels. The normalisation's 256 becomes 255, as in the dataset.
    Only chunks that hold a wanted row are read. The dataset's attribute `shape_settings` tells
    how its patterns were normalised before shaping.
    """
    settings = Shape.model_validate(dataset.attrs["shape_settings"])
    raw: Any = dataset["raw"]
    shaped: Any = dataset["shaped"]
    views = raw.shape[1]
    patterns = np.empty((len(rows), 2, views, image_size, image_size), dtype=np.uint8)
    step = raw.chunks[0] * -(-_CRYSTALS_AT_A_TIME // raw.chunks[0])
    for start in np.unique(rows // step) * step:
        first, last = np.searchsorted(rows, (start, start + step))
        wanted = rows[first:last]
        # Whole chunks are decompressed anyway: one slice is faster than single rows.
        extent = slice(int(wanted[0]), int(wanted[-1]) + 1)
        offsets = wanted - wanted[0]
        grey = np.asarray(raw[extent])[offsets]
        for index in np.ndindex(grey.shape[:2]):
            grey[index] = as_8_bit(normalise(grey[index], settings))
        patterns[first:last, 0] = resize_patterns(grey, image_size, resize)
        patterns[first:last, 1] = resize_patterns(
            np.asarray(shaped[extent])[offsets], image_size, resize
        )
    return patterns


def compose_images(patterns: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Compose the RGB images of each crystal's three views, channels last, 0..1.

    `patterns`: (crystals, 2, 3, size, size) as `read_patterns` returns. Returns the images of the
    x, y and z view, each (crystals, size, size, 3): the x view has the shaped pattern in red, the
    y view in green, the z view in blue, and the normalised one in the other two channels.
    """
    images = []
    for view in range(3):
        normalised, shaped = patterns[:, 0, view], patterns[:, 1, view]
        channels = [shaped if channel == view else normalised for channel in range(3)]
        images.append(np.stack(channels, axis=-1).astype(np.float32) / np.float32(255))
    return images


def resize_patterns(
    patterns: NDArray[np.uint8], size: int, method: Literal["nearest", "maximum"]
) -> NDArray[np.uint8]:
    """Resize (..., height, width) patterns to (..., size, size).

    "nearest": output pixel i is the input pixel under its centre, floor((i + 1/2) length / size).
    "maximum": output pixel i is the largest of the input pixels whose centres lie in it, so no
    spot is lost; an enlarged image has at most one such pixel, and is made by "nearest".
    """
    for axis in (-2, -1):
        length = patterns.shape[axis]
        if method == "nearest" or size >= length:
            under_centre = (2 * np.arange(size) + 1) * length // (2 * size)
            patterns = patterns.take(under_centre, axis=axis)
        else:
            # The first input pixel with (p + 1/2) size / length >= i, in whole numbers.
            first = -(-(2 * np.arange(size) * length - size) // (2 * size))
            patterns = np.maximum.reduceat(patterns, np.maximum(first, 0), axis=axis)
    return patterns
