"""The points of a square grid about 0: nodes of a lattice, or steps from a pixel."""

import numpy as np

from spacegrouper.techniques.micrographs.micrograph import Indices


def grid_points(largest: int) -> Indices:
    """Return rows and columns -largest to largest, (n, 2), row by row."""
    line = np.arange(-largest, largest + 1)
    found: Indices = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return found
