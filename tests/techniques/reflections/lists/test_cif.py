"""Reflections in CIF, in all the ways that programs write them."""

import gemmi
import numpy as np
import pytest
from reflection_files import (
    CELL,
    CIF_CELL,
    INS,
    cif_loop,
    hkl_text,
    reflections,
    write,
)

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

HKL, INTENSITY, SIGMA = reflections()
ELECTRONS = "_diffrn_radiation_wavelength 0.0251\n_diffrn_radiation_probe electron\n"


def loop(*columns, start="_refln_", indices=HKL):
    """Return a loop of indices and further columns, each (name, values)."""
    names = [f"{start}index_{axis}" for axis in "hkl"] + [f"{start}{name}" for name, _ in columns]
    return cif_loop(names, *indices.T.tolist(), *(values for _, values in columns))


def read(tmp_path, text):
    return read_reflection_list([write(tmp_path / "a.dat", text)])


WITH_SU = [f"{i:.2f}({100 * s:.0f})" for i, s in zip(INTENSITY, SIGMA, strict=True)]
EMBEDDED = (
    f"_shelx_hkl_file\n;\n{hkl_text(HKL, INTENSITY, SIGMA)}   0   0   0\n;\n"
    f"_shelx_res_file\n;\n{INS}\n;\n"
)
CALCULATED = ("F_squared_calc", 1000 - INTENSITY)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        (loop(("intensity_meas", INTENSITY), ("intensity_sigma", SIGMA)), "intensity"),
        (
            loop(("intensity_meas", INTENSITY), ("intensity_meas_su", SIGMA), start="_refln."),
            "intensity",
        ),
        (loop(CALCULATED, ("F_squared_meas", INTENSITY), ("F_squared_sigma", SIGMA)), "F squared"),
        (
            loop(("F_squared_meas", INTENSITY), ("F_squared_meas_su", SIGMA), start="_refln."),
            "F squared",
        ),
        (
            loop(("intensity_net", INTENSITY), ("intensity_u", SIGMA), start="_diffrn_refln_"),
            "intensity",
        ),
        (
            loop(("intensity_net", INTENSITY), ("intensity_sigma", SIGMA), start="_diffrn_refln."),
            "intensity",
        ),
        (loop(("F_squared_meas", WITH_SU)), "F squared"),
        (EMBEDDED.replace("0.71073", "0.0251"), "F squared"),
    ],
)
def test_measured_values_are_read(tmp_path, text, quantity):
    found = read(tmp_path, CIF_CELL + ELECTRONS + text)
    np.testing.assert_array_equal(found.hkl, HKL)
    np.testing.assert_allclose(found.intensity, INTENSITY, rtol=1e-12)
    np.testing.assert_allclose(found.sigma, SIGMA, rtol=1e-12)
    assert found.cell.tolist() == list(CELL)
    assert (found.wavelength, found.radiation, found.quantity) == (0.0251, "electron", quantity)


def test_f_is_squared(tmp_path):
    f = np.sqrt(INTENSITY.clip(1))
    text = loop(("F_calc", 2 * f), ("F_meas", f), ("F_sigma", f / 20))
    found = read(tmp_path, CIF_CELL + text)
    np.testing.assert_allclose(found.intensity, f**2)
    np.testing.assert_allclose(found.sigma, f**2 / 10)
    assert found.quantity == "F"


def test_the_best_list_is_read(tmp_path):
    """SHELX's own list is not merged, a loop beside it is."""
    text = f"_shelx_hkl_file\n;\n{hkl_text(HKL, INTENSITY, SIGMA)};\n"
    text += loop(("F_squared_meas", 2 * INTENSITY), ("F_squared_sigma", SIGMA))
    found = read(tmp_path, CIF_CELL + text)
    np.testing.assert_array_equal(found.intensity, INTENSITY)
    assert "read from _shelx_hkl_file" in found.notes


