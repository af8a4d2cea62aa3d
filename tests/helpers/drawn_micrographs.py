"""Micrographs drawn spot by spot: what is true of them is known without any simulation."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VECTORS = np.array([[1.5, 24.0], [-31.0, 2.0]])  # pixels along rows and columns
CENTRE = np.array([121.3, 134.8])


def any_intensity(h: int, k: int) -> float:
    """Return an intensity that is equal for Friedel mates alone."""
    h, k = max((h, k), (-h, -k))
    return float(np.random.default_rng([h + 50, k + 50]).uniform(0.05, 1))


def drawn(
    intensity: Callable[[int, int], float] = any_intensity,
    vectors: Floats = VECTORS,
    centre: Floats = CENTRE,
    size: int = 256,
    stop: float = 0.0,
    seed: int = 0,
) -> Floats:
    """Draw Gaussian spots on the nodes of a lattice, a halo, a beam stop of a radius, and noise."""
    rows, columns = np.indices((size, size))
    image = np.zeros((size, size))
    for h in range(-12, 13):
        for k in range(-12, 13):
            row, column = centre + np.array([h, k]) @ vectors
            if not (-10 < row < size + 10 and -10 < column < size + 10):
                continue
            away = np.hypot(row - centre[0], column - centre[1])
            height = 3e4 if h == k == 0 else 3000 * intensity(h, k) * np.exp(-((away / 90) ** 2))
            image += height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 1.5**2))
    away = np.hypot(rows - centre[0], columns - centre[1])
    image += 200 * np.exp(-away / 40) + 20
    if stop:
        image *= np.where(
            (away < stop) | ((np.abs(columns - centre[1]) < 4) & (rows > 121)), 0.03, 1
        )
    noisy: Floats = np.random.default_rng(seed).poisson(image).astype(np.float64)
    return noisy
