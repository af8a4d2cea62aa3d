"""The strongest lines of a crystal's powder with their indices, so that the cell can be refined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.techniques.powder.settings import Powder
from spacegrouper.techniques.powder.simulation import indexed_reflections

LINES = 40
LEVELS = 255  # of the roots of intensities
# Kinds of lattices; trigonal crystals are in hexagonal axes.
FAMILIES = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "hexagonal", "cubic")

_WEAKEST = 0.005  # of the strongest
_SAME_ANGLE = 1e-4  # degrees
_THERMAL = 1.0  # B of all atoms, Angstrom^2
_LARGEST_INDEX = 127
_SAME_LATTICE = 1e-3  # relative


@dataclass(frozen=True, eq=False)
class StrongLines:
    """What is known of a crystal's powder.

    Args:
        family: place among FAMILIES.
        metric: (6,) float32, of the reciprocal lattice, 1/Angstrom^2: the squares of a*, b*, c* and
            the products a*c*, a*b*, b*c*, as far as the family leaves them free, then 0.
        indices: (LINES, 3) int8, of one reflection of each line, the strongest line first.
        roots: (LINES,) uint8, square roots of intensities, the strongest 255; 0: no more lines.
    """

    family: int
    metric: NDArray[np.float32]
    indices: NDArray[np.int8]
    roots: NDArray[np.uint8]


def families(space_groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of space groups among FAMILIES."""
    systems = crystal_systems(space_groups)
    return np.array([FAMILIES.index(name.replace("trigonal", "hexagonal")) for name in systems])


def strongest_lines(crystal: Crystal, powder: Powder) -> StrongLines:
    """Return the strongest lines of a crystal in its standard cell.

    Raises:
        ValueError: why there are none, in one line.
    """
    number = space_group_of(crystal)
    if number == 0:
        raise ValueError("its space group is not known")
    family = int(families(np.array([number]))[0])
    metric = _metric(crystal, family)
    indices, two_theta, intensity = indexed_reflections(crystal, powder)
    wavelength = powder.wavelength * 1e10
    thermal = np.exp(-2 * _THERMAL * (np.sin(np.radians(two_theta / 2)) / wavelength) ** 2)
    order = np.argsort(two_theta, kind="stable")
    line = np.cumsum(np.diff(two_theta[order], prepend=-np.inf) > _SAME_ANGLE) - 1
    lines = np.bincount(line, weights=(intensity * thermal)[order])
    # Of the reflections of a line the strongest: others may be extinct, and part from it where the
    # cell changes.
    order = order[np.lexsort((-intensity[order], line))]
    strongest = np.argsort(-lines, kind="stable")[:LINES]
    strongest = strongest[lines[strongest] > _WEAKEST * lines.max()]
    chosen = indices[order][np.searchsorted(line, strongest)]
    if np.abs(chosen).max() > _LARGEST_INDEX:
        raise ValueError(f"a strong reflection has an index beyond {_LARGEST_INDEX}")
    found = StrongLines(
        family,
        metric,
        np.zeros((LINES, 3), dtype=np.int8),
        np.zeros(LINES, dtype=np.uint8),
    )
    found.indices[: len(chosen)] = chosen
    found.roots[: len(chosen)] = np.rint(LEVELS * np.sqrt(lines[strongest] / lines.max()))
    return found


def _metric(crystal: Crystal, family: int) -> NDArray[np.float32]:
    """Return the free terms of the reciprocal metric, in the order of StrongLines.metric."""
    axes = np.linalg.inv(crystal.lattice).T
    full = axes @ axes.T
    a, b, c = np.diag(full)
    terms = {
        "cubic": [(a + b + c) / 3],
        "hexagonal": [(a + b) / 2, c],
        "tetragonal": [(a + b) / 2, c],
        "orthorhombic": [a, b, c],
        "monoclinic": [a, b, c, full[0, 2]],
        "triclinic": [a, b, c, full[0, 2], full[0, 1], full[1, 2]],
    }[FAMILIES[family]]
    found = np.zeros(6, dtype=np.float32)
    found[: len(terms)] = terms
    if np.abs(_full_metric(found, family) - full).max() > _SAME_LATTICE * np.abs(full).max():
        raise ValueError(f"its cell is not the standard one of a {FAMILIES[family]} crystal")
    return found


def _full_metric(terms: NDArray[np.floating[Any]], family: int) -> NDArray[np.float64]:
    """Return the reciprocal metric tensor, (3, 3), of its free terms (6,)."""
    a, b, c, ac, ab, bc = terms
    if FAMILIES[family] in ("cubic", "tetragonal", "hexagonal"):
        c = a if FAMILIES[family] == "cubic" else b
        b, ab, ac = a, a / 2 if FAMILIES[family] == "hexagonal" else 0, 0
    return np.array([[a, ab, ac], [ab, b, bc], [ac, bc, c]], dtype=np.float64)


def cell_of_metric(terms: NDArray[np.floating[Any]], family: int) -> NDArray[np.float64]:
    """Return a, b, c, Angstrom, alpha, beta, gamma, degrees, of a reciprocal metric (6,)."""
    direct = np.linalg.inv(_full_metric(terms, family))
    lengths = np.sqrt(np.diag(direct))
    cosines = direct / np.outer(lengths, lengths)
    angles = np.degrees(np.arccos(cosines[[1, 0, 0], [2, 2, 1]]))
    return np.concatenate([lengths, angles])