def test_shelx_instructions_in_the_file_are_followed(tmp_path):
    hkl = f"_shelx_hkl_file\n;\n{hkl_text(HKL, INTENSITY, SIGMA)};\n"
    res = f"_shelx_res_file\n;\n{INS.replace('HKLF 4', 'HKLF 3')};\n"
    found = read(tmp_path, CIF_CELL + hkl + res)
    assert (found.quantity, found.stated_symbol) == ("F", "P 21 21 21")
    assert read(tmp_path, CIF_CELL + hkl + res.replace("SFAC", "NEUT\nSFAC")).radiation == "neutron"
    res = res.replace("12.27", "12.97")
    with pytest.raises(UserError, match=r"contradicts itself: _cell_ has 5.79, 5.94, 12.27"):
        read(tmp_path, CIF_CELL + hkl + res)


def test_a_list_of_a_refinement_says_so(tmp_path):
    """What SHELXL's LIST 4 writes."""
    text = "_shelx_refln_list_code 4\n_space_group_name_H-M_alt 'P 21 21 21'\n" + loop(
        CALCULATED,
        ("F_squared_meas", INTENSITY),
        ("F_squared_sigma", SIGMA),
        ("observed_status", "o" * len(HKL)),
    )
    found = read(tmp_path, CIF_CELL + text)
    assert any(note.startswith("LIST 4 of SHELXL") for note in found.notes)
    assert (found.stated_symbol, found.stated_number) == ("P 21 21 21", 19)


def test_frames_of_pets_say_so(tmp_path):
    text = ELECTRONS + "_diffrn_orient_matrix_UB_11 0.17\n"
    text += loop(
        ("intensity_meas", INTENSITY), ("intensity_sigma", SIGMA), ("zone_axis_id", [1] * 20)
    )
    found = read(tmp_path, CIF_CELL + text)
    assert any("single frames of PETS2" in note for note in found.notes)


def test_friedel_mates_of_the_pdb_agree_with_gemmi(tmp_path):
    minus = [*np.round(INTENSITY[:15] * 1.1, 2), *"?????"]
    text = CIF_CELL.replace("_cell_", "_cell.") + "_symmetry.space_group_name_H-M 'P 21 21 21'\n"
    text += loop(
        ("pdbx_I_plus", INTENSITY),
        ("pdbx_I_plus_sigma", SIGMA),
        ("pdbx_I_minus", minus),
        ("pdbx_I_minus_sigma", [*SIGMA[:15], *"?????"]),
        ("F_meas_au", SIGMA),
        ("F_meas_sigma_au", SIGMA),
        start="_refln.",
    )
    found = read(tmp_path, text)
    oracle = gemmi.as_refln_blocks(gemmi.cif.read_string(text))[0]
    plus, mates = (oracle.make_float_array(f"pdbx_I_{sign}") for sign in ("plus", "minus"))
    hkl = oracle.make_miller_array()
    np.testing.assert_array_equal(found.hkl, np.concatenate([hkl, -hkl[:15]]))
    np.testing.assert_array_equal(found.intensity, np.concatenate([plus, mates[:15]]))
    assert found.stated_number == 19
    assert "reflections listed without a value, as not measured: 5" in found.notes


def test_unmerged_blocks_of_the_pdb_are_preferred(tmp_path):
    merged = CIF_CELL + loop(("F_squared_meas", 2 * INTENSITY), ("F_squared_sigma", SIGMA))
    unmerged = "data_unmerged\n" + loop(
        ("intensity_net", INTENSITY), ("intensity_sigma", SIGMA), start="_diffrn_refln."
    )
    found = read(tmp_path, merged + unmerged)
    np.testing.assert_array_equal(found.intensity, INTENSITY)
    assert found.cell.tolist() == list(CELL)


