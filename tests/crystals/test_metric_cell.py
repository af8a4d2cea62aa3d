"""Lattices of each Bravais type, distorted and written anew, and crystals in their cells."""

import itertools

import gemmi
import numpy as np
import pytest
from pymatgen.core import Lattice
from written_anew import unimodular, written_anew

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.metric_cell import metric_axes
from spacegrouper.crystals.standard_cell import LABELS, standardise
from spacegrouper.settings import Standardise

REDUCED = Standardise(setting="reduced")
# By the rules: the axes in the order and with the angles that they must come back with.
BRAVAIS = {
    "aP": ("P", (4.1, 5.3, 6.2, 81, 77, 72)),
    "aP obtuse": ("P", (4.1, 5.3, 6.2, 99, 103, 108)),
    "mP": ("P", (4.1, 7.7, 6.2, 90, 97, 90)),
    "mC": ("C", (9.1, 4.2, 7.0, 90, 104, 90)),
    "mC, c before a": ("C", (7.0, 4.2, 5.1, 90, 95, 90)),
    "mI": ("I", (5.1, 4.2, 7.0, 90, 95, 90)),
    "oP": ("P", (4.1, 5.3, 6.2, 90, 90, 90)),
    "oC": ("C", (5.3, 7.9, 4.2, 90, 90, 90)),
    "oI": ("I", (4.1, 5.3, 6.2, 90, 90, 90)),
    "oF": ("F", (5.1, 7.3, 9.2, 90, 90, 90)),
    "tP": ("P", (4.1, 4.1, 3.2, 90, 90, 90)),
    "tI": ("I", (4.1, 4.1, 9.2, 90, 90, 90)),
    "tI, flat": ("I", (9.1, 9.1, 3.2, 90, 90, 90)),
    "hP": ("P", (4.1, 4.1, 5.2, 90, 90, 120)),
    "hR": ("R", (4.1, 4.1, 11.2, 90, 90, 120)),
    "hR, flat": ("R", (9.1, 9.1, 5.2, 90, 90, 120)),
    "cP": ("P", (4.1, 4.1, 4.1, 90, 90, 90)),
    "cI": ("I", (4.1, 4.1, 4.1, 90, 90, 90)),
    "cF": ("F", (5.1, 5.1, 5.1, 90, 90, 90)),
}
POINTS = {"P": 1, "C": 2, "I": 2, "R": 3, "F": 4}
CENTRINGS = {
    "C": {(12, 12, 0)},
    "I": {(12, 12, 12)},
    "R": {(16, 8, 8), (8, 16, 16)},  # obverse
    "F": {(12, 12, 0), (12, 0, 12), (0, 12, 12)},
    "P": set(),
}


# Primitive vectors in the conventional cell (International Tables A, Table 1.5.1.1).
PRIMITIVE = {
    "P": np.eye(3),
    "C": np.array([[1, -1, 0], [1, 1, 0], [0, 0, 2]]) / 2,
    "I": np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2,
    "R": np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3,
    "F": np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2,
}


def primitive(centring, parameters):
    return PRIMITIVE[centring] @ Lattice.from_parameters(*parameters).matrix


@pytest.mark.parametrize("name", BRAVAIS)
@pytest.mark.parametrize("seed", range(3))
def test_each_bravais_lattice_comes_in_its_conventional_cell(name, seed):
    centring, parameters = BRAVAIS[name]
    lattice = unimodular(np.random.default_rng(seed)) @ primitive(centring, parameters)
    axes = metric_axes(lattice, 1.0)
    assert round(np.linalg.det(axes)) == POINTS[centring]
    np.testing.assert_allclose(Lattice(axes @ lattice).parameters, parameters, atol=1e-6)
    points = {
        tuple(np.round(24 * (point @ np.linalg.inv(axes))).astype(int) % 24)
        for point in np.indices((4, 4, 4)).reshape(3, -1).T
    }
    assert points - {(0, 0, 0)} == CENTRINGS[centring]


