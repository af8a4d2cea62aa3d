"""Patterns as a network learns from, of a detector that is small enough for tests."""

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.simulation import simulate_crystals

SMALL = Simulate(pixels=64)
ROCK_SALT = Crystal(
    "rock-salt",
    5.64 * np.eye(3),
    ("Na",) * 4 + ("Cl",) * 4,
    np.array(
        [
            *([0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]),
            *([0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]),
        ]
    ),
)


def simulated(settings: Simulate = SMALL, crystal: Crystal = ROCK_SALT) -> NDArray[np.uint8]:
    """Simulate a crystal; (3, pixels, pixels)."""
    (part,) = simulate_crystals([crystal], settings, 0, 1)
    patterns: NDArray[np.uint8] = part.values[0]
    return patterns
