"""Images that networks see: resized, and composed of grey levels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Levels, Presentation, Resize

_FOREST_SIZE = 64
# Orange, sky blue and purple, which are light on black, and which the colour-blind tell apart too;
# together they are white.
_VIEW_COLOURS = np.array([[255, 170, 60], [86, 180, 233], [225, 130, 190]]) / 255


@dataclass(frozen=True)
class RawImages:
    """Composes images of raw patterns or bitmaps alone.

    Args:
        image_size: pixels along each edge.
        resize: how they become of that size, see `resize_patterns`.
        images: of views (n, views, size, size), the network's images.
    """

    image_size: int
    resize: Resize
    images: Callable[[Levels], list[NDArray[np.float32]]]

    def prepare(self, arrays: Arrays) -> Levels:
        """Return the raw patterns, (n, views, size, size)."""
        return resize_patterns(arrays["raw"], self.image_size, self.resize)

    def compose(
        self, prepared: Levels, ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the images, each (n, size, size, 3), 0 to 1; nothing of them is random."""
        return self.images(prepared)


@dataclass(frozen=True)
class ForestPixels:
    """Composes what a forest sees of images: the logarithm of grey levels of few pixels.

    Args:
        array: the name of the dataset's array of patterns or bitmaps.
        logarithmic: whether the grey levels are logarithms already.
    """

    array: str
    logarithmic: bool = False

    def prepare(self, arrays: Arrays) -> Levels:
        """Return the largest grey levels of the pixels that fall together, (n, views, 64, 64)."""
        return resize_patterns(arrays[self.array], _FOREST_SIZE, "maximum")

    def compose(
        self, prepared: Levels, ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return log(1 + g) of the grey levels g, (n, views, 64, 64); nothing is random.

        Logarithmic ones are returned as shares of white.
        """
        table = _shares_of_white if self.logarithmic else _logarithms
        return [table(prepared.dtype)[prepared]]


def forest_pixels(array: str, presentation: Presentation) -> ForestPixels:
    """Return what a forest sees of an array of patterns or bitmaps."""
    simulate = presentation.made_with.get("simulate", {})
    return ForestPixels(array, simulate.get("grey_scale") == "logarithmic")


def white_of(dtype: np.dtype[Any]) -> int:
    """Return the highest grey level of a type."""
    return int(np.iinfo(dtype).max)


def levels_of_one(dtype: np.dtype[Any]) -> int:
    """Return how many grey levels of a type are one of 8 bits: 1 or 257."""
    return white_of(dtype) // 255


@cache
def _logarithms(dtype: np.dtype[Any]) -> NDArray[np.float32]:
    return np.log1p(np.arange(white_of(dtype) + 1, dtype=np.float32))


@cache
def _shares_of_white(dtype: np.dtype[Any]) -> NDArray[np.float32]:
    return np.arange(white_of(dtype) + 1, dtype=np.float32) / np.float32(white_of(dtype))


def one_image(patterns: Levels) -> list[NDArray[np.float32]]:
    """Return one image, whose channels are three views, or a single one (n, views, size, size)."""
    views = [0, 0, 0] if patterns.shape[1] == 1 else [0, 1, 2]
    return [rgb(*(patterns[:, view] for view in views))]


def image_of_each(patterns: Levels) -> list[NDArray[np.float32]]:
    """Return a grey image of each of three views (n, 3, size, size)."""
    return [rgb(*[patterns[:, view]] * 3) for view in range(3)]


def rgb(red: Levels, green: Levels, blue: Levels) -> NDArray[np.float32]:
    """Return RGB images, 0 to 1, of grey levels (crystals, size, size)."""
    image = np.empty((*red.shape, 3), dtype=np.float32)
    _fill(image, red, green, blue, _shares_of_white(red.dtype))
    return image


@njit(cache=True, nogil=True)
def _fill(image: Any, red: Any, green: Any, blue: Any, shares: Any) -> None:
    for crystal in range(red.shape[0]):
        for row in range(red.shape[1]):
            for column in range(red.shape[2]):
                pixel = image[crystal, row, column]
                pixel[0] = shares[red[crystal, row, column]]
                pixel[1] = shares[green[crystal, row, column]]
                pixel[2] = shares[blue[crystal, row, column]]


def in_view_colours(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an RGB image of three views, (y, x, 3), for people: in colours that are seen on black.

    What all channels share stays grey.
    """
    grey = image.min(axis=-1, keepdims=True)
    shown: NDArray[np.float64] = np.minimum(grey + (image - grey) @ _VIEW_COLOURS, 255)
    return np.rint(shown).astype(np.uint8)


def resize_patterns(patterns: Levels, size: int, method: Resize) -> Levels:
    """Resize (..., height, width) patterns to (..., size, size).

    "nearest": output pixel i is the input pixel under its centre, floor((i + 1/2) length / size).
    "maximum": output pixel i is the largest of the input pixels whose centres lie in it, so no
    spot is lost; an enlarged image has at most one such pixel, and is made by "nearest".
    """
    *others, height, width = patterns.shape
    resized = np.empty((*others, size, size), dtype=patterns.dtype)
    _take_largest(
        patterns.reshape(-1, height, width),
        _input_pixels(height, size, method),
        _input_pixels(width, size, method),
        resized.reshape(-1, size, size),
    )
    return resized


def _input_pixels(length: int, size: int, method: Resize) -> NDArray[np.int64]:
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
    line = np.empty(patterns.shape[2], dtype=patterns.dtype)
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
