"""The space group that spglib finds in a crystal as it is given, within several tolerances."""

import gemmi
import numpy as np
import spglib

from spacegrouper.crystals.crystal import Crystal

_SYMPRECS = (0.001, 0.01, 0.1)  # Angstrom


def space_groups_within(crystal: Crystal) -> dict[float, int | None]:
    """Return the number of the space group by tolerance, Angstrom; None where spglib finds none.

    The cell is taken as it is, and angles are as exact as distances.
    """
    numbers = np.array([gemmi.Element(symbol).atomic_number for symbol in crystal.species])
    cell = (crystal.lattice, crystal.frac_coords, numbers)
    return {symprec: _space_group(cell, symprec) for symprec in _SYMPRECS}


def _space_group(cell: tuple[object, ...], symprec: float) -> int | None:
    try:
        found = spglib.get_symmetry_dataset(cell, symprec)
    except spglib.SpglibError:
        return None
    return int(found.number) if found else None
