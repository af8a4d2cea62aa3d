import numpy as np
import pytest
from diffractogram_files import (
    ANGLES,
    COUNTS,
    WAVELENGTH,
    brml,
    bruker_raw,
    columns,
    fullprof,
    gsas,
    powder_cif,
    xrdml,
)

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.reading import is_diffractogram, read_diffractogram

HEADING = (
    b"[Measurement conditions]\nK-Alpha1 wavelength,1.540598\n[Scan points]\nAngle,Intensity\n"
)
ATTENUATED = "<beamAttenuationFactors>" + "3 " * ANGLES.size + "</beamAttenuationFactors>"


@pytest.mark.parametrize(
    ("name", "content", "wavelength"),
    [
        ("a.xy", columns(), None),
        ("a.dat", b"# sample\n\n" + columns("\t"), None),
        ("a.txt", b"##WAVELENGTH=1.540598\n" + columns(", "), WAVELENGTH),
        ("a.csv", HEADING + columns(","), WAVELENGTH),
        ("a.xye", columns().replace(b"\n", b" 1.5\n") + b" 1.5\n\n##END=", None),
        ("comma.xy", columns(";").replace(b".", b","), None),
        ("descending.xy", b"\n".join(columns().splitlines()[::-1]), None),
        ("a.dat", fullprof(), None),
        ("a.dat", fullprof(title="").replace(b"\n", b"\r\n"), None),
        ("a.dat", fullprof(columns=1), None),
        ("a.dat", fullprof("! wavelength 1.540598\n\nof a powder\n", ""), WAVELENGTH),
        ("a.xrdml", xrdml(), WAVELENGTH),
        ("a.brml", brml(), WAVELENGTH),
        ("a.raw", bruker_raw(), WAVELENGTH),
        ("a.cif", powder_cif(), WAVELENGTH),
        ("a.txt", (HEADING + columns(",")).decode().encode("utf-16"), WAVELENGTH),
        ("a.csv", columns("\t").decode().encode("utf-16-le"), None),
        ("a.xml", xrdml().replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"), WAVELENGTH),
        ("b.cif", powder_cif().decode().encode("utf-16"), WAVELENGTH),
    ],
)
def test_every_format_gives_the_same_scan(
    name: str, content: bytes, wavelength: float | None
) -> None:
    assert is_diffractogram(content, name)
    scan = read_diffractogram(content, name)
    np.testing.assert_allclose(scan.two_theta, ANGLES, atol=1e-6)
    np.testing.assert_array_equal(scan.intensity, COUNTS)
    assert scan.wavelength == wavelength


def test_scans_of_the_same_angles_are_added_and_attenuators_undone() -> None:
    scan = read_diffractogram(xrdml(scans=2), "a.xrdml")
    assert scan.scans == 2
    np.testing.assert_array_equal(scan.intensity, 2 * COUNTS)
    scan = read_diffractogram(xrdml(intensities="counts", further=ATTENUATED), "a.xrdml")
    np.testing.assert_array_equal(scan.intensity, 3 * COUNTS)


def quoted(separator: str, mark: str = ".") -> bytes:
    """Return columns as spreadsheets write them, each number in quotes."""
    return b"\n".join(
        b'"%s"' % line.replace(b" ", b'"%s"' % separator.encode()).replace(b".", mark.encode())
        for line in columns().splitlines()
    )


@pytest.mark.parametrize(
    "content",
    [
        quoted(","),
        quoted(";"),
        quoted(";", ","),
        quoted(",", ","),
        quoted("\t", ","),
        quoted(",").replace(b"\n", b',""\n') + b',""',
        columns(',"').replace(b"\n", b'"\n') + b'"',
        b'"2theta","counts"\n' + quoted(",").replace(b'"\n', b'","1.5"\n') + b',"1.5"',
        b'"2\xce\xb8 (deg)";"I"\r\n' + quoted(";", ",").replace(b"\n", b"\r\n"),
    ],
)
def test_numbers_may_stand_in_quotes(content: bytes) -> None:
    assert is_diffractogram(content, "a.csv")
    scan = read_diffractogram(content, "a.csv")
    np.testing.assert_allclose(scan.two_theta, ANGLES, atol=1e-6)
    np.testing.assert_array_equal(scan.intensity, COUNTS)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (xrdml(further="<countingTimes>12</countingTimes>"), "a.xrdml"),
        (xrdml(further="<beamAttenuationFactors>1</beamAttenuationFactors>"), "a.xrdml"),
        (
            xrdml(
                further='<positions axis="Phi"><listPositions>0 90</listPositions></positions>'
                "<countingTimes>unknown</countingTimes>"
            ),
            "a.xrdml",
        ),
        (b"# Smoothing: Savitzky-Golay, number of points: 7\n" + columns(), "a.xy"),
        (b"# Number of points: 0\n" + columns(), "a.xy"),
        (b"# peaks: no points: 3\n" + columns(), "a.xy"),
    ],
)
def test_other_numbers_of_points_are_no_contradiction(content: bytes, name: str) -> None:
    np.testing.assert_array_equal(read_diffractogram(content, name).intensity, COUNTS)


