"""Atoms and their periodic images in a box around one cell, from which neighbours are found."""

import itertools

import numpy as np
import spglib
from numpy.typing import NDArray
from scipy.spatial import cKDTree


def reduced_cell(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Describe the same atoms in a Niggli-reduced cell, wrapped to [0, 1).

    The cell vectors of the result are the shortest there are, so that few images suffice however
    skewed the given cell is.

    Args:
        lattice: (3, 3), Angstrom, rows.
        frac_coords: (n, 3).
    """
    reduced = spglib.niggli_reduce(lattice)
    if reduced is None:  # no reduction found: the given cell is as right, only slower
        reduced = lattice
    coords = frac_coords @ lattice @ np.linalg.inv(reduced)
    return np.asarray(reduced, dtype=np.float64), coords - np.floor(coords)


def periodic_images(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return every image that may lie within `radius` of an atom of the cell.

    Args:
        lattice: (3, 3), Angstrom, rows.
        frac_coords: (n, 3), in [0, 1).
        radius: Angstrom.

    Returns:
        The positions (m, 3), Angstrom, and which of the n atoms each is an image of, (m,).
    """
    # A layer of this thickness, in units of the cell vectors, is `radius` thick in Angstrom.
    margin = radius * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    layers = [range(-n, n + 1) for n in np.ceil(margin).astype(int)]
    shifts = np.array(list(itertools.product(*layers)))
    images = frac_coords[None, :, :] + shifts[:, None, :]
    inside = ((images >= -margin) & (images <= 1 + margin)).all(axis=2)
    return images[inside] @ lattice, np.nonzero(inside)[1]


def closer_than(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64], distance: float
) -> tuple[int, int] | None:
    """Return two atoms of the crystal that are closer than `distance`, or None.

    Args:
        lattice: (3, 3), Angstrom, rows.
        frac_coords: (n, 3).
        distance: Angstrom.

    Returns:
        The atoms; twice the same where one is too close to its own image.
    """
    lattice, frac_coords = reduced_cell(lattice, frac_coords)
    if np.linalg.norm(lattice, axis=1).min() < distance:
        return 0, 0
    images, owners = periodic_images(lattice, frac_coords, distance)
    pairs = cKDTree(images).query_pairs(distance, output_type="ndarray")
    if len(pairs) == 0:
        return None
    first, second = min(tuple(sorted(owners[pair].tolist())) for pair in pairs)
    return first, second
