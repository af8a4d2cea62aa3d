"""The conventional cell that a lattice alone suggests, whatever the atoms in it.

A measurement knows a crystal's lattice before its symmetry. Here the rotations of the lattice are
sought within a tolerance (gemmi, after Y. Le Page, J. Appl. Cryst. 15, 255, 1982, and P. H. Zwart
et al., CCP4 Newsletter 44, 2006), and axes are laid along them as the International Tables do for
the Bravais lattices. Lengths and angles stay as they are given.
"""

import itertools

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.atom_order import SAME_PLACE
from spacegrouper.crystals.canonical_cell import in_order
from spacegrouper.crystals.cell_parameters import angles_of, lengths_of
from spacegrouper.crystals.group_operations import matrices_of
from spacegrouper.crystals.lattice_bases import cosines
from spacegrouper.crystals.lattice_rotations import axis_of, by_length, monoclinic_axes, orders_of
from spacegrouper.crystals.primitive_cell import Cell

_SAME_LENGTH = 1e-5  # relative to the mean, of lengths and cosines that count as equal


def in_metric_cell(cell: Cell, tolerance: float) -> Cell:
    """Return a crystal in the conventional cell of its lattice, all lattice points filled alike.

    Args:
        cell: a canonical primitive cell.
        tolerance: as of `metric_axes`.
    """
    lattice, numbers, frac_coords = cell
    axes = metric_axes(lattice, tolerance)
    points = round(np.linalg.det(axes))
    inverse = np.round(np.linalg.inv(axes) * points).astype(np.int64)
    steps = np.array(list(itertools.product(range(points), repeat=3)))
    centrings = np.unique(steps @ inverse % points, axis=0) / points
    coords = frac_coords @ inverse / points
    # All images of an atom that is close to a border are put upon it, not only some.
    places = np.round(coords * points) / points
    coords = np.where(np.abs(coords - places) < SAME_PLACE, places, coords)
    filled = (coords[:, None] + centrings).reshape(-1, 3)
    return in_order(axes @ lattice, np.repeat(numbers, points), filled)


def metric_axes(lattice: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Return the axes of the conventional cell of a lattice, right-handed, whatever its symmetry.

    - cubic, tetragonal, hexagonal: as usual, c along the four- or six-fold axis, a and b the
      shortest two-fold axes across it;
    - rhombohedral: hexagonal axes, obverse;
    - orthorhombic: a <= b <= c; of a lattice with one face centred this is C, and a <= b;
    - monoclinic: unique axis b; a and c are the two shortest vectors across it, the centring C or
      I; a <= c unless it is C; beta >= 90 degrees;
    - triclinic: the Niggli cell.

    Of axes that the rotations of the lattice interchange, the shortest comes first, then the most
    obtuse of alpha, beta and gamma: the lattice has its symmetry within the tolerance only. Where
    these are equal too, the choice follows that of the given axes.

    Args:
        lattice: (3, 3), Angstrom, rows; a primitive cell.
        tolerance: degrees that a direction and the plane across it may be off a right angle for a
            two-fold axis.

    Returns:
        (3, 3), rows, in units of the given axes.
    """
    reduction = gemmi.GruberVector(_unit_cell(lattice), "P", track_change_of_basis=True)
    reduction.niggli_reduce(epsilon=_SAME_LENGTH * abs(np.linalg.det(lattice)) ** (2 / 3))
    niggli = np.array(reduction.change_of_basis.rot).T // gemmi.Op.DEN
    reduced = niggli @ lattice
    group = gemmi.find_lattice_symmetry_r(_unit_cell(reduced), tolerance)
    rotations = matrices_of(group)
    axes = _conventional(rotations, reduced)
    if np.linalg.det(axes) < 0:
        axes = -axes
    images = axes @ rotations.transpose(0, 2, 1)
    return np.asarray(images[_first(images @ reduced)] @ niggli)


def _conventional(rotations: NDArray[np.int64], lattice: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return conventional axes of a Niggli cell (3, 3) with these rotations, of either hand."""
    if len(rotations) == 1:
        return np.eye(3, dtype=np.int64)
    orders = orders_of(rotations)
    if len(rotations) == 2:
        return monoclinic_axes(rotations[orders == 2][0], lattice)
    twofold = by_length(np.array([axis_of(turn) for turn in rotations[orders == 2]]), lattice)
    if len(rotations) == 4:
        for order in ([0, 1, 2], [0, 2, 1], [1, 2, 0]):
            if not (twofold[order[:2]].sum(axis=0) % 2).any():  # centred on C
                return np.asarray(twofold[order])
        return twofold
    if len(rotations) == 24:
        fourfold = {tuple(axis_of(turn)) for turn in rotations[orders == 4]}
        return by_length(np.array(sorted(fourfold)), lattice)
    main = rotations[orders.argmax()]
    c = axis_of(main)
    a = next(axis for axis in twofold if np.cross(axis, c).any())
    b = (main @ main if orders.max() == 6 else main) @ a
    axes = np.array([a, b, c])
    if orders.max() == 3 and ((2 * axes[0] + axes[1] + axes[2]) % 3).any():  # reverse
        axes[:2] *= -1
    return axes


def _first(lattices: NDArray[np.float64]) -> int:
    """Return which of lattices (n, 3, 3) has the shortest axes, then the most obtuse angles."""
    lengths = np.linalg.norm(lattices, axis=2)
    places = np.arange(len(lattices))
    for values in (*(lengths / lengths.mean()).T, *cosines(lattices).T):
        places = places[values[places] < values[places].min() + _SAME_LENGTH]
    return int(places[0])


def _unit_cell(lattice: NDArray[np.float64]) -> gemmi.UnitCell:
    return gemmi.UnitCell(*lengths_of(lattice), *angles_of(lattice))
