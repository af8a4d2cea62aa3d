"""The habit of a crystal: its faces by the rule of Bravais, Friedel, Donnay and Harker.

A face grows the more slowly, and so is the larger, the wider its lattice planes are spaced
(Bravais, Friedel). Where centring, glide planes or screw axes repeat the crystal within that
spacing, so that X-ray reflections of the face are absent, the smaller spacing counts: that of the
first order that is not absent. J. D. H. Donnay, D. Harker, Am. Mineral. 22, 446 (1937).

The rule knows the lattice and the space group, no atoms and no bonds. docs/morphology.md says how
far it goes.
"""

import itertools
import math
from dataclasses import dataclass

import gemmi
import numpy as np
import spglib
from numpy.typing import NDArray
from scipy.spatial import HalfspaceIntersection

from spacegrouper.crystals.crystal import Crystal

# Angstrom; standard cells are symmetric to the digits that files keep.
_SYMPREC = 0.01
# Translations of space groups are multiples of 1/2, 1/3, 1/4 and 1/6 along a reciprocal vector.
_ORDERS = (1, 2, 3, 4, 6)
_PHASE_TOLERANCE = 0.03  # of a turn; 1/3 and 1/4 are 1/12 apart
# Relative to the smallest distance of a face, of corners and planes that coincide. Faces that but
# touch an edge or a corner, as {110} touches the cube of a primitive lattice, are none.
_TOLERANCE = 1e-6
_SMALLEST_AREA = 1e-6  # of a face, relative to the largest


@dataclass(frozen=True, eq=False)
class Facet:
    """A face of a crystal whose centre is at the origin; lengths are in 1/Angstrom.

    index: its Miller indices, without a common factor; order: the first one of its reflections
    that is not absent; normal: (3,), outward, of length 1; distance: from the centre, the growth
    rate 1/d; area: in 1/Angstrom^2; polygon: (corners, 3), anticlockwise as seen from outside.
    """

    index: tuple[int, int, int]
    order: int
    normal: NDArray[np.float64]
    distance: float
    area: float
    polygon: NDArray[np.float64]


def habit(crystal: Crystal, largest_index: int) -> tuple[Facet, ...]:
    """Return the faces of a crystal, in the Cartesian frame of its lattice, ordered by index.

    Considered are faces with Miller indices up to `largest_index`, and those that are equivalent
    to them. By Friedel's law opposite faces are alike: the habit has the symmetry of the Laue
    class. Any cell will do, but Miller indices are those of the cell given.
    Raises ValueError, in one line, for a cell whose symmetry cannot be found or is of another space
    group than `spacegroup` in the crystal's metadata.
    """
    rotations, translations = _symmetry(crystal)
    faces = candidate_faces(rotations, largest_index)
    orders = first_orders(faces, rotations, translations)
    if not orders.all():
        raise ValueError("the symmetry of the cell is too inexact to tell which reflections it has")
    reciprocal = np.linalg.inv(crystal.lattice).T
    vectors = faces @ reciprocal
    lengths = np.linalg.norm(vectors, axis=1)
    distances = orders * lengths
    normals = vectors / lengths[:, None]
    corners = _corners(normals, distances)
    meeting = np.abs(normals @ corners.T - distances[:, None]) < _TOLERANCE * distances.min()
    facets = []
    for face in np.flatnonzero(meeting.sum(axis=1) >= 3):
        polygon, area = _polygon(corners[meeting[face]], normals[face])
        first, second, third = (int(index) for index in faces[face])
        facets.append(
            Facet(
                index=(first, second, third),
                order=int(orders[face]),
                normal=normals[face],
                distance=float(distances[face]),
                area=area,
                polygon=polygon,
            )
        )
    largest = max(facet.area for facet in facets)
    return tuple(facet for facet in facets if facet.area > _SMALLEST_AREA * largest)


def candidate_faces(rotations: NDArray[np.int64], largest_index: int) -> NDArray[np.int64]:
    """Return the Miller indices (faces, 3) up to a largest one, and all that are equivalent.

    Each face once, in the order of the indices; none has a common factor. `rotations`: (operations,
    3, 3), of the symmetry operations in the basis of the cell.
    """
    values = range(-largest_index, largest_index + 1)
    indices = np.array([i for i in itertools.product(values, repeat=3) if math.gcd(*i) == 1])
    # As rows, indices are multiplied from the left: h R is what the inverse of R makes of h.
    faces = (indices @ np.unique(rotations, axis=0)).reshape(-1, 3)
    # NumPy sorts whole numbers much faster than rows of them.
    base = 2 * np.abs(faces).max() + 1
    _, first = np.unique((faces @ [base**2, base, 1]), return_index=True)
    return np.asarray(faces[first])


def first_orders(
    faces: NDArray[np.int64], rotations: NDArray[np.int64], translations: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the smallest order n of each face at which the reflection n(hkl) is not absent.

    It is 0 where the translations are no such as space groups have.
    faces: (faces, 3); rotations and translations: (operations, 3, 3) and (operations, 3), in the
    basis of any cell and about any origin, pure translations of the cell's centring included.
    A reflection is absent where an operation (R, t) leaves its indices, h R = h, but shifts its
    phase, h t being no whole number: International Tables A (2016), chapter 1.6.
    """
    turned = np.einsum("fi,oij->foj", faces, rotations)
    leaves = (turned == faces[:, None]).all(axis=2)
    phases = np.where(leaves, faces @ translations.T, 0)
    orders = np.zeros(len(faces), dtype=np.int64)
    for order in reversed(_ORDERS):
        off = np.abs(phases - np.round(order * phases) / order)
        orders[(off < _PHASE_TOLERANCE).all(axis=1)] = order
    return orders


def _symmetry(crystal: Crystal) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    numbers = [gemmi.Element(name).atomic_number for name in crystal.species]
    cell = (crystal.lattice, crystal.frac_coords, numbers)
    found = spglib.get_symmetry_dataset(cell, symprec=_SYMPREC)
    if found is None:
        raise ValueError("spglib finds no symmetry of the cell")
    said = crystal.metadata.get("spacegroup", found.number)
    if found.number != said:
        raise ValueError(
            f"the cell has space group {found.number} within {_SYMPREC} Angstrom, not {said}"
        )
    return found.rotations.astype(np.int64), found.translations


def _corners(normals: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners (corners, 3) of the body that all planes (faces,) bound."""
    scale = distances.min()
    halfspaces = np.column_stack([normals, -distances / scale])
    # With (100), (010) and (001) and their opposites among them, the planes always bound a body.
    corners = HalfspaceIntersection(halfspaces, np.zeros(3)).intersections
    # Where more than three planes meet, a corner is found once for every three of them.
    _, first = np.unique(np.round(corners, 7), axis=0, return_index=True)
    return np.asarray(scale * corners[np.sort(first)])


def _polygon(
    corners: NDArray[np.float64], normal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return the corners of a face in order, anticlockwise from outside, and its area."""
    arms = corners - corners.mean(axis=0)
    along = arms[np.linalg.norm(arms, axis=1).argmax()]
    along = along / np.linalg.norm(along)
    x, y = arms @ along, arms @ np.cross(normal, along)
    order = np.argsort(np.arctan2(y, x), kind="stable")
    x, y = x[order], y[order]
    # The shoelace formula.
    area = (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return corners[order], float(area)