def with_thousands(mark: str, decimals: str = "", decimal_mark: str = ".") -> bytes:
    """Return columns whose intensities have a mark between thousands."""
    return "\n".join(
        f"{angle:.2f}".replace(".", decimal_mark) + f" {count:,.0f}".replace(",", mark) + decimals
        for angle, count in zip(ANGLES, COUNTS, strict=True)
    ).encode()


@pytest.mark.parametrize(
    "content",
    [
        with_thousands(","),
        with_thousands(",", ".5"),
        with_thousands(".", decimal_mark=","),
        with_thousands(".", ",5", ","),
        b"\n".join(with_thousands(",").splitlines()[432:]),  # from the first thousand on
        b"\n".join(with_thousands(",", ".5").splitlines()[432:]),
        columns(";").replace(b".", b",", 500),
        quoted(",").replace(b'"2020"', b'"2,020"'),
    ],
)
def test_marks_between_thousands_are_no_decimal_ones(content: bytes) -> None:
    assert is_diffractogram(content, "a.txt")
    with pytest.raises(UserError, match=r"^line \d+ .* write thousands without a mark"):
        read_diffractogram(content, "a.txt")


@pytest.mark.parametrize(
    "content",
    [
        columns().replace(b" 2000", b" 2e3"),
        columns("\t").replace(b".00\t", b"\t"),
        columns().replace(b" 2000", b" 2000.000"),
        b"05.01.2024 10.30\n" + columns(),
        b"RAW data\n" + columns(),
    ],
)
def test_numbers_may_be_written_in_several_ways(content: bytes) -> None:
    scan = read_diffractogram(content, "a.xy")
    np.testing.assert_allclose(scan.two_theta, ANGLES, atol=1e-6)
    np.testing.assert_array_equal(scan.intensity, COUNTS)


