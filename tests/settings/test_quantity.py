import re

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import settings_from_mapping


@pytest.mark.parametrize(
    ("section", "key", "value", "unit", "guess"),
    [
        ("simulate", "wavelength", 0.0251, "m", "2.51e-12 m (0.0251 Angstrom)"),
        ("simulate", "wavelength", 3.5, "m", "3.5e-12 m (3.5 pm)"),
        ("simulate", "pixel_size", 40, "m", "4e-05 m (40 um)"),
        ("simulate", "detector_distance", 100, "m", "0.1 m (100 mm)"),
        ("simulate", "focus_diameter", 1, "m", "1e-06 m (1 um)"),
        ("simulate", "debye_waller_b", 5e-21, "Angstrom^2", "0.5 Angstrom^2 (5e-21 m^2)"),
        ("powder", "wavelength", 1.5406, "m", "1.5406e-10 m (1.5406 Angstrom)"),
        ("powder", "wavelength", 0.15406, "m", "1.5406e-10 m (0.15406 nm)"),
        ("diffractogram", "crystallite_size", 5e-8, "nm", "50 nm (5e-08 m)"),
        ("diffractogram", "microstrain", 0.3, "", "0.003 (0.3 %)"),
        ("standardise", "symprec", 1e-11, "Angstrom", "0.1 Angstrom (1e-11 m)"),
    ],
)
def test_a_value_in_another_unit_is_refused_with_what_was_meant(
    section: str, key: str, value: float, unit: str, guess: str
) -> None:
    with pytest.raises(UserError) as error:
        settings_from_mapping({section: {key: value}}, "own.yaml")
    line = str(error.value)
    assert len(line.splitlines()) == 1
    assert line.startswith(f"own.yaml: `{section}.{key}`: must be ")
    assert f"not {value:g} {unit}".rstrip() in line
    assert re.search(r"; did you mean " + re.escape(guess), line)


def test_zero_is_a_value_where_it_means_none() -> None:
    content = {"simulate": {"debye_waller_b": 0, "disorder": {"displacement": 0}}}
    assert settings_from_mapping(content, "").simulate.debye_waller_b == 0


def test_angles_in_radians_are_refused_with_the_degrees() -> None:
    with pytest.raises(UserError, match=r"two_theta`: .* did you mean 5\.73 and 85\.9.* degrees"):
        settings_from_mapping({"powder": {"two_theta": [0.1, 1.5]}}, "own.yaml")


def test_a_wavelength_that_shows_no_reflection_is_refused() -> None:
    # Copper's is possible, but its first reflections pass by the detector.
    with pytest.raises(UserError, match=r"`simulate\.wavelength`: .* spacings above 30 Angstrom"):
        settings_from_mapping({"simulate": {"wavelength": 1.5406e-10}}, "own.yaml")
