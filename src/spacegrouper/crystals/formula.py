"""The chemical formula of a crystal as people read it."""

from collections import Counter
from collections.abc import Mapping
from math import gcd

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal

# Two atoms closer than the sum of their covalent radii and this are bonded, Angstrom.
_BOND_TOLERANCE = 0.3


def formula_unit(crystal: Crystal) -> str:
    """Return the formula of the smallest whole part of a crystal, in Hill order, such as `H2O2`.

    Molecules and ions of several atoms stay whole: hydrogen peroxide is `H2O2` and calcium
    carbonate `CCaO3`. They are the finite groups of non-metals that bonds hold together; all other
    atoms, also of endless chains, layers and frameworks, count one by one.
    """
    groups = Counter(_groups(crystal))
    units = gcd(*groups.values())
    amounts: Counter[str] = Counter()
    for group, number in groups.items():
        for element, amount in group:
            amounts[element] += amount * number // units
    return hill_formula(amounts)


def hill_formula(amounts: Mapping[str, int]) -> str:
    """Return a formula in Hill order: C, H, then the others by letter; without C all by letter."""
    first = ("C", "H") if "C" in amounts else ()
    order = sorted(amounts, key=lambda element: (element not in first, element))
    return "".join(
        f"{element}{amounts[element] if amounts[element] > 1 else ''}" for element in order
    )


def _groups(crystal: Crystal) -> list[tuple[tuple[str, int], ...]]:
    """Return the elements of each finite group of bonded non-metals, and of each other atom."""
    elements = [gemmi.Element(symbol) for symbol in crystal.species]
    metal = np.array([element.is_metal for element in elements])
    radii = np.array([element.covalent_r for element in elements])
    bonds = _bonds(crystal, np.flatnonzero(~metal), radii)
    unmet = set(range(len(elements)))
    groups: list[tuple[tuple[str, int], ...]] = []
    while unmet:
        cells = {min(unmet): (0, 0, 0)}
        waiting = list(cells)
        endless = False
        while waiting:
            atom = waiting.pop()
            for other, step in bonds.get(atom, ()):
                cell = tuple(np.add(cells[atom], step).tolist())
                if other not in cells:
                    cells[other] = cell
                    waiting.append(other)
                # Reached in another cell, it is bonded to its own image.
                endless |= cells[other] != cell
        unmet -= cells.keys()
        symbols = [crystal.species[atom] for atom in cells]
        if endless:
            groups += [((symbol, 1),) for symbol in symbols]
        else:
            groups.append(tuple(sorted(Counter(symbols).items())))
    return groups


def _bonds(
    crystal: Crystal, atoms: NDArray[np.int64], radii: NDArray[np.float64]
) -> dict[int, list[tuple[int, NDArray[np.int64]]]]:
    """Return the atoms that each is bonded to, with the cell that they are in, (3,)."""
    bonds: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
    if len(atoms) == 0:
        return bonds
    longest = 2 * radii[atoms].max() + _BOND_TOLERANCE
    # Cells away along each axis, by the distances of its faces.
    heights = 1 / np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
    reach = np.ceil(longest / heights).astype(int)
    places = crystal.frac_coords - np.floor(crystal.frac_coords)
    steps = np.stack(
        np.meshgrid(*(np.arange(-count, count + 1) for count in reach), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    for atom in atoms.tolist():
        apart = places[atoms][:, None] + steps - places[atom]
        lengths = np.linalg.norm(apart @ crystal.lattice, axis=2)
        limits = radii[atoms] + radii[atom] + _BOND_TOLERANCE
        near = (lengths < limits[:, None]) & (lengths > 0.1)
        bonds[atom] = [
            (int(atoms[other]), steps[step]) for other, step in np.argwhere(near).tolist()
        ]
    return bonds
