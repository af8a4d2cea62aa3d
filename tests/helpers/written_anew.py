"""A crystal in other words: what must not depend on how it is written is the same for both."""

import numpy as np
from scipy.spatial.transform import Rotation

from spacegrouper.crystals.crystal import Crystal


def unimodular(random):
    matrix = np.eye(3)
    for _ in range(4):
        first, second = random.choice(3, 2, replace=False)
        matrix[first] += random.integers(-1, 2) * matrix[second]
    return matrix


def written_anew(crystal, seed):
    """The same crystal in another cell, about another origin, turned, shuffled and wrapped."""
    random = np.random.default_rng(seed)
    return written_in(crystal, unimodular(random), random, seed)


def written_in(crystal, matrix, random, seed):
    """The same crystal in a cell that is given, otherwise as `written_anew`."""
    order = random.permutation(len(crystal.species))
    coords = crystal.frac_coords[order] @ np.linalg.inv(matrix) + random.random(3)
    return Crystal(
        crystal.id,
        matrix @ crystal.lattice @ Rotation.random(random_state=seed).as_matrix(),
        tuple(crystal.species[index] for index in order),
        (coords + random.integers(-2, 3, size=coords.shape)) % 1,
    )
