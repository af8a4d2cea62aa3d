import errno
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter

from spacegrouper.crystals.cif_tree import passed_over, read_cif_tree
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

# All atoms of a primitive cell, and not a word on symmetry.
NO_SYMMETRY = """data_x
_cell_length_a 4.11
_cell_length_b 4.11
_cell_length_c 4.11
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_chemical_formula_sum 'Cl Cs'
_cell_formula_units_Z 1
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cs1 0 0 0
Cl1 0.5 0.5 0.5
"""
# An oxygen whose two hydrogens have no positions.
HYDROGENLESS = """data_ice
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
_chemical_formula_sum 'H2 O1'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_attached_hydrogens
O1 0 0 0 2
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
    (tmp_path / "z.cif").write_text(SALT.replace("5.64", "5.66"))
    other = SALT.replace("5.64", "5.65") + "\n" + QUARTZ.replace("4.916", "4.917")
    (tmp_path / "c.cif").write_text(other)
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


def test_one_disorder_group_of_full_occupancy_is_no_disorder(tmp_path):
    text = SALT.replace("occupancy\n", "disorder_group\n")
    assert len(read_one(tmp_path, text).species) == 8


def test_without_symmetry_the_formula_can_vouch_for_the_atoms(tmp_path):
    assert read_one(tmp_path, NO_SYMMETRY).species == ("Cs", "Cl")


def test_each_crystal_comes_once(tmp_path):
    def cod(number, text=SALT, mark=""):
        return f"#$Revision: {number} $\n{text}\n_cod_database_code {number}\n{mark}\n"

    def salt(length):
        return SALT.replace("5.64", length)

    marked = "_cod_duplicate_entry"
    contents = {
        "1/1000000.cif": cod(1000000),
        "1/1000001.cif": cod(1000001),  # the same numbers below another heading
        "1/1000002.cif": cod(1000002, salt("5.65"), f"{marked} 1000003"),
        "1/1000003.cif": cod(1000003, salt("5.66")),  # marked by an earlier one
        "1/1000004.cif": cod(1000004, salt("5.67"), f"{marked} 1000000"),  # marks an earlier one
        "1/1000005.cif": cod(1000005, salt("5.68"), f"{marked} 7000000"),  # marks an absent one
        "1/1000006.cif": cod(1000006, salt("5.69").replace("0 0 0 1", "0 0 0 0.5")),
        "1/1000007.cif": cod(1000007, salt("5.70"), f"{marked} 1000006"),  # marks an unusable one
        "2/copy.cif": cod(1000005, salt("5.71")),  # another edition of one number
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "again.cif.gz").write_bytes(gzip.compress(contents["1/1000000.cif"].encode()))
    records = read(tmp_path)
    assert {name: record.reason for name, record in records.items() if not is_crystal(record)} == {
        "1/1000001.cif": "duplicate of 1/1000000.cif: the same cell and atoms",
        "1/1000003.cif": "duplicate of 1/1000002.cif: so the COD says",
        "1/1000004.cif": "duplicate of 1/1000000.cif: so the COD says",
        "1/1000006.cif": "partial occupancy: site Na1 is occupied 0.5 times",
        "2/copy.cif": "duplicate of 1/1000005.cif: the same COD number 1000005",
        "3/again.cif.gz": "duplicate of 1/1000000.cif: the same cell and atoms",
    }


def is_crystal(record):
    return isinstance(record, Crystal)


def test_several_processes_give_the_same(tmp_path):
    for number in range(300):
        folder = tmp_path / f"{number % 3}" / f"{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        length = f"{5 + number % 100 / 100:.2f}"  # each three times
        text = SALT.replace("5.64", length) if number % 11 else SALT[:100]
        (folder / f"{number}.cif").write_text(text)
    alone, shared = list(read_cif_tree(tmp_path)), list(read_cif_tree(tmp_path, processes=2))
    assert [record.id for record in alone] == [record.id for record in shared]
    assert sum(map(is_crystal, alone)) == 100
    for one, other in zip(alone, shared, strict=True):
        if isinstance(one, Crystal):
            assert one.species == other.species
            np.testing.assert_array_equal(one.frac_coords, other.frac_coords)
            np.testing.assert_array_equal(one.lattice, other.lattice)
        else:
            assert one == other


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
        (SALT.replace("_cell_angle_gamma 90", "_cell_angle_gamma 180"), "no unit cell"),
        (SALT.replace("'F m -3 m'", "'Q 9'"), "space group 'Q 9' is not known"),
        (QUARTZ.replace("y,x,-z", "y,x,,"), ""),
        (SALT.replace("_Z 4", "_Z 2"), "do not add up"),
        (SALT.replace("occupancy\n", "disorder_group\n").replace("0.5 1", "0.5 2"), "disorder"),
        (SALT.replace("occupancy\n", "disorder_group\n").replace("0.5 1", "0.5 -1"), "disorder"),
        ("\n".join((SALT, "_cell_modulation_dimension 1")), "modulated"),
        ("\n".join((SALT, "_cod_error_flag retracted")), "retracted"),
        # Without any symmetry, the atoms are known to be all only from the formula and Z.
        (SALT.replace("_symmetry_space_group_name_H-M 'F m -3 m'", ""), "do not add up"),
        (NO_SYMMETRY.replace("_cell_formula_units_Z 1", ""), "symmetry is missing"),
        (NO_SYMMETRY.replace("_chemical_formula_sum 'Cl Cs'", ""), "symmetry is missing"),
        (HYDROGENLESS, "do not add up"),
        (HYDROGENLESS.replace("'H2 O1'", "?"), "hydrogens without their places"),
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
    assert "binary" in records["tail.cif.gz"].reason


@pytest.mark.parametrize("part", range(0, len(SALT), 29))
def test_no_truncation_raises_or_gives_less_than_a_whole_cell(tmp_path, part):
    record = read_one(tmp_path, SALT[:part])
    assert isinstance(record, Rejection) or len(record.species) == 8


def test_a_folder_without_cif_files_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match=r"no \*\.cif"):
        list(read_cif_tree(tmp_path))
    with pytest.raises(UserError, match="no such folder"):
        list(read_cif_tree(tmp_path / "missing"))


def test_suffixes_in_capitals_are_read_and_other_files_counted(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "salt.CIF").write_text(SALT)
    (tmp_path / "sub" / "Quartz.Cif.GZ").write_bytes(gzip.compress(QUARTZ.encode()))
    for name in ("a.hkl", "b.HKL", "sub/c.hkl", "POSCAR", "x.cif.txt"):
        (tmp_path / name).write_text(SALT)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "sub")
    assert list(read(tmp_path)) == ["salt.CIF", "sub/Quartz.Cif.GZ"]
    assert passed_over(tmp_path) == {".hkl": 3, "no ending": 1, ".txt": 1, "link": 1}


def test_names_that_are_not_utf8_and_broken_links_lose_no_other_file(tmp_path):
    (tmp_path / "good.cif").write_text(SALT)
    (tmp_path / os.fsdecode(b"caf\xe9.cif")).write_text(QUARTZ)
    (tmp_path / "gone.cif").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.cif")
    records = read(tmp_path)
    assert sorted(records) == [r"caf\xe9.cif", "gone.cif", "good.cif", "pipe.cif"]
    assert is_crystal(records[r"caf\xe9.cif"])
    assert is_crystal(records["good.cif"])
    assert records["gone.cif"].reason == "no such file"
    assert records["pipe.cif"].reason.startswith("a pipe, which can be read only once; write it")


def test_folders_that_cannot_be_read_are_rejected_by_name(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "good.cif").write_text(SALT)
    scandir = os.scandir

    def refuse(path):  # as for a user without rights; the tests may run as root
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    records = read(tmp_path)
    assert "cannot be read: Permission denied" in records["closed"].reason
    assert is_crystal(records["good.cif"])
    (tmp_path / "good.cif").unlink()
    with pytest.raises(UserError, match="closed: the folder cannot be read"):
        read(tmp_path)


def test_tags_stay_with_the_crystals(tmp_path):
    named = SALT.replace(
        "data_salt\n", "data_salt\n_chemical_name_mineral Halite\n_exptl_colour ?\n"
    )
    (tmp_path / "named.cif").write_text(named)
    (tmp_path / "nameless.cif").write_text(QUARTZ)
    tags = ("_chemical_name_mineral", "_exptl_colour")
    named, nameless = (crystal.metadata for crystal in read_cif_tree(tmp_path, tags=tags))
    assert named["_chemical_name_mineral"] == "Halite"
    assert not {"_exptl_colour", *tags} & nameless.keys()
    assert "_exptl_colour" not in named


@pytest.mark.parametrize(
    "said",
    ["_exptl_colour red\n_exptl_colour blue\n", "loop_\n_exptl_colour\nred\nblue\nred\n"],
)
def test_a_tag_with_two_values_gives_a_crystal_no_class(tmp_path, said):
    (tmp_path / "twice.cif").write_text(SALT.replace("data_salt\n", f"data_salt\n{said}"))
    (rejection,) = read_cif_tree(tmp_path, tags=("_exptl_colour",))
    assert rejection.reason == "_exptl_colour is given twice, as 'red' and as 'blue'"
    (crystal,) = read_cif_tree(tmp_path)
    assert "_exptl_colour" not in crystal.metadata
