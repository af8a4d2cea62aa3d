import json
from pathlib import Path

import gemmi
import numpy as np
import pymatgen.analysis.diffraction.xrd
import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.form_factors import form_factors

ELEMENTS = [gemmi.Element(number).name for number in range(1, 99)]


def test_forward_scattering_is_the_number_of_electrons() -> None:
    forward = form_factors(ELEMENTS, np.zeros(1))[:, 0]
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
        ours = form_factors([symbol], (2 * x) ** 2)[0]
        np.testing.assert_allclose(ours, expected, rtol=0.05, err_msg=symbol)


def test_an_element_without_factors_is_named() -> None:
    with pytest.raises(UserError, match="'Es' has no form factor"):
        form_factors(["Na", "Es"], np.zeros(1))
