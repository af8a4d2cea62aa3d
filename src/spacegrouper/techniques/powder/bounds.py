"""What the powder of a crystal would take to be computed, found before anything is allocated.

They are numbers of things, as those of patterns/bounds.py, and take as much.
"""

import math
from typing import Literal

import numpy as np

from spacegrouper.crystals.crystal import Crystal

# Of one half of reciprocal space. pymatgen keeps each in objects of Python.
MOST_REFLECTIONS = {"xrayutilities": 2_000_000, "pymatgen": 200_000}
_MOST_WAVES = 1e12  # of atoms that meet in all reflections
_MOST_NUMBERS = 1e8  # in one array


def reason_against_powder(
    crystal: Crystal, reach: float, engine: Literal["xrayutilities", "pymatgen"]
) -> str:
    """Return why the powder of a crystal is not computed, or an empty string.

    `reach`: the largest |s| = 1/d of the range, 1/Angstrom.
    """
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    volume = abs(float(np.linalg.det(crystal.lattice)))
    if not (math.isfinite(volume) and volume > 0):
        return "the cell has no volume"
    along = np.ceil(reach * lengths)
    # The lattice points of half a sphere; each row of them along c* may hold one more than that.
    rows = float((along[0] + 1) * (2 * along[1] + 1))
    count = 2 / 3 * math.pi * reach**3 * volume + rows
    most = MOST_REFLECTIONS[engine]
    if count > most:
        return (
            f"its cell of {volume:.3g} Angstrom^3 has about {count:.1e} reflections in the range, "
            f"and at most {most:,} are computed"
        )
    atoms, elements = len(crystal.species), len(set(crystal.species))
    numbers = max(count * elements, (2 * along[2] + 1) * atoms)
    if count * atoms > _MOST_WAVES or numbers > _MOST_NUMBERS:
        return f"{atoms} atoms and about {count:.1e} reflections are too many to be computed"
    return ""
