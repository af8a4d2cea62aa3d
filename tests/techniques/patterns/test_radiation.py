"""Energies against published ones, and spots against gemmi's structure factors."""

import gemmi
import numpy as np
import pytest

from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment
from spacegrouper.techniques.patterns.radiation import (
    JOULES_PER_ELECTRONVOLT,
    particle_energy,
    scattering_length,
)


@pytest.mark.parametrize(
    ("radiation", "wavelength", "energy"),
    [
        ("xray", 1.54056e-10, 8047.8),  # copper K-alpha 1
        # Williams and Carter, Transmission Electron Microscopy, Table 1.2.
        ("electron", 3.701e-12, 100e3),
        ("electron", 2.508e-12, 200e3),
        ("electron", 1.969e-12, 300e3),
        # International Tables for Crystallography, Vol. C, 4.4: neutrons of 2200 m/s.
        ("neutron", 1.7982e-10, 0.025299),
    ],
)
def test_the_wavelength_tells_the_energy(radiation, wavelength: float, energy: float) -> None:
    found = particle_energy(radiation, wavelength) / JOULES_PER_ELECTRONVOLT
    assert found == pytest.approx(energy, rel=5e-4)


def test_fast_electrons_are_scattered_by_their_greater_mass() -> None:
    # Williams and Carter, Table 1.2: 200 kV, 1.391 times the rest mass.
    assert scattering_length("electron", 2.508e-12) == pytest.approx(1.391e-10, rel=1e-3)


# What is scattered per unit of |F|, m, and the energy of a particle at 12 pm, J.
BEAMS = {
    "xray": (gemmi.StructureFactorCalculatorX, 2.81794e-15, 103320.2 * 1.602177e-19),
    # E (E + 2 m c^2) = p^2 c^2; the mass is 1.02024 times that at rest.
    "electron": (gemmi.StructureFactorCalculatorE, 1.02024e-10, 10340.6 * 1.602177e-19),
    "neutron": (gemmi.StructureFactorCalculatorN, 1e-15, 5.68085 * 1.602177e-19),
}
# Titanium scatters neutrons in antiphase.
SPECIES = ("Ti", "O", "Fe")
COORDINATES = np.array([[0.1, 0.2, 0.3], [0.45, 0.07, 0.8], [0.7, 0.6, 0.55]])


@pytest.mark.parametrize("radiation", sorted(BEAMS))
def test_spots_are_as_bright_as_structure_factors_say(radiation: str) -> None:
    calculator_of, length, energy = BEAMS[radiation]
    settings = Simulate(
        form_factors=radiation,
        wavelength=1.2e-11,
        detector_distance=0.1,
        pixel_size=1e-3,
        pixels=61,
        cells=(3, 4, 5),
        views=(View(axis="z", angle=0),),
        ewald_sphere="flat",
    )
    # The lattice that puts (200) and (030) on the middle of a pixel, 12 and 25 from the centre.
    spots = {(2, 0, 0): (30, 42), (0, 3, 0): (55, 30), (0, -3, 0): (5, 30)}
    slant = {12: np.hypot(0.1, 0.012), 25: np.hypot(0.1, 0.025)}
    a = 2 / (0.012 / slant[12] / 0.12)
    b = 3 / (0.025 / slant[25] / 0.12)
    cell = gemmi.UnitCell(a, b, 7, 90, 90, 90)
    structure = gemmi.SmallStructure()
    structure.cell = cell
    structure.spacegroup_hm = "P 1"
    for symbol, position in zip(SPECIES, COORDINATES, strict=True):
        site = gemmi.SmallStructure.Site()
        site.element, site.type_symbol, site.occ = gemmi.Element(symbol), symbol, 1
        site.fract = gemmi.Fractional(*position)
        structure.add_site(site)
    structure.setup_cell_images()
    (pattern,) = intensities(
        make_experiment(settings, SPECIES), np.diag([a, b, 7.0]), SPECIES, COORDINATES
    )
    fluence = 1e-6 / energy / (np.pi / 4 * 1e-12)
    for hkl, pixel in spots.items():
        factor = abs(calculator_of(cell).calculate_sf_from_small_structure(structure, list(hkl)))
        obliquity = (0.1 / slant[max(abs(np.array(pixel) - 30))]) ** 3
        expected = fluence * length**2 * 1e-4 * obliquity * (3 * 4 * 5 * factor) ** 2
        # gemmi keeps coefficients in single precision.
        assert pattern[pixel] == pytest.approx(expected, rel=1e-4), hkl
