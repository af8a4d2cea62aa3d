import re

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.formula import formula_unit, ordered_formula, printed_formula


def crystal(structure: Structure) -> Crystal:
    return Crystal(
        "x",
        np.array(structure.lattice.matrix),
        tuple(site.specie.symbol for site in structure),
        np.array(structure.frac_coords),
    )


def with_molecules(
    molecule: dict[str, list[list[float]]], ions: list[str] | None = None
) -> Crystal:
    """A cell of 8 Angstrom with one molecule in a corner, and ions elsewhere."""
    species = [symbol for symbol, places in molecule.items() for _ in places]
    places = [place for each in molecule.values() for place in each]
    places += [[4, 4 * k, 4] for k in range(len(ions or []))]
    return crystal(
        Structure(Lattice.cubic(8), species + (ions or []), places, coords_are_cartesian=True)
    )


PEROXIDE = {"O": [[0, 0, 0], [1.46, 0, 0]], "H": [[-0.3, 0.9, 0], [1.76, -0.9, 0]]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (with_molecules(PEROXIDE), "H2O2"),
        (with_molecules({"O": [[0, 0, 0], [1.5, 0, 0]]}, ["K", "K"]), "K2O2"),
        (with_molecules({"C": [[0, 0, 0], [1.34, 0, 0]], "H": [[-0.6, 0.9, 0]] * 1}), "C2H"),
        (with_molecules({"I": [[0, 0, 0], [2.7, 0, 0]]}), "I2"),
        (with_molecules({"Ar": [[0, 0, 0], [4, 4, 0]]}), "Ar"),
        (
            crystal(
                Structure.from_spacegroup(
                    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3]
                )
            ),
            "NaCl",
        ),
        (
            crystal(Structure.from_spacegroup("Fd-3m", Lattice.cubic(3.567), ["C"], [[0.125] * 3])),
            "C",
        ),
        (
            crystal(
                Structure.from_spacegroup(
                    "Pa-3", Lattice.cubic(5.417), ["Fe", "S"], [[0, 0, 0], [0.385] * 3]
                )
            ),
            "FeS2",
        ),
    ],
)
def test_molecules_stay_whole_and_all_else_is_reduced(given: Crystal, expected: str) -> None:
    assert formula_unit(given) == expected


@pytest.mark.parametrize(
    "expected",
    [
        "NaCl",
        "SiO2",
        "CaCO3",
        "SrTiO3",
        "Mg2SiO4",
        "NH3",
        "H2O",
        "H2S",
        "HBr",
        "OF2",
        "GaAs",
        "CH4",
        "CH4N2O",
        "C2H6O",
        "CaC2H2O4",
    ],
)
def test_elements_are_in_the_order_in_which_chemists_write_them(expected: str) -> None:
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", expected)
    by_letter = {name: int(number or 1) for name, number in sorted(parts)}
    assert ordered_formula(by_letter) == expected


def test_printed_formulas_have_subscripts():
    assert printed_formula(with_molecules(PEROXIDE)) == "H₂O₂"
