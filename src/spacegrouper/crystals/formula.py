"""The chemical formula of a crystal as people read it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import gcd

import gemmi
import numpy as np
from numpy.typing import NDArray
from pymatgen.core import Composition, Element, Structure

from spacegrouper.crystals.crystal import Crystal

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# Two atoms closer than the sum of their covalent radii and this are bonded, Angstrom.
_BOND_TOLERANCE = 0.3


def formula_unit(crystal: Crystal) -> str:
    """Return the formula of the smallest whole part of a crystal, such as `NaCl` or `H2O2`.

    Molecules and ions of several atoms stay whole: hydrogen peroxide is `H2O2` and calcium
    carbonate `CaCO3`. They are the finite groups of non-metals that bonds hold together; all other
    atoms, also of endless chains, layers and frameworks, count one by one.
    """
    groups = Counter(_groups(crystal))
    units = gcd(*groups.values())
    amounts: Counter[str] = Counter()
    for group, number in groups.items():
        for element, amount in group:
            amounts[element] += amount * number // units
    return ordered_formula(amounts)


def printed_formula(crystal: Crystal) -> str:
    """Return the `formula_unit` as people read it, such as H₂O₂."""
    return with_subscripts(formula_unit(crystal))


def with_subscripts(formula: str) -> str:
    """Return a formula as people read it, such as H₂O₂."""
    return formula.translate(_SUBSCRIPTS)


def ordered_formula(amounts: Mapping[str, int]) -> str:
    """Return a formula with its elements in the order in which chemists write them.

    From the electropositive to the electronegative (Nomenclature of Inorganic Chemistry, IUPAC
    2005, Table VI); hydrocarbons and what derives from them without a metal in Hill order: C, H,
    then the others by letter.
    """
    if {"C", "H"} <= amounts.keys() and not any(gemmi.Element(name).is_metal for name in amounts):
        return str(Composition(amounts).hill_formula.replace(" ", ""))
    order = sorted(amounts, key=lambda name: Element(name).iupac_ordering)
    return "".join(f"{name}{amounts[name] if amounts[name] > 1 else ''}" for name in order)


def _groups(crystal: Crystal) -> list[tuple[tuple[str, int], ...]]:
    """Return the elements of each finite group of bonded non-metals, and of each other atom."""
    elements = [gemmi.Element(symbol) for symbol in crystal.species]
    metal = np.array([element.is_metal for element in elements])
    radii = np.array([element.covalent_r for element in elements])
    bonds = _bonds(crystal, ~metal, radii)
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
    crystal: Crystal, nonmetal: NDArray[np.bool_], radii: NDArray[np.float64]
) -> dict[int, list[tuple[int, NDArray[np.int64]]]]:
    """Return the atoms that each is bonded to, with the cell that they are in, (3,)."""
    bonds: dict[int, list[tuple[int, NDArray[np.int64]]]] = defaultdict(list)
    if nonmetal.any():
        # The elements play no role for pymatgen here, and need not be known to it.
        places = Structure(crystal.lattice, ["H"] * len(radii), crystal.frac_coords)
        longest = 2 * radii[nonmetal].max() + _BOND_TOLERANCE
        atoms, others, cells, lengths = places.get_neighbor_list(longest)
        bonded = (lengths > 0.1) & (lengths < radii[atoms] + radii[others] + _BOND_TOLERANCE)
        bonded &= nonmetal[atoms] & nonmetal[others]
        for index in np.flatnonzero(bonded):
            bonds[int(atoms[index])].append((int(others[index]), cells[index].astype(np.int64)))
    return bonds
