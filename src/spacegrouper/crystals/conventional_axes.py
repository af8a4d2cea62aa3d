"""The axes of the conventional cell, as W. Setyawan and S. Curtarolo choose them.

Comput. Mater. Sci. 49, 299 (2010), in the form that the Materials Project has: axes in the order of
their lengths where the symmetry leaves it open, orthorhombic lattices with one face centred in the
setting C, monoclinic ones with the unique axis b. The choice agrees with pymatgen's
`SpacegroupAnalyzer.get_conventional_standard_structure`, in ties of lengths and angles too.
"""

import math

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cell_parameters import angles_of, lengths_of

_SAME_LENGTH = 1e-5  # Angstrom
_RIGHT_ANGLE = 1e-10  # degrees
_LOVASZ = 0.75

Axes = NDArray[np.int64]
Lattice = NDArray[np.float64]


def conventional_axes(lattice: Lattice, space_group: int, centring: str) -> Axes:
    """Return the conventional axes of a crystal, right-handed.

    Args:
        lattice: (3, 3), Angstrom, rows; spglib's standardised lattice.
        space_group: its number.
        centring: the first letter of its symbol in the setting of `lattice`.

    Returns:
        (3, 3), rows, in units of the rows of the lattice.
    """
    if space_group <= 2:
        axes = _triclinic(lattice)
    elif space_group <= 15:
        axes = _monoclinic(lattice, centring)
    elif 143 <= space_group <= 194:
        axes = np.eye(3, dtype=np.int64)
    else:
        order = _by_length(lattice, centring)
        lengths = lengths_of(lattice)[order]
        if 75 <= space_group <= 142 and _first_is_unique(lengths):
            order = order[::-1]
        axes = np.eye(3, dtype=np.int64)[order]
    return axes if np.linalg.det(axes) > 0 else -axes


def _by_length(lattice: Lattice, centring: str) -> list[int]:
    """Return the order of the axes, the shortest first; last the one across a centred face."""
    lengths = lengths_of(lattice)
    last = {"C": [2], "A": [0]}.get(centring, [])
    others = [axis for axis in range(3) if axis not in last]
    return [*sorted(others, key=lengths.__getitem__), *last]


def _first_is_unique(lengths: NDArray[np.float64]) -> bool:
    """Tell whether of sorted tetragonal lengths the shortest is that of the fourfold axis."""
    a, b, c = lengths
    return bool(abs(b - c) < _SAME_LENGTH < abs(a - c))


def _monoclinic(lattice: Lattice, centring: str) -> Axes:
    """Return axes with b unique, a <= c unless the setting is C, beta obtuse."""
    a, _, c = lengths_of(lattice)
    beta = angles_of(lattice)[1]
    if abs(beta - 90) > _RIGHT_ANGLE and (centring == "C" or a != c):
        order = [0, 1, 2] if centring == "C" or a < c else [2, 1, 0]
        obtuse = beta < 90
    else:  # nothing tells the axes apart: the shortest is b
        b_axis, a_axis, c_axis = _by_length(lattice, centring)
        order = [a_axis, b_axis, c_axis]
        turned = lattice[order] * [[1], [1], [-1]]
        obtuse = centring == "C" or not angles_of(turned)[1] < 90
    return _signed([1, 1, -1] if obtuse else [-1, -1, -1], np.eye(3, dtype=np.int64)[order])


def _triclinic(lattice: Lattice) -> Axes:
    """Return the reduced axes whose reciprocal angles are all acute or all obtuse."""
    axes, reduced = _lll_reduced(lattice)
    a, b, c = lengths_of(reduced).tolist()
    alpha, beta, gamma = (math.radians(angle) for angle in angles_of(reduced))
    cos_alpha, cos_beta, cos_gamma = math.cos(alpha), math.cos(beta), math.cos(gamma)
    sin_gamma = math.sin(gamma)
    height = math.sqrt(
        sin_gamma**2 - cos_alpha**2 - cos_beta**2 + 2 * cos_alpha * cos_beta * cos_gamma
    )
    upright = np.array(
        [
            [a, 0, 0],
            [b * cos_gamma, b * sin_gamma, 0],
            [
                c * cos_beta,
                c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma,
                c * height / sin_gamma,
            ],
        ]
    )
    # Right angles count as acute; of choices that are equally good the last is taken.
    for signs in ([1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]):
        inverse = np.linalg.inv(np.array(signs)[:, None] * upright)
        reciprocal = angles_of(inverse.T * 2 * np.pi)
        if (reciprocal <= 90).all() or (reciprocal > 90).all():
            break
    return _signed(signs, axes)


def _signed(signs: list[int], axes: Axes) -> Axes:
    return np.array(signs)[:, None] * axes


def _lll_reduced(lattice: Lattice) -> tuple[Axes, Lattice]:
    """Return the axes of the reduction of A. K. Lenstra, H. W. Lenstra and L. Lovasz.

    Math. Ann. 261, 515 (1982). Both are (3, 3), rows: the axes in units of those of the lattice,
    and in its own unit.
    """
    axes = np.eye(3, dtype=np.int64)
    vectors = lattice.copy()
    squares, shares = _orthogonalised(vectors)
    row = 1
    while row < 3:
        for other in range(row - 1, -1, -1):
            times = round(shares[row, other])
            if times:
                vectors[row] -= times * vectors[other]
                axes[row] -= times * axes[other]
                shares[row, :other] -= times * shares[other, :other]
                shares[row, other] -= times
        if squares[row] >= (_LOVASZ - shares[row, row - 1] ** 2) * squares[row - 1]:
            row += 1
        else:
            vectors[[row - 1, row]] = vectors[[row, row - 1]]
            axes[[row - 1, row]] = axes[[row, row - 1]]
            squares, shares = _orthogonalised(vectors)
            row = max(row - 1, 1)
    return axes, vectors


def _orthogonalised(vectors: Lattice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the square of each vector's part across those before it, and its shares along them."""
    across, squares, shares = vectors.copy(), np.empty(3), np.zeros((3, 3))
    for row in range(3):
        shares[row, :row] = across[:row] @ vectors[row] / squares[:row]
        across[row] -= shares[row, :row] @ across[:row]
        squares[row] = across[row] @ across[row]
    return squares, shares
