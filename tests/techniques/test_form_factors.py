import json
from pathlib import Path

import gemmi
import numpy as np
import pymatgen.analysis.diffraction.xrd
import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.form_factors import form_factors, reason_against_elements

ELEMENTS = [gemmi.Element(number).name for number in range(1, 99)]


def test_forward_scattering_is_the_number_of_electrons() -> None:
    forward = form_factors(ELEMENTS, np.zeros(1), "xray")[:, 0]
    # The four-Gaussian fit misses f(0) = Z by a few hundredths of an electron.
    np.testing.assert_allclose(forward, np.arange(1, 99), atol=0.11)


def test_another_parametrisation_agrees() -> None:
    # pymatgen's, f = Z - 41.78214 x^2 sum of a_k exp(-b_k x^2), x = sin(theta) / wavelength: fitted
    # to other tables, for electron microscopy, and without a constant at large angles.
    source = Path(pymatgen.analysis.diffraction.xrd.__file__)
    table = json.loads((source.parent / "atomic_scattering_params.json").read_text())
    x = np.linspace(0, 0.6, 13)
    for symbol in ("C", "O", "Na", "Si", "Cl", "Fe", "Ba", "Au", "Pb"):
        gaussians = sum(a * np.exp(-b * x**2) for a, b in table[symbol])
        expected = gemmi.Element(symbol).atomic_number - 41.78214 * x**2 * gaussians
        ours = form_factors([symbol], (2 * x) ** 2, "xray")[0]
        np.testing.assert_allclose(ours, expected, rtol=0.05, err_msg=symbol)


def test_electrons_are_scattered_by_the_charge_that_scatters_x_rays() -> None:
    """The Mott-Bethe formula, m e^2 / (8 pi eps0 h^2) (Z - f_x) / (s / 2)^2."""
    # Without hydrogen, whose X-ray table is of the atom in a bond.
    numbers = np.arange(2, 99)[:, None]
    s = np.linspace(0.2, 2, 10)
    of_x_rays = form_factors(ELEMENTS[1:], s**2, "xray")
    expected = 0.0239337 * (numbers - of_x_rays) / (s / 2) ** 2
    np.testing.assert_allclose(form_factors(ELEMENTS[1:], s**2, "electron"), expected, rtol=0.05)


def test_an_element_without_neutron_scattering_length_is_not_taken_for_a_vacuum() -> None:
    with pytest.raises(UserError, match="'Pu' has no form factor for neutrons"):
        form_factors(["O", "Pu"], np.zeros(1), "neutron")
    assert reason_against_elements(("O", "Pu"), "neutron") == (
        "element 'Pu' has no neutron scattering length"
    )
    assert reason_against_elements(("O", "Pu"), "electron") == ""
    assert reason_against_elements(("O", "U"), "neutron") == ""


@pytest.mark.parametrize("radiation", ["xray", "electron", "neutron"])
def test_an_element_without_factors_is_named(radiation) -> None:
    with pytest.raises(UserError, match="'Es' has no form factor"):
        form_factors(["Na", "Es"], np.zeros(1), radiation)


# f(0) for electrons, Angstrom: International Tables C (2004), Table 4.3.1.1, which is not the table
# of Gaussians.
@pytest.mark.parametrize(
    ("symbol", "expected"), [("H", 0.529), ("C", 2.509), ("Al", 5.889), ("Si", 5.828)]
)
def test_electrons_ahead_are_scattered_as_tabulated(symbol: str, expected: float) -> None:
    found = form_factors([symbol], np.zeros(1), "electron")[0, 0]
    assert found == pytest.approx(expected, rel=0.005)
