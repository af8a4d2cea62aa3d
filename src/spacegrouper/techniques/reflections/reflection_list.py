"""A measured list of reflections, whatever file it comes from."""

from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.equivalents import keys_of
from spacegrouper.techniques.reflections.list_file import Quantity, Radiation

_TOLERANCE = 3.0  # degrees, of a lattice's rotations as gemmi.find_lattice_symmetry has it
STRAYS = 0.05  # of the reflections of a merged list may still have an equivalent in it


@dataclass(frozen=True, eq=False)
class ReflectionList:
    """Measured intensities by index, as they were measured: not scaled, not merged, not selected.

    Args:
        hkl: (n, 3) int32, in the axes of `cell`. Reflections may be there several times.
        intensity: (n,) float64, on the file's scale; negative ones are kept.
        sigma: (n,) float64, standard uncertainties, above 0.
        cell: (6,) float64, edges in Angstrom and angles in degrees.
        wavelength: Angstrom, if known.
        radiation: what is scattered.
        stated_symbol: Hermann-Mauguin symbol of the space group that the file states, if any.
        stated_number: of that space group, if any.
        merged: whether equivalent reflections are there once only, see `are_merged`.
        quantity: what the file holds; of F and F squared, intensities were made.
        notes: what was guessed, left out or changed, a sentence each.
    """

    hkl: NDArray[np.int32]
    intensity: NDArray[np.float64]
    sigma: NDArray[np.float64]
    cell: NDArray[np.float64]
    wavelength: float | None
    radiation: Radiation
    stated_symbol: str | None = None
    stated_number: int | None = None
    merged: bool = False
    quantity: Quantity = "intensity"
    notes: tuple[str, ...] = ()

    def shortest_spacing(self) -> float:
        """Return the smallest lattice spacing of the reflections, Angstrom."""
        cell = gemmi.UnitCell(*self.cell)
        return float(cell.calculate_d_array(self.hkl).min())


def are_merged(hkl: NDArray[np.int32], cell: NDArray[np.float64]) -> bool:
    """Tell whether equivalents are listed once, so that their agreement cannot be looked at.

    A list of one asymmetric unit has no two reflections that a rotation of the crystal turns into
    each other. Which rotations the crystal has is not known; where one of the lattice's finds
    almost no mates, Friedel's law allowed for, the list is merged. A lattice without rotations
    leaves Friedel mates and repetitions.

    Args:
        hkl: (n, 3).
        cell: (6,), Angstrom and degrees; whatever the centring, taken as primitive.
    """
    group = gemmi.find_lattice_symmetry(gemmi.UnitCell(*cell), "P", _TOLERANCE)
    keys, first, counts = np.unique(keys_of(hkl), return_index=True, return_counts=True)
    if len(group.sym_ops) == 1:
        return bool((counts > 1).mean() < STRAYS)
    for operation in group.sym_ops:
        mates = keys_of(hkl[first] @ (np.array(operation.rot) // gemmi.Op.DEN))
        moved = mates != keys
        if moved.any() and np.isin(mates[moved], keys).mean() < STRAYS:
            return True
    return False