@pytest.mark.parametrize("nothing", [0, -1])
def test_a_wavelength_that_nobody_filled_in_is_none(nothing: float) -> None:
    for name, content in (
        ("a.cif", powder_cif(nothing)),
        ("a.xrdml", xrdml(wavelength=nothing)),
        ("a.brml", brml(wavelength=nothing)),
        ("a.raw", bruker_raw(nothing)),
    ):
        assert read_diffractogram(content, name).wavelength is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xy", b"10,00 12,5\n10,02 13,1\n", "holds 2 points"),
        ("a.dat", b"# angle\n10,00 12,5\n10,02 13,1\n", "holds 2 points"),
        ("a.xy", columns().splitlines()[0], "holds 1 point, but"),
        ("a.xy", b"", "empty"),
        (
            "a.csv",
            columns(",").replace(b"\n", b",1,1\n") + b",1,1",
            "line 1 has 4 numbers; give an angle,",
        ),
        ("a.csv", columns(",").replace(b".", b",").replace(b"\n", b",0\n")[:-9], "decimal marks"),
        ("a.xy", columns() + b"\nend of scan 1\n", "line 1402 is not an angle"),
        ("a.xy", columns() + b"\n80.05 1 1", "line 1402 has 3 numbers"),
        ("a.xy", columns() + b"\n" + columns(), "do not ascend: 10 degrees follow 80"),
        ("a.xy", columns() + b"\n80.05 nan", "no finite numbers"),
        ("a.xy", columns(angles=ANGLES + 110), "120 to 190"),
        ("a.xy", columns(angles=ANGLES[0] + np.arange(1401) / 0.5), "10 to 2810"),
        ("a.xy", b"\n".join(b"%d 7" % angle for angle in range(1, 150)), "step of 1 degrees"),
        ("a.xy", b"\n".join(b"%.1f 0" % (angle / 5) for angle in range(1, 150)), "no peak"),
        ("a.xrdml", xrdml()[:-40], "not valid XML, or cut short"),
        ("a.xrdml", b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + xrdml(), "document type"),
        (
            "a.xrdml",
            ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + xrdml().decode()).encode("utf-16"),
            "document type",
        ),
        ("a.xrdml", xrdml().replace(b'"2Theta"', b'"Phi"'), "no scan of 2 theta"),
        (
            "a.xrdml",
            xrdml().replace(b"20 20", b"20 x", 1),
            "among its intensities is 'x', which is not a number",
        ),
        ("a.xrdml", xrdml().replace(b"20 20", b"20,00 20,00", 1), "is '20,00', which is not a"),
        ("a.xrdml", xrdml(wavelength="Cu"), "among its wavelengths is 'Cu'"),
        ("a.brml", brml(ends=("", "")), "has not one number for start"),
        ("a.brml", brml(ends=("10 20", "80")), "has not one number for start"),
        ("a.brml", brml()[:-30], "damaged or cut short"),
        ("a.brml", brml("Phi"), "no scan of 2 theta"),
        ("a.raw", bruker_raw()[:-5], "damaged or cut short"),
        ("a.raw", b"RAW4.00" + bytes(900), "RAW1.01"),
        ("a.raw", b"\0\1" * 300, "binary"),
        ("a.rasx", b"text", "Rigaku's RASX"),
        ("a.gsa", gsas(), "in the format GSAS, which is not read; export it as .xy"),
        ("a.dat", gsas(), "in the format GSAS, which is not read; export it as .xy"),
        (
            "a.dat",
            fullprof()[:4000],
            "10 to 80 degrees in steps of 0.05, which are 1401 points, but 488 follow; export it",
        ),
        ("a.dat", fullprof(title="neutrons"), "measured with neutrons, as its heading 'neutrons'"),
        ("a.cif", powder_cif().replace(b"_pd_meas_2theta_scan", b"_pd_meas_time"), "no angles"),
        ("a.cif", powder_cif().replace(b" 20(4)", b" ?", 1), "number 1 is '?'"),
        ("a.cif", powder_cif(1e-9), "wavelength of 1e-09 Angstrom, and not one of 0.05 to 10"),
        ("a.xrdml", xrdml(wavelength=154.06), "wavelength of 154.06 Angstrom"),
        ("a.brml", brml(wavelength=1.5406e-10), "wavelength of 1.5406e-10 Angstrom"),
        ("a.raw", bruker_raw(15.4), "wavelength of 15.4 Angstrom"),
        ("a.xy", b"# wavelength 0.01\n" + columns(), "wavelength of 0.01 Angstrom"),
        ("a.xy", b"# wavelength -1.5406\n" + columns(), "wavelength of -1.5406 Angstrom"),
        ("a.raw", bruker_raw(-1.54), "wavelength of -1.54 Angstrom"),
        ("a.xrdml", xrdml(wavelength=-1.54), "wavelength of -1.54 Angstrom"),
        (
            "a.xrdml",
            xrdml(further="<usedWavelength><kAlpha1>0.7093</kAlpha1></usedWavelength>"),
            "states two wavelengths, 1.5406 and 0.7093",
        ),
        ("a.xrdml", xrdml(further="<anodeMaterial>Mo</anodeMaterial>"), "and an anode of Mo"),
        ("a.xy", b"# q (nm^-1)  I\n" + columns(), "first column has scattering vectors"),
        ("a.xy", b"# neutron, wavelength 1.5 A\n" + columns(), "was measured with neutrons, as"),
        ("a.csv", b'"q","I"\n' + quoted(","), "first column has scattering vectors"),
        ("a.csv", b"No. of points,2001\n" + columns(","), "heading states 2001 points, but 1401 f"),
        (
            "a.xrdml",
            xrdml(further="<countingTimes>1 1 1</countingTimes>"),
            "has 3 values of countingTimes and 1401 intensities; export it anew, whole",
        ),
        (
            "a.xrdml",
            xrdml(further=ATTENUATED).replace(b"20 20 20 ", b"", 1),
            "has 1401 values of beamAttenuationFactors and 1398 intensities",
        ),
        (
            "a.xrdml",
            xrdml().replace(b"<scan ", b'<scan status="Aborted" '),
            "its scan was aborted, and where is not said",
        ),
        (
            "a.brml",
            brml(ends=("10", "90")),
            "angles stop at 90 degrees, but its points do at 80; export it anew, whole",
        ),
    ],
)
def test_what_is_no_diffractogram_is_refused_with_the_reason(
    name: str, content: bytes, reason: str
) -> None:
    assert is_diffractogram(content, name)
    with pytest.raises(UserError) as refused:
        read_diffractogram(content, name)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


RANGE = b"_pd_meas_2theta_range_min 10\n_pd_meas_2theta_range_max 80\n"


def with_ends(further: bytes = b"") -> bytes:
    """Return a CIF file whose angles are told by their range."""
    head, _, rows = powder_cif().partition(b"_pd_meas_2theta_scan\n")
    tag, *lines = rows.splitlines()
    counts = b"\n".join(line.split()[1] for line in lines)
    return head.replace(b"loop_\n", RANGE + further + b"loop_\n") + tag + b"\n" + counts + b"\n"


