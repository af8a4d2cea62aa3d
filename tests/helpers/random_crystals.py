"""Crystals of any space group: atoms at random in general positions."""

import gemmi
import numpy as np

from spacegrouper.crystals.crystal import Crystal

CELLS = {
    "triclinic": (5.1, 6.3, 7.2, 82, 97, 105),
    "monoclinic": (5.1, 6.3, 7.2, 90, 99, 90),
    "orthorhombic": (5.1, 6.3, 7.2, 90, 90, 90),
    "tetragonal": (5.6, 5.6, 7.4, 90, 90, 90),
    "trigonal": (5.6, 5.6, 7.9, 90, 90, 120),
    "hexagonal": (5.6, 5.6, 7.9, 90, 90, 120),
    "cubic": (7.3, 7.3, 7.3, 90, 90, 90),
}


def random_crystal(number: int, seed: int = 0, scale: float = 1.0) -> Crystal:
    """Return a crystal in the standard setting, with edges larger by a factor."""
    generator = np.random.default_rng([number, seed])
    group = gemmi.find_spacegroup_by_number(number)
    parameters = np.array(CELLS[group.crystal_system_str()], dtype=float)
    parameters[:3] *= scale
    cell = gemmi.UnitCell(*parameters)
    species, places = [], []
    for element in ("O", "O", "Si", "S"):
        place = generator.random(3)
        for operation in group.operations():
            places.append(np.array(operation.apply_to_xyz(place.tolist())) % 1)
            species.append(element)
    lattice = np.array(cell.orth.mat.tolist()).T
    metadata = {"spacegroup": number, "prototype": f"random {number} {seed}"}
    return Crystal(f"random-{number}-{seed}", lattice, tuple(species), np.array(places), metadata)
