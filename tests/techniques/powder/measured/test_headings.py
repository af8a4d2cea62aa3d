import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.headings import (
    check_abscissa,
    check_radiation,
    heading_wavelength,
)


@pytest.mark.parametrize(
    ("heading", "wavelength"),
    [
        ("# lambda1 = 0.7093, lambda2 = 0.7136", 0.7093),
        ("# Wavelength: 0,70930", 0.7093),
        ("# wavelength 70.93 pm", 0.7093),
        ("# Wavelength (nm): 0.15406", 1.5406),
        ("# Wavelength 0.15406 nm", 1.5406),
        ("# Wavelength: 1.5", 1.5),
        ("# wavelength -1.5406", -1.5406),
        ("# Energy 17.479 keV", 0.7093),
        ("# energy = 17479 eV", 0.7093),
        ("# Anode: Mo", 0.7093),
        ("Anode material,Cu", 1.5406),
        ("# Cu K-alpha, 40 kV, 30 mA", 1.5406),
        ("# CoKa1 radiation", 1.7890),
        ("# target: molybdenum", 0.7093),
        ("##WAVELENGTH=1.540598", 1.540598),
        ("K-Alpha1 wavelength,1.540598\nK-Alpha2 wavelength,1.544426", 1.540598),
        ("K-Beta wavelength,1.39225\nRatio K-Alpha2/K-Alpha1,0.50", None),
        ("KBr, wavelength 1.5406", 1.5406),
        ("Ka2/Ka1 ratio 0.50, wavelength 0.7093", 0.7093),
        ("Ka1 1.5406 Ka2 1.5444", 1.5406),
        ("Wavelength 1.5418\nK-alpha1 1.5406 A", 1.5418),
        ("# K-Alpha1 intensity ratio, 2.00", None),
        ("# wavelength 0.00", None),
        ("# a sample of 12.5 mg", None),
    ],
)
def test_a_wavelength_is_read_as_people_write_it(heading: str, wavelength: float | None) -> None:
    found, unclear = heading_wavelength(heading.splitlines())
    assert found == (None if wavelength is None else pytest.approx(wavelength, rel=1e-4))
    assert unclear in ("", "K-Beta wavelength,1.39225")


@pytest.mark.parametrize(
    "heading", ["# Wavelength: as usual", "# Anode: Rh", "# beam energy 3 GeV", "# CuKb, lambda"]
)
def test_what_is_not_understood_is_quoted(heading: str) -> None:
    assert heading_wavelength(["# quartz", heading]) == (None, heading)


@pytest.mark.parametrize(
    "heading",
    [
        "# Wavelength 0.7093\n# Wavelength 1.5406",
        "# Energy 17.479 keV, wavelength = 0.7",
        "# Anode: Cu\n# wavelength 0.7093",
        "# Anode: Cu\n# Mo K-alpha",
    ],
)
def test_a_heading_that_contradicts_itself_is_refused(heading: str) -> None:
    with pytest.raises(UserError, match=r"^states .* leave only"):
        heading_wavelength(heading.splitlines())


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("# q (nm^-1)  I", "scattering vectors"),
        ("Q(1/A), counts", "scattering vectors"),
        ("# theta(deg) counts", "theta"),
        ("# theta counts", "theta"),
        ("# Energy (keV), counts", "energies"),
        ("d (A)", "lattice spacings"),
        ("# d(A) counts", "lattice spacings"),
        ("d-spacing,intensity", "lattice spacings"),
        ("# TOF us", "times of flight"),
        ("2theta (rad) counts", "radians"),
    ],
)
def test_columns_of_other_quantities_are_refused_by_name(title: str, words: str) -> None:
    with pytest.raises(UserError, match=rf"the first column has {words}; give 2 theta in degrees"):
        check_abscissa(title)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Angle,Intensity",
        "# 2theta (deg) counts",
        "2Theta;I",
        "# Theta-2theta scan",
        "# Theta-TwoTheta locked",
        "# Energy 17.479 keV",
        "# d. smith, 12 May",
        "# quartz",
    ],
)
def test_other_headings_pass(title: str) -> None:
    check_abscissa(title)


@pytest.mark.parametrize(
    ("heading", "particles"),
    [
        ("# neutron, wavelength 1.5 A", "neutrons"),
        ("! neutron powder, SPODI, lambda=1.5406", "neutrons"),
        ("# Al2O3\n# Radiation: Neutrons", "neutrons"),
        ("# D2B at ILL (neutron) 1.594 A", "neutrons"),
        ("HRPT neutron diffractometer", "neutrons"),
        ("# electron diffraction, wavelength 0.0251 A", "electrons"),
        ("# radiation: electron", "electrons"),
        ("# ring average of electron powder patterns", "electrons"),
        ("# electrons, 200 kV", "electrons"),
    ],
)
def test_other_particles_than_x_rays_are_refused_by_name(heading: str, particles: str) -> None:
    with pytest.raises(UserError) as refused:
        check_radiation(heading.splitlines())
    assert str(refused.value).startswith(f"was measured with {particles}, as its heading '")
    assert str(refused.value).endswith("' says; give a diffractogram of X-rays")


@pytest.mark.parametrize(
    "heading",
    [
        "# quartz",
        "# Cu K-alpha, 40 kV; the sample of the neutron experiment",
        "# X-ray diffractogram beside neutron data",
        "# B4C, a neutron absorber",
        "# neutron-irradiated graphite",
        "# film by electron beam evaporation",
        "# as seen in the electron microscope",
        "# electronics grade silicon",
        "# synchrotron, wavelength 0.4 A",
    ],
)
def test_a_mention_of_other_particles_is_no_radiation(heading: str) -> None:
    check_radiation(heading.splitlines())
