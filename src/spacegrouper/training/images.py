"""Reading the patterns that a network's images are composed of, in the size it takes."""

from typing import Any, Literal

import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.config.sections import Descriptor, Shape
from spacegrouper.descriptors.shaped import as_8_bit, normalise

# Crystals decompressed at a time, about: bounds the memory, whatever the size of the dataset.
_CRYSTALS_AT_A_TIME = 64


def read_patterns(
    dataset: zarr.Group,
    rows: NDArray[np.integer[Any]],
    image_size: int,
    resize: Literal["nearest", "maximum"],
    descriptor: Descriptor,
) -> NDArray[np.uint8]:
    """Read the patterns of `rows`, which must ascend, resized to what a network takes.

    Returns grey levels, for descriptors.images.compose_images. For the descriptor "shaped":
    (rows, 2, views, image_size, image_size), [:, 0] the normalised patterns, [:, 1] the shaped
    ones; the normalisation's 256 becomes 255, as in the dataset, whose attribute `shape_settings`
    tells how its patterns were normalised before shaping. Otherwise (rows, 1, views, image_size,
    image_size), the raw patterns. Only chunks that hold a wanted row are read.
    """
    raw: Any = dataset["raw"]
    views = raw.shape[1]
    layers = 2 if descriptor == "shaped" else 1
    patterns = np.empty((len(rows), layers, views, image_size, image_size), dtype=np.uint8)
    step = raw.chunks[0] * -(-_CRYSTALS_AT_A_TIME // raw.chunks[0])
    for start in np.unique(rows // step) * step:
        first, last = np.searchsorted(rows, (start, start + step))
        wanted = rows[first:last]
        # Whole chunks are decompressed anyway: one slice is faster than single rows.
        extent = slice(int(wanted[0]), int(wanted[-1]) + 1)
        offsets = wanted - wanted[0]
        read = [np.asarray(raw[extent])[offsets]]
        if descriptor == "shaped":
            settings = Shape.model_validate(dataset.attrs["shape_settings"])
            shaped: Any = dataset["shaped"]
            for index in np.ndindex(read[0].shape[:2]):
                read[0][index] = as_8_bit(normalise(read[0][index], settings))
            read.append(np.asarray(shaped[extent])[offsets])
        for layer, grey in enumerate(read):
            patterns[first:last, layer] = resize_patterns(grey, image_size, resize)
    return patterns


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