@pytest.mark.parametrize("name", BRAVAIS)
def test_lengths_and_angles_are_those_of_the_crystal(name):
    # Distorted by 0.2 %, a lattice is of the same type, but none of its axes is made equal.
    centring, parameters = BRAVAIS[name]
    strain = np.eye(3) + 2e-3 * np.random.default_rng(1).uniform(-1, 1, (3, 3))
    lattice = primitive(centring, parameters) @ strain
    axes = metric_axes(lattice, 1.0)
    assert round(np.linalg.det(axes)) == POINTS[centring]
    found = Lattice(axes @ lattice).parameters
    np.testing.assert_allclose(found[:3], parameters[:3], rtol=4e-3)
    np.testing.assert_allclose(found[3:], parameters[3:], atol=0.5)
    assert len({round(length, 5) for length in found[:3]}) == 3
    if name[0] in "oc":
        lengths = found[:2] if name == "oC" else found[:3]
        assert list(lengths) == sorted(lengths)


def atoms(random, lattice, count=6):
    """Atoms in general places: no symmetry but P1, whatever the lattice."""
    species = ("Na", "Cl", "K", "Br", "Rb", "I")[:count]
    return Crystal("x", lattice, species, random.random((count, 3)))


@pytest.mark.parametrize("seed", range(10))
def test_the_atoms_do_not_change_the_cell(seed):
    # Metrically cubic, but of no symmetry.
    crystal = atoms(np.random.default_rng(seed), primitive("F", (12.0, 12, 12, 90, 90, 90)), 4)
    result = standardise(crystal, REDUCED)
    assert result.metadata["spacegroup"] == 1
    np.testing.assert_allclose(result.lattice, 12 * np.eye(3), atol=1e-6)
    assert len(result.species) == 16


def test_groups_of_one_lattice_come_in_one_cell():
    cell = (6.1, 7.3, 8.2, 90, 102.0, 90)
    lattice = Lattice.from_parameters(*cell).matrix
    other = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1]])  # of which c is a diagonal
    found = {}
    for symbol, axes in (
        ("P 1 2/m 1", np.eye(3)),
        ("P 1 21/c 1", np.eye(3)),
        ("P 1 21/n 1", other),
    ):
        crystal = of_group(symbol, axes @ lattice)
        result = standardise(crystal, REDUCED)
        found[result.metadata["spacegroup"]] = result.lattice
        assert result.metadata["cell_setting"] == "reduced"
    assert set(found) == {10, 14}
    for lattice_of in found.values():
        np.testing.assert_allclose(Lattice(lattice_of).parameters, cell, atol=1e-6)


def of_group(symbol, lattice):
    operations = gemmi.SpaceGroup(symbol).operations()
    coords, species = [], []
    for element, place in (("Na", (0.11, 0.17, 0.23)), ("Cl", (0.37, 0.31, 0.07))):
        for operation in operations:
            coords.append(operation.apply_to_xyz(list(place)))
            species.append(element)
    return Crystal("x", lattice, tuple(species), np.array(coords))


@pytest.mark.parametrize("name", BRAVAIS)
def test_the_result_does_not_depend_on_the_writing(name):
    centring, parameters = BRAVAIS[name]
    larger = np.array(parameters) * [2, 2, 2, 1, 1, 1]
    crystal = atoms(np.random.default_rng(5), primitive(centring, larger))
    first = standardise(crystal, REDUCED)
    for seed in range(4):
        second = standardise(written_anew(crystal, seed), REDUCED)
        np.testing.assert_allclose(second.lattice, first.lattice, atol=1e-5)
        assert second.species == first.species
        apart = second.frac_coords - first.frac_coords
        assert np.abs(apart - np.round(apart)).max() < 1e-5


def test_labels_are_those_of_the_standard_setting():
    crystal = of_group("P 1 21/n 1", Lattice.from_parameters(6.1, 7.3, 8.2, 90, 102, 90).matrix)
    standard, reduced = (
        standardise(crystal, Standardise(setting=each)) for each in ("standard", "reduced")
    )
    assert {key: standard.metadata[key] for key in LABELS} == {
        key: reduced.metadata[key] for key in LABELS
    }
    assert "cell_setting" not in standard.metadata
    again = standardise(reduced, Standardise())
    assert again.metadata == standard.metadata


