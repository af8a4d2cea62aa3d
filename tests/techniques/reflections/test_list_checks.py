"""Lists that no experiment measures are refused, whatever format they are in."""

import numpy as np
import pytest
from reflection_files import (
    CELL_TEXT,
    CIF_CELL,
    INS,
    cif_loop,
    hkl_text,
    mtz_file,
    reflections,
    write,
    xds_text,
)

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

HKL, INTENSITY, SIGMA = reflections(100)
LIST = hkl_text(HKL, INTENSITY, SIGMA)
LONG = 4.0  # Angstrom: half of it is above many spacings of the list


def shelx(folder, wavelength=LONG):
    path = write(folder / "a.hkl", LIST)
    return [path, write(folder / "b.ins", INS.replace("0.71073", f"{wavelength}"))]


def cif(folder):
    names = ["index_h", "index_k", "index_l", "F_squared_meas", "F_squared_sigma"]
    loop = cif_loop([f"_refln_{name}" for name in names], *HKL.T.tolist(), INTENSITY, SIGMA)
    text = f"{CIF_CELL}_diffrn_radiation_wavelength {LONG}\n{loop}"
    return [write(folder / "a.cif", text)]


def mtz(folder):
    table = np.column_stack([HKL, INTENSITY, SIGMA])
    return [mtz_file(folder / "a.mtz", [("I", "J"), ("SIGI", "Q")], table, LONG)]


def xds(folder):
    text = xds_text(HKL, INTENSITY, SIGMA).replace("0.02508", f"{LONG}")
    return [write(folder / "a.HKL", text)]


@pytest.mark.parametrize("make", [shelx, cif, mtz, xds])
def test_no_reflection_is_beyond_half_the_wavelength(tmp_path, make):
    with pytest.raises(UserError) as error:
        read_reflection_list(make(tmp_path))
    words = "the cell 5.79, 5.94, 12.27, 90, 90, 90 gives reflections down to a spacing of 1.12 "
    assert words in str(error.value)
    assert "the wavelength 4 reaches 2 (half of it); the cell, its unit or" in str(error.value)


def test_a_reflection_at_half_the_wavelength_is_measured(tmp_path):
    """Bragg's law: sin(theta) is 1 there; the cell may be off by a percent."""
    shortest = read_reflection_list(shelx(tmp_path, 0.71073)).shortest_spacing()
    found = read_reflection_list(shelx(tmp_path, round(2.02 * shortest, 4)))
    assert len(found.hkl) == 100


def test_a_stray_index_is_left_out_and_said(tmp_path):
    path = write(tmp_path / "a.hkl", 2 * LIST + "  90   1   1  100.00    1.00\n")
    found = read_reflection_list([path, write(tmp_path / "b.ins", INS)])
    assert len(found.hkl) == 200
    note = "reflections left out, as their spacing is below what the experiment reaches: 1"
    assert note in found.notes


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("0.11,0.11,0.11,90,90,90", "no unit cell has 0.11, 0.11, 0.11"),
        ("1e5,1e5,1e5,90,90,90", "no unit cell has 100000, 100000"),
        ("1.1,1.2,1.3,90,90,90", "has 1.7 A^3, too few for an atom"),
        ("5.79,5.94,12.27,1.5708,1.5708,1.5708", "look like radians; give degrees"),
        ("5.79,5.94,12.27,90,179.9999,90", "has no volume; check the angles"),
        ("1.2,1.2,2.454,90,90,90", None),
        ("579,594,1227,90,90,90", "down to a spacing of 112 Angstrom only, too far apart"),
    ],
)
def test_cells_in_other_units_are_told_without_a_wavelength(tmp_path, cell, words):
    path = write(tmp_path / "a.hkl", LIST)
    if words is None:
        assert len(read_reflection_list([path], cell).hkl) == 100
        return
    with pytest.raises(UserError) as error:
        read_reflection_list([path], cell)
    assert words in str(error.value)


def test_spacings_that_no_experiment_reaches_are_told_without_a_wavelength(tmp_path):
    path = write(tmp_path / "a.hkl", hkl_text(10 * HKL, INTENSITY, SIGMA))
    with pytest.raises(UserError, match=r"of 0\.112 Angstrom, which no experiment reaches"):
        read_reflection_list([path], CELL_TEXT)


