"""What networks see: RGB images composed of a crystal's patterns, by the name of the descriptor.

"shaped": three images, one for each view, that view's shaped pattern in its own channel and its
normalised pattern in the other two: Tiong, Kim, Han, Kim, npj Comput. Mater. 6:196 (2020).
"spot": one image, whose channels are the raw patterns of the three views: Ziletti, Kumar,
Scheffler, Ghiringhelli, Nat. Commun. 9:2775 (2018).
"raw": three images, one for each view, its raw pattern in all channels.
"morphology": one image, whose channels are the bitmaps of three views, or that of a single one.
"powder": one grey image, the diffractogram as descriptors/powder.py draws it.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.settings import Descriptor

_GREY_LEVELS = np.arange(256, dtype=np.float32) / np.float32(255)


def compose_images(
    patterns: NDArray[np.uint8], descriptor: Descriptor
) -> list[NDArray[np.float32]]:
    """Compose the images of crystals, each (crystals, size, size, 3), 0 to 1.

    `patterns`: for "shaped" (crystals, 2, 3, size, size), [:, 0] the normalised patterns of the x,
    y and z view and [:, 1] the shaped ones; otherwise (crystals, 1, 3, size, size), the raw ones,
    or for "morphology" and "powder" (crystals, 1, views, size, size) with one or three views.
    Returns the images of the x, y and z view; for "spot", "morphology" and "powder" a single one.
    """
    views = [0, 0, 0] if patterns.shape[2] == 1 else [0, 1, 2]
    match descriptor:
        case "spot" | "morphology" | "powder":
            return [_image(*(patterns[:, 0, view] for view in views))]
        case "raw":
            return [_image(*[patterns[:, 0, view]] * 3) for view in views]
        case "shaped":
            return [_shaped_image(patterns, view) for view in views]
        case other:
            raise ValueError(f"no images are composed for the descriptor {other!r}")


def _shaped_image(patterns: NDArray[np.uint8], view: int) -> NDArray[np.float32]:
    normalised, shaped = patterns[:, 0, view], patterns[:, 1, view]
    return _image(*(shaped if channel == view else normalised for channel in range(3)))


def _image(
    red: NDArray[np.uint8], green: NDArray[np.uint8], blue: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Return RGB images, 0 to 1, of grey levels (crystals, size, size)."""
    image = np.empty((*red.shape, 3), dtype=np.float32)
    _fill(image, red, green, blue)
    return image


@njit(cache=True, nogil=True)
def _fill(image: Any, red: Any, green: Any, blue: Any) -> None:
    for crystal in range(red.shape[0]):
        for row in range(red.shape[1]):
            for column in range(red.shape[2]):
                pixel = image[crystal, row, column]
                pixel[0] = _GREY_LEVELS[red[crystal, row, column]]
                pixel[1] = _GREY_LEVELS[green[crystal, row, column]]
                pixel[2] = _GREY_LEVELS[blue[crystal, row, column]]
