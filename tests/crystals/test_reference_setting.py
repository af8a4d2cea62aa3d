"""Standardised crystals are brought to the axes in which tables of space groups hold."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from random_crystals import random_crystal

from spacegrouper.crystals.elements import UnusableCrystalError
from spacegrouper.crystals.reference_setting import in_reference_setting
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings.standardise import Standardise


def strongest_absent(crystal, number) -> float:
    """Return the strongest intensity that the table's operations forbid, of the strongest."""
    hkl = np.indices((7, 7, 7)).reshape(3, -1).T - 3
    hkl = np.ascontiguousarray(hkl[hkl.any(axis=1)], dtype=np.int32)
    atoms = [gemmi.Element(element).atomic_number for element in crystal.species]
    intensity = np.abs(np.exp(2j * np.pi * hkl @ crystal.frac_coords.T) @ atoms) ** 2
    absent = gemmi.find_spacegroup_by_number(number).operations().systematic_absences(hkl)
    return float(intensity[np.array(absent)].max() / intensity.max())


# C-centred in the axes of a standardised crystal, others, and monoclinic and rhombohedral ones.
@pytest.mark.parametrize("number", [14, 29, 38, 39, 40, 41, 52, 57, 62, 64, 122, 161, 205])
def test_the_tables_absences_hold(number) -> None:
    crystal = standardise(random_crystal(number, seed=2, scale=4), Standardise())

    found = in_reference_setting(crystal)
    assert strongest_absent(found, number) < 1e-9
    assert found.metadata == crystal.metadata
    assert len(found.species) == len(crystal.species)
    assert np.linalg.det(found.lattice) == pytest.approx(np.linalg.det(crystal.lattice))


def test_standardised_orthorhombic_crystals_are_in_other_axes() -> None:
    strongest = [
        strongest_absent(
            standardise(random_crystal(number, seed=2, scale=4), Standardise()), number
        )
        for number in (38, 39, 40, 41, 52, 57, 62)
    ]
    assert max(strongest) > 0.1


def test_a_cell_of_another_symmetry_is_refused() -> None:
    crystal = random_crystal(62)
    with pytest.raises(UnusableCrystalError, match="not the symmetry of space group 63"):
        in_reference_setting(replace(crystal, metadata={**crystal.metadata, "spacegroup": 63}))