def test_the_angles_of_a_cif_may_be_told_by_their_range() -> None:
    scan = read_diffractogram(with_ends(b"_pd_meas_2theta_range_inc 0.05\n"), "a.cif")
    np.testing.assert_allclose(scan.two_theta, ANGLES, atol=1e-6)


def test_files_that_say_no_more_of_their_angles_than_the_ends_are_known() -> None:
    for content, name in ((xrdml(), "a.xrdml"), (with_ends(), "a.cif")):
        assert read_diffractogram(content, name).ends_only
    for content, name in (
        (with_ends(b"_pd_meas_2theta_range_inc 0.05\n"), "a.cif"),
        (with_ends(b"_pd_meas_number_of_points 1401\n"), "a.cif"),
        (powder_cif(), "a.cif"),
        (brml(), "a.brml"),
        (bruker_raw(), "a.raw"),
        (columns(), "a.xy"),
    ):
        assert not read_diffractogram(content, name).ends_only


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (with_ends(b"_pd_meas_2theta_range_inc 0.02\n"), "_inc is 0.02, but 1401 points from 10 "),
        (
            with_ends().replace(b"min 10", b"min 90"),
            "range_min is 90 and _max is 80; give the angles",
        ),
        (with_ends(b"_pd_meas_number_of_points 3501\n"), "states 3501 points, but its profile "),
        (powder_cif() + b"_pd_meas_number_of_points 3501\n", "states 3501 points, but its profil"),
        (
            powder_cif() + RANGE.replace(b"10", b"20").replace(b"80", b"90"),
            "_min and _max are 20 and 90, but its angles are 10 to 80",
        ),
        (powder_cif() + b"_diffrn_radiation_probe neutron\n", "was measured with 'neutron'"),
        (powder_cif() + b"_diffrn_radiation_probe electron\n", "was measured with 'electron'"),
        (
            powder_cif() + b"_diffrn_radiation_type neutron\n",
            "was measured with 'neutron'; give a diffractogram of X-rays",
        ),
        (powder_cif() + b"_diffrn_radiation_type 'electrons'\n", "was measured with 'electrons'"),
        (powder_cif() + b"_diffrn_source 'nuclear reactor'\n", "measured with 'nuclear reactor'"),
        (
            powder_cif() + b"_diffrn_source 'spallation source'\n",
            "was measured with 'spallation source'",
        ),
        (powder_cif() + b"_diffrn_radiation_type 'Mo K\\a'\n", "and an anode of Mo"),
        (powder_cif(-1.54), "wavelength of -1.54 Angstrom"),
        (powder_cif().replace(b"1.540598", b"CuKa"), "_wavelength is 'CuKa', not a number"),
    ],
)
def test_a_cif_that_contradicts_itself_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UserError) as refused:
        read_diffractogram(content, "a.cif")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("stated", "wavelength", "unclear"),
    [
        ("_diffrn_radiation_probe x-ray\n_diffrn_radiation_type 'Mo K\\a'", 0.7093, ""),
        ("_diffrn_source_target Ag", 0.5594, ""),
        ("_diffrn_source 'electron storage ring'", None, ""),
        ("_diffrn_radiation_type synchrotron", None, "synchrotron"),
        ("loop_\n_diffrn_radiation_wavelength\n0.7093\n0.7136", 0.7093, ""),
        (
            "loop_\n_diffrn_radiation_wavelength\n_diffrn_radiation_wavelength_wt\n"
            "0.7136 0.5\n0.7093 1",
            0.7093,
            "",
        ),
    ],
)
def test_the_radiation_of_a_cif_is_read(
    stated: str, wavelength: float | None, unclear: str
) -> None:
    content = powder_cif().decode().replace("_diffrn_radiation_wavelength 1.540598", stated)
    scan = read_diffractogram(content.encode(), "a.cif")
    assert (scan.wavelength, scan.unclear) == (wavelength, unclear)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.cif", b"data_a\n_cell_length_a 4\nloop_\n_atom_site_fract_x\n0\n"),
        ("both.cif", powder_cif() + b"data_b\nloop_\n_atom_site_fract_x\n0\n"),
        ("POSCAR", b"NaCl\n1.0\n4 0 0\n0 4 0\n0 0 4\nNa Cl\n1 1\nDirect\n0 0 0\n.5 .5 .5\n"),
        ("a.json", b'{"lattice": 1}'),
        ("a.txt", b"nothing"),
    ],
)
def test_structures_are_no_diffractograms(name: str, content: bytes) -> None:
    assert not is_diffractogram(content, name)


def test_a_zip_archive_is_not_unpacked_beyond_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacegrouper.techniques.powder.measured.brml._LARGEST", 1000)
    with pytest.raises(UserError, match="more than a scan"):
        read_diffractogram(brml(), "a.brml")
