import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.analysis.diffraction.xrd import WAVELENGTHS
from scipy import constants

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import (
    ANODES,
    anode_of,
    in_angstrom,
    looks_like_nm,
    of_energy,
    stated_wavelength,
)


@pytest.mark.parametrize("anode", ANODES)
def test_the_anodes_have_the_wavelengths_of_other_tables(anode: str) -> None:
    assert ANODES[anode] == pytest.approx(WAVELENGTHS[f"{anode}Ka1"], abs=1e-4)
    assert anode_of(f"{anode} K-alpha") == anode_of(f"radiation: {anode}") == anode
    assert anode_of(f"anode: {anode} K-beta") is None


@given(st.floats(1, 100))
def test_an_energy_has_the_wavelength_of_its_photons(energy: float) -> None:
    joules = energy * 1e3 * constants.e
    expected = constants.h * constants.c / joules * 1e10
    assert of_energy(energy, "keV") == pytest.approx(expected, rel=1e-7)
    assert of_energy(1e3 * energy, "eV") == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("unit", "length"), [("nm", 0.15), ("pm", 150), ("Nanometers", 0.15), ("Å", 1.5), (None, 1.5)]
)
def test_units_of_length_are_known(unit: str | None, length: float) -> None:
    assert in_angstrom(length, unit) == pytest.approx(1.5)


@given(st.sampled_from(sorted(ANODES)), st.floats(0.8, 1.25))
def test_a_wavelength_beside_an_anode_is_its_own(anode: str, factor: float) -> None:
    wavelength = ANODES[anode] * factor
    if abs(factor - 1) < 0.0099:  # as K-alpha 1, 2 and their mean are
        assert stated_wavelength([wavelength], [anode]) == wavelength
    elif abs(factor - 1) > 0.0101:
        with pytest.raises(UserError, match=f"an anode of {anode}"):
            stated_wavelength([wavelength], [anode])


def test_what_nobody_filled_in_is_not_stated() -> None:
    assert stated_wavelength([0.0, -1.0], []) is None
    assert stated_wavelength([0.0], ["Cu"]) == ANODES["Cu"]
    assert stated_wavelength([0.0, 1.2], []) == 1.2


def test_the_lines_of_anodes_are_known_in_nm() -> None:
    assert all(looks_like_nm(wavelength / 10) for wavelength in ANODES.values())
    assert not any(looks_like_nm(wavelength) for wavelength in ANODES.values())
