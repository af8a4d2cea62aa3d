"""By how much two crystals differ: the strain between their lattices, the moves of their atoms."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.lattice_bases import bases_with_lengths, cosines
from spacegrouper.crystals.neighbours import reduced_cell
from spacegrouper.crystals.primitive_cell import Cell, primitive_cell

LATTICE_TOLERANCE = 1e-3  # largest strain of a lattice that counts as unchanged
ATOM_TOLERANCE = 0.01  # Angstrom, largest move of an atom that counts as none

# What differs more is not the same crystal, strained, but another one.
_LARGEST_STRAIN = 0.05
_LARGEST_MOVE = 1.0  # Angstrom


@dataclass(frozen=True)
class Difference:
    """How one crystal must be deformed to become another.

    Args:
        strain: the largest relative change of a length.
        move: Angstrom, the farthest that an atom moves besides, where one atom stays in place.
    """

    strain: float
    move: float

    @property
    def within_tolerances(self) -> bool:
        """Whether the crystals count as the same."""
        return self.strain <= LATTICE_TOLERANCE and self.move <= ATOM_TOLERANCE

    @property
    def size(self) -> float:
        """Strain and move added up, both in units of their tolerances."""
        return self.strain / LATTICE_TOLERANCE + self.move / ATOM_TOLERANCE


def difference(earlier: Crystal, later: Crystal) -> Difference | None:
    """Return the smallest difference between two crystals.

    How the crystals are written plays no role; mirror images are the same. Every correspondence of
    the reduced lattices that the strain allows is tried, with one atom of the rarest element put on
    each of its kind; each atom must have one counterpart.

    Returns:
        The smallest difference, or any within the tolerances; None for other contents of the
        primitive cell, a strain beyond 5 %, and atoms that move beyond 1 Angstrom.
    """
    first, second = (_reduced(*primitive_cell(*_cell(each))) for each in (earlier, later))
    if not np.array_equal(first[1], second[1]):
        # An atom may have moved out of a translation that the given cells repeat.
        first, second = _reduced(*_cell(earlier)), _reduced(*_cell(later))
        if not np.array_equal(first[1], second[1]):
            return None
    smallest = None
    for strain, basis in _lattice_matches(first[0], second[0]):
        if smallest is not None and strain / LATTICE_TOLERANCE >= smallest.size:
            break
        coords = second[2] @ np.linalg.inv(basis)
        for move in _moves(first, coords):
            found = Difference(strain, move)
            if smallest is None or found.size < smallest.size:
                smallest = found
            if smallest.within_tolerances:
                return smallest
    return smallest


def _cell(crystal: Crystal) -> Cell:
    """Return the crystal's cell as arrays, its atoms ordered by element."""
    numbers = np.array([gemmi.Element(name).atomic_number for name in crystal.species])
    order = np.argsort(numbers, kind="stable")
    return crystal.lattice, numbers[order], crystal.frac_coords[order]


def _reduced(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> Cell:
    order = np.argsort(numbers, kind="stable")
    lattice, frac_coords = reduced_cell(lattice, frac_coords[order])
    return lattice, numbers[order], frac_coords


def _lattice_matches(
    earlier: NDArray[np.float64], later: NDArray[np.float64]
) -> list[tuple[float, NDArray[np.int64]]]:
    """Return the bases of the later lattice that are like the earlier, by rising strain."""
    lengths = np.linalg.norm(earlier, axis=1)
    bases = bases_with_lengths(later, lengths, _LARGEST_STRAIN)
    close = (
        np.abs(cosines(bases @ later) - cosines(earlier[None])).max(axis=1) < 2 * _LARGEST_STRAIN
    )
    bases = bases[close]
    deformations = np.linalg.inv(earlier) @ bases @ later
    stretches = np.linalg.svd(deformations, compute_uv=False)
    strains = np.abs(stretches - 1).max(axis=1)
    return [
        (float(strains[index]), bases[index])
        for index in np.argsort(strains, kind="stable")
        if strains[index] < _LARGEST_STRAIN
    ]


def _moves(cell: Cell, frac_coords: NDArray[np.float64]) -> Iterator[float]:
    """Yield the farthest move of an atom for each way of putting one atom on another.

    cell: the earlier one; frac_coords: the later atoms, in the cell vectors that correspond to
    those of the earlier.
    """
    lattice, numbers, earlier = cell
    _, starts, counts = np.unique(numbers, return_index=True, return_counts=True)
    # The rarest element first: it tells most quickly that atoms do not fit.
    order = np.argsort(counts, kind="stable")
    groups = [slice(starts[index], starts[index] + counts[index]) for index in order]
    for atom in frac_coords[groups[0]]:
        shifted = frac_coords + earlier[groups[0]][0] - atom
        moves = []
        for group in groups:
            step = shifted[group, None] - earlier[None, group]
            step = (step - np.round(step)) @ lattice
            squares = np.einsum("ijk,ijk->ij", step, step)
            nearest = squares.argmin(axis=1)
            rows = np.arange(len(nearest))
            # The atom put in place may be the one that has moved: others then look twice as far.
            too_far = squares[rows, nearest].max() > (2 * _LARGEST_MOVE) ** 2
            if too_far or len(np.unique(nearest)) < len(nearest):
                break
            moves.append(step[rows, nearest])
        else:
            move = _farthest(np.concatenate(moves))
            if move < _LARGEST_MOVE:
                yield move


def _farthest(moves: NDArray[np.float64]) -> float:
    """Return the longest of the moves (n, 3), if all are seen from the atom that suits best."""
    between = moves[:, None] - moves[None, :]
    squares = np.einsum("ijk,ijk->ij", between, between)
    return math.sqrt(float(squares.max(axis=1).min()))