MEASURED = loop(("intensity_meas", INTENSITY), ("intensity_sigma", SIGMA))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CIF_CELL + loop(CALCULATED), "block x: the reflections have no measured"),
        (CIF_CELL + loop(("F_squared_meas", INTENSITY)), "no measured values with sigma"),
        (CIF_CELL + "_pd_meas_2theta_range_min 5\n" + MEASURED, "block x: a powder"),
        (CIF_CELL + MEASURED.replace("\n1 ", "\n1.5 ", 1), "_refln_index_h of reflection"),
        (
            CIF_CELL + MEASURED.replace(" -3.25 ", " weak "),
            "_meas of reflection 1 is 'weak', not a number",
        ),
        ("data_x\n" + MEASURED, "no unit cell; give the .ins"),
        (CIF_CELL.replace("5.790(2)", "0") + MEASURED, "block x: no unit cell has 0, 5.94"),
        (
            CIF_CELL + MEASURED + CIF_CELL.replace("_x", "_y").replace("5.790", "6.790") + MEASURED,
            "several crystals, in the blocks x, y; give a file for each",
        ),
        (
            "data_z\n"
            + MEASURED
            + CIF_CELL
            + CIF_CELL.replace("_x", "_y").replace("5.790", "6.790"),
            "block z has no cell, and the other blocks have several",
        ),
        (
            CIF_CELL + "_cell_volume 999.9\n" + MEASURED,
            "block x: _cell_volume is 999.9, and the cell",
        ),
        (
            CIF_CELL
            + "_diffrn_radiation_probe electron\n_diffrn_radiation_type 'Mo K\\a'\n"
            + MEASURED,
            "block x: electron and xray in the tags of the radiation",
        ),
        (
            CIF_CELL + "_diffrn_radiation_wavelength 1.5418\n" + EMBEDDED,
            "_diffrn_radiation_wavelength is 1.5418, SHELX's instructions in it have 0.71073",
        ),
        ("data_x\n_exptl_crystal_colour red\n", "neither reflections nor a unit cell"),
        (CIF_CELL, "no reflections; give one file with reflections"),
        (CIF_CELL + MEASURED.rsplit(" ", 1)[0], "not a valid CIF file, or cut short"),
    ],
)
def test_what_is_not_taken_is_refused_by_name(tmp_path, text, words):
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_modulated_crystal_is_refused(tmp_path):
    columns = [("index_m_1", [0] * 20), ("intensity_meas", INTENSITY), ("intensity_sigma", SIGMA)]
    with pytest.raises(UserError, match=r"block x: a modulated crystal \(_refln_index_m_1\)"):
        read(tmp_path, CIF_CELL + loop(*columns))


def test_a_space_group_that_contradicts_itself_is_said(tmp_path):
    stated = "_space_group_name_H-M_alt 'P 21 21 21'\n_space_group_IT_number 61\n"
    found = read(tmp_path, CIF_CELL + stated + MEASURED)
    assert found.stated_symbol is None
    assert any(note.startswith("what the file says of its space group") for note in found.notes)


def test_words_of_x_rays_are_left_in_files_of_electrons(tmp_path):
    found = read(tmp_path, CIF_CELL + ELECTRONS + "_diffrn_radiation_type 'Mo K\\a'\n" + MEASURED)
    assert found.radiation == "electron"
    assert "the file says electron and xray; electrons by the wavelength" in found.notes


@pytest.mark.parametrize(
    ("counted", "text", "note"),
    [
        (
            "_reflns_number_total 40",
            MEASURED,
            "20 reflections are listed, and _reflns_number_total",
        ),
        ("_diffrn_reflns_number 40", EMBEDDED, "and _diffrn_reflns_number says 40: the list may"),
        ("_diffrn_reflns_number 40", MEASURED, None),  # it is merged
        ("_reflns_number_total 20", MEASURED, None),
        ("_reflns_number_total ?", MEASURED, None),
        ("_shelx_hkl_checksum 12345", EMBEDDED, "_shelx_hkl_checksum is 12345, and that of the"),
    ],
)
def test_lists_that_were_cut_are_said(tmp_path, counted, text, note):
    said = [
        line
        for line in read(tmp_path, f"{CIF_CELL}{counted}\n{text}").notes
        if "listed, and" in line or "checksum" in line
    ]
    assert len(said) == (note is not None)
    assert not said or note in said[0]


def test_the_checksum_is_that_of_shelxl(shared_reflections):
    """SHELXL wrote it into the CIF of alanine."""
    cif = shared_reflections / "alanin_cu" / "alanin.cif"
    assert b"_shelx_hkl_checksum   10363" in cif.read_bytes()
    assert not any("checksum" in note for note in read_reflection_list([cif]).notes)
