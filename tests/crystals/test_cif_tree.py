import gzip

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter

from spacegrouper.crystals.cif_tree import read_cif_tree
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError

SALT = """data_salt
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_chemical_formula_sum 'Cl Na'
_cell_formula_units_Z 4
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na1+ 0 0 0 1
Cl1 Cl1- 0.5 0.5 0.5 1
"""
# The oxygen is a little off its place, as in files with few decimals; symmetry is spelt out.
QUARTZ = """data_quartz
_cell_length_a 4.916(1)
_cell_length_b 4.916(1)
_cell_length_c 5.4054(5)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_chemical_formula_sum 'O2 Si'
loop_
_symmetry_equiv_pos_as_xyz
x,y,z
-y,x-y,z+2/3
y-x,-x,z+1/3
y,x,-z
x-y,-y,1/3-z
-x,y-x,2/3-z
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si1 0.4697(1) 0 0.667
O1 0.4135 0.2669 0.7858
"""


def read(folder):
    return {record.id: record for record in read_cif_tree(folder)}


def read_one(tmp_path, content):
    (tmp_path / "x.cif").write_text(content)
    return read(tmp_path)["x.cif"]


def test_special_positions_are_not_doubled(tmp_path):
    salt = read_one(tmp_path, SALT)
    assert sorted(salt.species) == ["Cl"] * 4 + ["Na"] * 4
    np.testing.assert_allclose(salt.lattice, 5.64 * np.eye(3), atol=1e-12)
    quartz = read_one(tmp_path, QUARTZ)
    assert sorted(quartz.species) == ["O"] * 6 + ["Si"] * 3
    assert ((quartz.frac_coords >= 0) & (quartz.frac_coords < 1)).all()
    first, second = quartz.lattice[:2]
    assert np.degrees(np.arccos(first @ second / 4.916**2)) == pytest.approx(120)
    bond = np.array([0.4135 - 0.4697, 0.2669, 0.7858 - 0.667]) @ quartz.lattice
    assert np.linalg.norm(bond) == pytest.approx(1.61, abs=0.02)  # Angstrom, Si-O


@pytest.mark.parametrize("symprec", [None, 0.01])
def test_what_pymatgen_writes_is_read(tmp_path, symprec):
    # Its formula is that of the whole cell, with the number of formula units beside it.
    salt = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0] * 3, [0.5] * 3]
    )
    CifWriter(salt, symprec=symprec).write_file(tmp_path / "x.cif")
    crystal = read(tmp_path)["x.cif"]
    assert sorted(crystal.species) == ["Cl"] * 4 + ["Na"] * 4


def test_deuterium_is_hydrogen_in_atoms_and_formula(tmp_path):
    text = SALT.replace("Cl1 Cl1-", "D1 D").replace("'Cl Na'", "'D Na'")
    assert read_one(tmp_path, text).species.count("H") == 4


def test_folders_are_read_in_the_order_of_their_paths(tmp_path):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "1.cif").write_text(SALT)
    (tmp_path / "b" / "a.cif.gz").write_bytes(gzip.compress(QUARTZ.encode()))
    (tmp_path / "z.cif").write_text(SALT)
    (tmp_path / "c.cif").write_text(SALT + "\n" + QUARTZ)
    (tmp_path / "notes.txt").write_text("no CIF")
    records = list(read_cif_tree(tmp_path))
    assert [record.id for record in records] == [
        "b/a.cif.gz",
        "b/deep/1.cif",
        "c.cif#salt",
        "c.cif#quartz",
        "z.cif",
    ]
    assert all(isinstance(record, Crystal) for record in records)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SALT[: SALT.index(" 0.5 0.5 1")], "cut short"),
        (SALT[: SALT.index("Cl1 Cl1-")], "do not add up to the formula"),
        (SALT[: SALT.index("loop_")], "no atoms"),
        (SALT.replace("0 0 0 1", "0 0 0 0.5"), "partial occupancy: site Na1"),
        (SALT.replace("Cl1 Cl1- 0.5 0.5 0.5", "Cl1 Cl1- 0.01 0 0"), "on one place"),
        (SALT.replace("Na1 Na1+", "Xx1 Xx"), "unknown element 'Xx'"),
        (SALT.replace("0 0 0 1", "? ? ? 1"), "no coordinates"),
        (SALT.replace("_cell_length_b 5.64\n", ""), "no unit cell: _cell_length_b"),
        (SALT.replace("_cell_angle_gamma 90", "_cell_angle_gamma ?"), "no unit cell"),
        (SALT.replace("_cell_angle_gamma 90", "_cell_angle_gamma 180"), "no volume"),
        (SALT.replace("'F m -3 m'", "'Q 9'"), "space group is not known"),
        (QUARTZ.replace("y,x,-z", "y,x,,"), ""),
        (SALT.replace("_Z 4", "_Z 2"), "do not add up"),
        ("", "empty"),
        (" \n", "empty"),
        ("once upon a time", "not a valid CIF"),
    ],
)
def test_a_bad_file_is_rejected_with_its_name_and_a_reason(tmp_path, content, reason):
    (tmp_path / "good.cif").write_text(SALT)
    rejection = read_one(tmp_path, content)
    assert isinstance(rejection, Rejection)
    assert (rejection.id, rejection.stage) == ("x.cif", "acquire")
    assert reason in rejection.reason
    assert "\n" not in rejection.reason
    assert isinstance(read(tmp_path)["good.cif"], Crystal)


def test_binary_and_damaged_files_are_rejected(tmp_path):
    (tmp_path / "binary.cif").write_bytes(np.random.default_rng(0).bytes(4000))
    packed = gzip.compress(SALT.encode())
    (tmp_path / "cut.cif.gz").write_bytes(packed[:100])
    (tmp_path / "tail.cif.gz").write_bytes(packed[100:])
    records = read(tmp_path)
    assert "binary" in records["binary.cif"].reason
    assert "damaged or cut short" in records["cut.cif.gz"].reason
    assert "damaged or cut short" in records["tail.cif.gz"].reason


@pytest.mark.parametrize("part", range(0, len(SALT), 29))
def test_no_truncation_raises_or_gives_less_than_a_whole_cell(tmp_path, part):
    record = read_one(tmp_path, SALT[:part])
    assert isinstance(record, Rejection) or len(record.species) == 8


def test_a_folder_without_cif_files_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match=r"no \*\.cif"):
        list(read_cif_tree(tmp_path))
    with pytest.raises(UserError, match="no such folder"):
        list(read_cif_tree(tmp_path / "missing"))