@pytest.mark.parametrize("exponent", [-300, -160, 160, 170, 300])
@pytest.mark.parametrize("code", [3, 4])
def test_values_on_any_scale_are_read(tmp_path, exponent, code):
    """The same values on another scale are the same list, and nothing overflows."""
    form = f"{{}} {{}} {{}} {{:.2f}}e{exponent} {{:.2f}}e{exponent}"
    lists = []
    for name, text in (("a", LIST), ("b", hkl_text(HKL, INTENSITY, SIGMA, form))):
        instructions = write(tmp_path / f"{name}.ins", INS.replace("HKLF 4", f"HKLF {code}"))
        lists.append(read_reflection_list([write(tmp_path / f"{name}.hkl", text), instructions]))
    plain, found = lists
    ratio = found.intensity / plain.intensity
    np.testing.assert_allclose(ratio, ratio[0])
    np.testing.assert_allclose(found.sigma / plain.sigma, ratio[0])
    assert 1e-4 < ratio[0] * np.median(plain.intensity) < 1e4
    assert any("scaled by a power of two, as they are about " in note for note in found.notes)
    assert not any("scaled by a power" in note for note in plain.notes)


@pytest.mark.parametrize("row", ["1e308 1", "1e20 1e18", "-1e20 1", "100 1e200", "100 1e-200"])
@pytest.mark.parametrize("code", [3, 4])
def test_an_absurd_value_is_left_out_and_said(tmp_path, row, code):
    text = hkl_text(HKL, INTENSITY, SIGMA, "{} {} {} {} {}") + f"1 2 3 {row}\n"
    instructions = write(tmp_path / "b.ins", INS.replace("HKLF 4", f"HKLF {code}"))
    found = read_reflection_list([write(tmp_path / "a.hkl", text), instructions])
    assert len(found.hkl) == 100
    note = "reflections left out, as their value or sigma is beyond all others by far: 1"
    assert note in found.notes


def read_apart(folder, intensity, sigma=SIGMA, hkl=HKL):
    text = hkl_text(hkl, intensity, sigma, "{} {} {} {:.2f} {:.2f}")
    paths = [write(folder / "a.hkl", text), write(folder / "b.ins", INS)]
    return read_reflection_list(paths)


def test_a_constant_list_is_refused(tmp_path):
    constant = np.where(np.arange(100) < 60, 42.5, INTENSITY)
    with pytest.raises(UserError, match=r"of 100 reflections 60 have the same intensity, 42\.5"):
        read_apart(tmp_path, constant)
    # Programs write 0 for what they do not see.
    assert len(read_apart(tmp_path, np.where(constant == 42.5, 0, constant)).hkl) == 100


def test_intensities_far_below_zero_are_refused_or_said(tmp_path):
    """No intensity is below zero; with a right sigma 5 sigma below it are one in three million."""
    strong = np.flatnonzero(INTENSITY > 10 * SIGMA)
    for number, said in ((2, False), (6, True), (30, None)):
        turned = INTENSITY.copy()
        turned[strong[:number]] *= -1
        if said is None:
            with pytest.raises(UserError, match="of 100 reflections 30 are below -5 sigma"):
                read_apart(tmp_path, turned)
            return
        notes = read_apart(tmp_path, turned).notes
        note = "reflections below -5 sigma, which no right sigma has: 6"
        assert any(line.startswith(note) for line in notes) == said


def test_repetitions_far_apart_are_said(tmp_path):
    hkl, sigma = np.tile(HKL, (2, 1)), np.tile(SIGMA, 2)
    same = np.concatenate([INTENSITY, INTENSITY + SIGMA])
    assert not any("repeated" in note for note in read_apart(tmp_path, same, sigma, hkl).notes)
    apart = np.concatenate([INTENSITY, 9 * INTENSITY + 200])
    (note,) = [note for note in read_apart(tmp_path, apart, sigma, hkl).notes if "repeated" in note]
    # I and 9 I + 200 are 4 I + 100 from their mean of 5 I + 100.
    deviation = np.abs(4 * INTENSITY + 100)
    distance = np.median(deviation / SIGMA)
    share = np.median(deviation / np.abs(5 * INTENSITY + 100))
    assert f"are {distance:.0f} sigma from their mean, {100 * share:.0f} % of it" in note
