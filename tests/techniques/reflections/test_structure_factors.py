"""Intensities against gemmi's structure factors and reflection conditions."""

import itertools

import gemmi
import numpy as np
import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.form_factors import form_factors
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.structure_factors import intensities, scatterers

LATTICE = np.array([[5, 0, 0], [0.3, 6, 0], [0.2, 0.5, 7]])
SPECIES = ("Fe", "O", "Na", "O")
B = 0.7  # Angstrom^2
CALCULATORS = {
    "xray": gemmi.StructureFactorCalculatorX,
    "electron": gemmi.StructureFactorCalculatorE,
    "neutron": gemmi.StructureFactorCalculatorN,
}


def of_cell(lattice, species, coordinates, **settings) -> np.ndarray:
    section = Reflections(**settings)
    return intensities(scatterers(species, section), lattice, species, coordinates, section)


@pytest.mark.parametrize("radiation", sorted(CALCULATORS))
def test_intensities_are_those_of_gemmi(radiation: str) -> None:
    rng = np.random.default_rng(0)
    coordinates = rng.random((4, 3))
    ours = of_cell(
        LATTICE, SPECIES, coordinates, form_factors=radiation, debye_waller_b=B, largest_index=5
    )
    structure = gemmi.SmallStructure()
    structure.cell = gemmi.UnitCell(*cell_of(LATTICE))
    structure.spacegroup_hm = "P 1"
    for symbol, position in zip(SPECIES, coordinates, strict=True):
        site = gemmi.SmallStructure.Site()
        site.element, site.type_symbol, site.occ = gemmi.Element(symbol), symbol, 1
        site.fract = gemmi.Fractional(*position)
        site.u_iso = B / (8 * np.pi**2)
        structure.add_site(site)
    structure.setup_cell_images()
    calculator = CALCULATORS[radiation](structure.cell)
    for h, k, l in itertools.product((-5, -2, 0, 1, 4), (-3, 0, 2), (0, 1, 5)):
        if (h, k, l) == (0, 0, 0):
            assert ours[0, 5, 5] == 0
            continue
        theirs = abs(calculator.calculate_sf_from_small_structure(structure, [h, k, l])) ** 2
        # gemmi keeps coefficients in single precision.
        assert ours[l, h + 5, k + 5] == pytest.approx(theirs, rel=1e-5, abs=1e-6 * ours.max())


@pytest.mark.parametrize("radiation", sorted(CALCULATORS))
@pytest.mark.parametrize("symbol", ["H", "O", "Cs", "U"])
def test_an_atom_by_itself_scatters_by_its_form_factor(symbol: str, radiation) -> None:
    ours = of_cell(4 * np.eye(3), (symbol,), np.zeros((1, 3)), form_factors=radiation)
    l, h, k = np.indices(ours.shape)
    s_squared = ((h - 8.0) ** 2 + (k - 8.0) ** 2 + l**2) / 16
    expected = form_factors([symbol], s_squared.ravel(), radiation)[0] ** 2
    expected[s_squared.ravel() == 0] = 0
    np.testing.assert_allclose(ours.ravel(), expected, rtol=1e-11)


@pytest.mark.parametrize("number", range(1, 231))
def test_extinct_reflections_are_exactly_zero_and_no_others(number: int) -> None:
    """Atoms of two elements in general positions show the group's own conditions, and no more."""
    operations = gemmi.find_spacegroup_by_number(number).operations()
    rng = np.random.default_rng(number)
    positions, species = [], []
    for symbol in ("Fe", "Fe", "O"):
        start = rng.random(3)
        orbit = [np.array(operation.apply_to_xyz(list(start))) % 1 for operation in operations]
        positions += orbit
        species += [symbol] * len(orbit)
    # Any metric will do: the form factors depend on |s|, which the operations need not keep.
    edges = np.full(3, 20.0)
    settings = {"largest_index": 4, "form_factors": "neutron"}
    ours = of_cell(np.diag(edges), tuple(species), np.array(positions), **settings)
    for l, h, k in itertools.product(range(5), range(-4, 5), range(-4, 5)):
        if (h, k, l) != (0, 0, 0):
            absent = operations.is_systematically_absent([h, k, l])
            assert (ours[l, h + 4, k + 4] == 0) == absent, (h, k, l)


def test_reflections_beyond_the_resolution_are_left_out() -> None:
    coordinates = np.zeros((1, 3))
    ours = of_cell(5 * np.eye(3), ("Na",), coordinates, resolution=2.0, largest_index=4)
    for l, h, k in itertools.product(range(5), range(-4, 5), range(-4, 5)):
        squared = h * h + k * k + l * l
        assert (ours[l, h + 4, k + 4] > 0) == (0 < squared <= (5 / 2) ** 2)


def test_an_element_without_form_factor_is_named() -> None:
    with pytest.raises(UserError, match="'Es' has no form factor"):
        scatterers(["Es"], Reflections())
