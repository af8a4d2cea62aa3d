"""Crystals in the axes of the International Tables.

A standardised crystal has the axes of Setyawan and Curtarolo (standard_cell.py): those of an
orthorhombic one are in order of their lengths, whatever its symbol says. Where operations or
absences of a space group are taken from a table, the crystal must be in the table's axes.
"""

import gemmi
import numpy as np
import spglib

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.elements import UnusableCrystalError

_TOLERANCES = (0.01, 0.1, 0.001)  # Angstrom; the first that finds the group


def in_reference_setting(crystal: Crystal) -> Crystal:
    """Return a crystal in the axes of the standard setting of its space group.

    That is gemmi.find_spacegroup_by_number's: b unique, hexagonal axes of rhombohedral lattices.
    The origin may be another.

    Args:
        crystal: whose metadata names its space group.

    Raises:
        UnusableCrystalError: within no tolerance the cell has that space group.
    """
    number = space_group_of(crystal)
    atoms = np.array([gemmi.Element(element).atomic_number for element in crystal.species])
    cell = (crystal.lattice, crystal.frac_coords, atoms)
    for tolerance in _TOLERANCES:
        try:
            found = spglib.get_symmetry_dataset(cell, symprec=tolerance)
        except spglib.SpglibError:
            continue
        if found is not None and found.number == number:
            species = tuple(gemmi.Element(int(one)).name for one in found.std_types)
            return Crystal(
                crystal.id,
                np.array(found.std_lattice),
                species,
                np.array(found.std_positions),
                crystal.metadata,
            )
    raise UnusableCrystalError(
        f"the cell has not the symmetry of space group {number}, within none of "
        f"{', '.join(map(str, _TOLERANCES))} Angstrom"
    )
