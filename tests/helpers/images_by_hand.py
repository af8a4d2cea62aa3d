"""What networks are shown of patterns (docs/networks.md), of NumPy alone."""

import numpy as np
from numpy.typing import NDArray

from spacegrouper.dataset.dataset import Dataset


def resized(patterns: NDArray[np.uint8], size: int, method: str) -> NDArray[np.uint8]:
    """Resize (..., pixels, pixels) to a size that is not larger; see `train.resize`."""
    pixels = patterns.shape[-1]
    if method == "nearest":
        under = ((np.arange(size) + 0.5) * pixels / size).astype(int)
        return patterns[..., under[:, None], under]
    home = ((np.arange(pixels) + 0.5) * size / pixels + 1e-9).astype(int)
    found = np.zeros((*patterns.shape[:-2], size, size), dtype=patterns.dtype)
    np.maximum.at(found, (..., home[:, None], home), patterns)
    return found


def normalised(raw: NDArray[np.uint8], window: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale (..., y, x) so that the brightest is 256, cut to 255; the window stays as it is."""
    inside = np.zeros(raw.shape[-2:], dtype=bool)
    inside[window[0] : window[1] + 1, window[0] : window[1] + 1] = True
    brightest = np.where(inside, 0, raw).max(axis=(-2, -1), keepdims=True)
    scaled = np.minimum(raw.astype(int) * 256 // np.maximum(brightest, 1), 255)
    return np.where(inside | (brightest == 0), raw, scaled).astype(np.uint8)


def images_by_hand(
    dataset: Dataset,
    rows: NDArray[np.integer],
    size: int,
    descriptor: str,
    resize: str = "nearest",
) -> list[NDArray[np.float32]]:
    """Return the images, each (rows, size, size, 3), of the descriptor shaped, raw or spot."""
    arrays = dataset.read(rows)
    raw = resized(arrays["raw"], size, resize)
    if descriptor == "spot":
        images = [np.moveaxis(raw, 1, -1)]
    else:
        images = [np.stack([raw[:, view]] * 3, axis=-1) for view in range(3)]
    if descriptor == "shaped":
        plain = normalised(arrays["raw"], dataset.settings["shape"]["central_window"])
        plain, shaped = (resized(levels, size, resize) for levels in (plain, arrays["shaped"]))
        for view, image in enumerate(images):
            image[...] = plain[:, view, :, :, None]
            image[..., view] = shaped[:, view]
    return [image / np.float32(255) for image in images]