def test_atoms_are_repeated_exactly_by_the_centrings():
    # Close to a border, where single atoms would be put upon it.
    lattice = primitive("I", (6.1, 7.3, 8.2, 90, 90, 90))
    places = np.array([[0, 0, 0], [0.3, 0.3 + 1.1e-5, 0.4], [0.2, 0.5, 0.7]])
    result = standardise(Crystal("x", lattice, ("Na", "Cl", "K"), places), REDUCED)
    for element in ("Na", "Cl", "K"):
        first, second = result.frac_coords[np.array(result.species) == element]
        np.testing.assert_allclose((second - first) % 1, 0.5, atol=1e-12)


def test_max_sites_counts_those_of_the_standard_cell():
    crystal = atoms(np.random.default_rng(3), primitive("F", (12.0, 12, 12, 90, 90, 90)), 4)
    for sites in (3, 4):
        results = [
            type(standardise(crystal, Standardise(setting=each, max_sites=sites))).__name__
            for each in ("standard", "reduced")
        ]
        assert results == ["Rejection" if sites == 3 else "Crystal"] * 2


def intensities(crystal, indices):
    """|F|^2 of X-rays, by gemmi."""
    structure = gemmi.SmallStructure()
    structure.cell = gemmi.UnitCell(*Lattice(crystal.lattice).parameters)
    structure.spacegroup = gemmi.SpaceGroup("P 1")
    for place, (element, coords) in enumerate(
        zip(crystal.species, crystal.frac_coords, strict=True)
    ):
        site = gemmi.SmallStructure.Site()
        site.label, site.fract = f"{element}{place}", gemmi.Fractional(*coords)
        site.element = gemmi.Element(element)
        structure.add_site(site)
    calculator = gemmi.StructureFactorCalculatorX(structure.cell)
    return np.array(
        [abs(calculator.calculate_sf_from_small_structure(structure, hkl)) ** 2 for hkl in indices]
    )


@pytest.mark.parametrize(
    ("symbol", "parameters", "axes"),
    [
        ("P 1 21/n 1", (6.1, 7.3, 8.2, 90, 102, 90), np.eye(3)),
        ("C 1 c 1", (9.1, 5.2, 7.3, 90, 100, 90), PRIMITIVE["C"]),
        ("P n a 21", (8.1, 5.2, 6.7, 90, 90, 90), np.eye(3)),
        ("I -4 2 d", (6.1, 6.1, 9.7, 90, 90, 90), np.eye(3)),
        ("R 3 c", (6.1, 6.1, 13.7, 90, 90, 120), np.eye(3)),
        ("P 63", (6.1, 6.1, 9.7, 90, 90, 120), np.eye(3)),
        ("F d -3", (11.1, 11.1, 11.1, 90, 90, 90), np.eye(3)),
    ],
)
def test_intensities_are_those_of_the_standard_cell_at_transformed_indices(
    symbol, parameters, axes
):
    lattice = Lattice.from_parameters(*parameters).matrix
    crystal = of_group(symbol, lattice)
    primitive_one = Crystal("x", lattice, crystal.species, crystal.frac_coords)
    standard, reduced = (
        standardise(written_anew(primitive_one, 3), Standardise(setting=each))
        for each in ("standard", "reduced")
    )
    indices = np.indices((5, 5, 5)).reshape(3, -1).T - 2
    expected = intensities(standard, indices)
    # The standard axes in units of the reduced ones, as the two metrics leave it open.
    halves = np.indices((5, 5, 5)).reshape(3, -1).T / 2 - 1
    metric = standard.lattice @ standard.lattice.T
    vectors = halves @ reduced.lattice
    rows = [
        halves[np.abs(np.square(vectors).sum(axis=1) - square) < 1e-3]
        for square in metric.diagonal()
    ]
    agreeing = 0
    for a, b, c in itertools.product(*rows):
        change = np.array([a, b, c])
        made = change @ reduced.lattice
        if np.linalg.det(made) < 0 or np.abs(made @ made.T - metric).max() > 1e-3:
            continue
        # Indices transform as the axes do.
        moved = indices @ np.linalg.inv(change).T
        if np.abs(moved - np.round(moved)).max() > 1e-6:
            continue
        found = intensities(reduced, np.round(moved).astype(int).tolist())
        agreeing += np.allclose(found, expected, rtol=1e-4, atol=1e-3 * expected.max())
    assert agreeing
