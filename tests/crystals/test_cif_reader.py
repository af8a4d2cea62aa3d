import time
from collections import Counter

import gemmi
import pytest

from spacegrouper.crystals.cif_reader import read_cif_content
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Standardise

CUBIC = (5.64, 5.64, 5.64, 90, 90, 90)
SALT = ("Na1 Na 0 0 0", "Cl1 Cl 0.5 0.5 0.5")
ATOMS = ("label", "type_symbol", "fract_x", "fract_y", "fract_z")
UNTYPED = ("label", "fract_x", "fract_y", "fract_z")
SYMBOL = "_space_group_name_H-M_alt"


def cif(cell=CUBIC, symbol="F m -3 m", atoms=SALT, columns=ATOMS, operations=(), name="x", **tags):
    """Return the text of a CIF file; tags: without the underscore they begin with."""
    edges = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"data_{name}"]
    lines += [f"_cell_{edge} {value}" for edge, value in zip(edges, cell, strict=True)]
    lines += [f"{SYMBOL} '{symbol}'"] * bool(symbol)
    lines += [f"_{tag} '{value}'" for tag, value in tags.items()]
    if operations:
        lines += ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{o}'" for o in operations)]
    lines += ["loop_", *(f"_atom_site_{column}" for column in columns), *atoms]
    return "\n".join(lines) + "\n"


def read(text):
    (record,) = read_cif_content(text.encode(), "x.cif")
    return record


def crystal(text):
    record = read(text)
    assert isinstance(record, Crystal), record
    return record


def contents(text):
    return dict(Counter(crystal(text).species))


def reason(text):
    record = read(text)
    assert isinstance(record, Rejection)
    assert (record.id, record.stage) == ("x.cif", "acquire")
    assert "\n" not in record.reason
    return record.reason


DIAMOND = (3.567, 3.567, 3.567, 90, 90, 90)


def diamond(**tags):
    return cif(DIAMOND, "F d -3 m", ("C1 C 0 0 0",), **tags)


@pytest.mark.parametrize(
    "text",
    [
        diamond(exptl_crystal_density_diffrn=3.515),
        diamond(exptl_crystal_density_diffrn=3515),  # kg/m3
        diamond(chemical_formula_sum="C", cell_formula_units_Z=8),
        diamond(space_group_IT_coordinate_system_code=1),
        cif(DIAMOND, "F d -3 m", ("C1 C 0 0 0 8",), (*ATOMS, "symmetry_multiplicity")),
        # The order of the site's symmetry, as SHELXL wrote it under this name.
        cif(DIAMOND, "F d -3 m", ("C1 C 0 0 0 24",), (*ATOMS, "symmetry_multiplicity")),
        cif(DIAMOND, "F d -3 m", ("C1 C 0 0 0 8a",), (*ATOMS, "Wyckoff_symbol")),
        cif(DIAMOND, "F d -3 m", ("C1 C 0 0 0 a",), (*ATOMS, "Wyckoff_label")),
        cif(DIAMOND, "F d -3 m S", ("C1 C 0 0 0",)),
        cif(DIAMOND, "", ("C1 C 0 0 0",), space_group_name_Hall="F 4d 2 3 -1d"),
        # Two atoms a bond apart tell the origin: about the other, they would be on one place.
        cif(DIAMOND, "F d -3 m Z", ("C1 C 0.125 0.125 0.125",), chemical_formula_sum="C"),
    ],
)
def test_what_the_file_says_decides_between_the_origins(text):
    assert contents(text) == {"C": 8}
    assert standardise(crystal(text), Standardise()).metadata["spacegroup"] == 227


def test_an_origin_that_nothing_decides_is_refused():
    assert "origin or axes are not stated: F d -3 m:1 and F d -3 m:2 fit all" in reason(diamond())


def test_axes_that_only_a_number_tells_are_refused_where_the_table_does_not_fit():
    atoms = ("Cs1 Cs 0.1 0.2 0.3", "Cl1 Cl 0.6 0.3 0.1")
    text = cif((5, 6, 7, 90, 90, 100), "", atoms, symmetry_Int_Tables_number=14)
    assert "P 1 1 21/b and P 1 1 21/n and P 1 1 21/a fit all" in reason(text)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        (cif(operations=["x,y,z"]), ["1 symmetry operation (P 1, no. 1)", "'F m -3 m'"]),
        (cif(cell_formula_units_Z=2, chemical_formula_sum="NaCl"), ["Na4", "(Z = 2)"]),
        (cif(exptl_crystal_density_diffrn=1.08), ["2.16 g/cm3", "diffrn is 1.08"]),
        (cif(exptl_crystal_density_diffrn=4.32), ["2.16 g/cm3", "diffrn is 4.32"]),
        (cif(cell_volume=179.4) + "_cell_volume 200\n", ["_cell_volume is given twice"]),
        (cif(cell_volume=190), ["volume of 179.41", "_cell_volume is 190"]),
        (
            cif(chemical_formula_sum="NaCl") + "_chemical_formula_sum NaBr\n",
            ["_chemical_formula_sum is given twice, as 'NaCl' and as 'NaBr'"],
        ),
        (cif(chemical_formula_sum="NaCl2"), ["do not add up to the formula 'NaCl2'"]),
        (
            cif(atoms=("Na1 Na 0 0 0 c", "Cl1 Cl .5 .5 .5 b"), columns=(*ATOMS, "Wyckoff_symbol")),
            ["site Na1 is 4 atoms of the cell", "Wyckoff position c of F m -3 m"],
        ),
        (
            cif(atoms=("Na1 Na 0 0 0 8a", "Cl1 Cl .5 .5 .5 b"), columns=(*ATOMS, "Wyckoff_symbol")),
            ["site Na1 is 4 atoms of the cell", "Wyckoff position 8a"],
        ),
        (
            cif(
                atoms=("Na1 Na 0 0 0 8", "Cl1 Cl .5 .5 .5 4"),
                columns=(*ATOMS, "site_symmetry_multiplicity"),
            ),
            ["site Na1 is 4 atoms", "8 by _atom_site_site_symmetry_multiplicity"],
        ),
        (
            cif(chemical_formula_sum="Na Cl . 2H2 O"),
            ["the formula 'Na Cl . 2H2 O' has H and O, the list of atoms has none"],
        ),
        (cif(cell=(-5.64, 5.64, 5.64, 90, 90, 90)), ["_cell_length_a is -5.64"]),
        (cif(cell=(0, 5.64, 5.64, 90, 90, 90)), ["_cell_length_a is 0"]),
        (cif(cell=(5, 6, 7, 90, 200, 90), symbol="P 1"), ["_cell_angle_beta is 200; it must be"]),
        (cif(cell=("nan", 5.64, 5.64, 90, 90, 90)), ["_cell_length_a is 'nan', not a number"]),
        (cif(cell=("5,64", 5.64, 5.64, 90, 90, 90)), ["_cell_length_a is '5,64', not a number"]),
        (cif(cell=("1e999", 5.64, 5.64, 90, 90, 90)), ["_cell_length_a is inf"]),
        (cif(cell=(5, 6, 7, 30, 30, 120), symbol="P 1"), ["no cell has the angles 30, 30, 120"]),
        (cif(atoms=("Na1 Na 0 0 .", SALT[1])), ["site Na1", "_atom_site_fract_z is '.'; write 0"]),
        (cif(atoms=("Na1 Na 0 0 ?", SALT[1])), ["site Na1", "_atom_site_fract_z is '?'"]),
        (cif(atoms=("Na1 Na 0 0 1/3", SALT[1])), ["_atom_site_fract_z is '1/3'"]),
        (cif(atoms=("Na1 Na 0 0 1e300", SALT[1])), ["_atom_site_fract_z is '1e300', too large"]),
        (cif(cell=("1e200", 1e200, 1e200, 90, 90, 90)), ["_cell_length_a is 1e+200; it must be"]),
        (cif(cell=(1e-200, 1e-200, 1e-200, 90, 90, 90)), ["_cell_length_a is 1e-200; it must be"]),
        (
            cif(atoms=tuple(f"Na{n} Na 0.1 0.2 {n / 600}" for n in range(600))),
            ["600 sites, each with up to 192 images"],
        ),
        (
            cif(atoms=("Na1 Na 0 0", "Cl1 Cl .5 .5"), columns=ATOMS[:4]),
            ["the list of atoms has no _atom_site_fract_z"],
        ),
        (cif(atoms=(SALT[0], "Cl1 Cl 0.01 0 0")), ["(Na and Cl) are on one place"]),
        (cif(atoms=("Na1 Na 0.03 0 0", SALT[1])), ["site Na1 is near a special position"]),
        (
            cif(atoms=("Na1 Na 0 0 0 x", SALT[1] + " 1"), columns=(*ATOMS, "occupancy")),
            ["_atom_site_occupancy of site Na1 is 'x', not a number"],
        ),
        (
            cif(atoms=("Na1 Na 0 0 0 -1", SALT[1] + " 1"), columns=(*ATOMS, "occupancy")),
            ["site Na1 is occupied -1 times"],
        ),
        (
            cif(atoms=("Na1 Na 0 0 0 .98", SALT[1] + " 1"), columns=(*ATOMS, "occupancy")),
            ["site Na1 is occupied 0.98 times"],
        ),
        (
            cif(atoms=("Na1 0 0 0", "OH1 .5 .5 .5"), columns=UNTYPED),
            ["site OH1 has the name of a group with hydrogens"],
        ),
        (
            cif(
                atoms=("Na1 1 2 3", "Cl1 2 3 4"),
                columns=("label", "Cartn_x", "Cartn_y", "Cartn_z"),
            ),
            ["Cartesian"],
        ),
        (cif(atoms=()), ["the list of atoms is empty"]),
        (cif() + "_space_group_ssg_name 'F m -3 m(00g)'\n", ["modulated"]),
        (cif() + cif(atoms=("Na1 Na 0 0 0",)).partition("\n")[2], ["in two loops that differ"]),
        ("data_x\n_journal_name 'A'\n_publ_author_name\n;\nB\n;\n", ["no atoms"]),
    ],
)
def test_contradictions_and_gaps_are_refused_by_name(text, fragments):
    said = reason(text)
    assert all(fragment in said for fragment in fragments), said


@pytest.mark.parametrize(
    "text",
    [
        cif(symbol="", space_group_IT_number=225),
        cif(symbol="Fm3m", symmetry_Int_Tables_number=225, cell_formula_units_Z=4),
        cif(symbol="F m 3\N{COMBINING OVERLINE} m") + "\x1a",
        cif(chemical_formula_sum="NACL"),
        cif(symbol="F 4/m -3 2/m", chemical_formula_sum="NaCl"),
        cif(symbol="", space_group_name_Hall="-F 4 2 3", exptl_crystal_density_diffrn=2.1),
        cif(symbol="", operations=[o.triplet() for o in gemmi.SpaceGroup("F m -3 m").operations()]),
        cif(atoms=("Na1 0 0 0", "Cl1 .5(1) .50(2) 5.0e-1"), columns=UNTYPED),
        cif().replace("_atom_site_", "_atom_site.").replace("_cell_", "_cell."),
        cif().replace("loop_\n_atom", "LOOP_\n_ATOM").replace("fract_x", "FRACT_X"),
        cif(cell_volume="179.4(5)"),
        cif(diffrn_ambient_temperature=293) + "_diffrn_ambient_temperature 295\n",
        cif() + "_publ_section_title\n;\n loop_ data_ of _salt\n;\n",
        "# a comment\n" + cif(name="global") + "data_global\n_publ_author_name 'A'\n",
        cif(
            atoms=("Na1 Na 0 0 0 0.999(2)", "Cl1 Cl .5 .5 .5 1.005", "V1 Va .25 .25 .25 0"),
            columns=(*ATOMS, "occupancy"),
        ).replace(" Va ", " V "),
        cif(
            atoms=("Na1 Na1+ 0 0 0 Uani", "Cl1 Cl1- .5 .5 .5 .", "X1 X .25 .25 .25 dum"),
            columns=(*ATOMS, "calc_flag"),
        ),
        cif(
            atoms=("Na1 Na+ 0 0 0 0.333", "Na2 Na0 0 0 1.0 0.667", "Cl1 Cl .5 .5 .5 1"),
            columns=(*ATOMS, "occupancy"),
        ),
        cif(atoms=("Na1 Na 0 0 0 a", "Cl1 Cl .5 .5 .5 4b"), columns=(*ATOMS, "Wyckoff_symbol")),
        cif(atoms=("Na1 Na 0 0 0 8", "Cl1 Cl .5 .5 .5 ?"), columns=(*ATOMS, "Wyckoff_symbol")),
    ],
)
def test_many_ways_to_write_salt(text):
    assert contents(text) == {"Na": 4, "Cl": 4}
    assert crystal(text).metadata == {"stated_spacegroup": 225}


def test_blocks_of_one_name_and_blocks_without_atoms():
    periclase = cif(
        (4.212, 4.212, 4.212, 90, 90, 90),
        atoms=("Mg 0 0 0", "O .5 .5 .5"),
        columns=UNTYPED,
        name="global",
    )
    text = cif(name="global") + periclase + cif(name="bad", atoms=("Na1 Na 0 0 ?",))
    records = read_cif_content((text + "data_publ\n_journal_year 1999\n").encode(), "amc.cif")
    assert [record.id for record in records] == [
        "amc.cif#global",
        "amc.cif#global-2",
        "amc.cif#bad",
    ]
    assert [isinstance(record, Crystal) for record in records] == [True, True, False]
    assert set(records[1].species) == {"Mg", "O"}


def test_a_name_too_long_for_an_id_is_refused_where_it_is_made():
    (record,) = read_cif_content(cif().encode(), f"{'n' * 300}.cif")
    assert isinstance(record, Rejection)
    assert record.reason.startswith("`id` has 304 characters, more than 255: the id is made of")


def test_thousands_of_operations_are_refused_at_once():
    text = cif(symbol="", operations=[f"x+{n}/24,y,z" for n in range(7000)])
    start = time.process_time()
    assert "7000 symmetry operations are listed" in reason(text)
    assert time.process_time() - start < 5


def test_a_rounded_coordinate_keeps_the_special_position():
    # 0.33 is 0.06 Angstrom off a third here, and every image in another direction.
    atoms = ("Mg1 Mg 0.33 0.67 0.25", "O1 O 0.15 0.30 0.1", "Al1 Al 0 0 0")
    record = crystal(cif((10, 10, 16, 90, 90, 120), "P 63/m m c", atoms))
    magnesium = record.frac_coords[[element == "Mg" for element in record.species]]
    assert sorted(magnesium.round(9).tolist()) == [
        [0.333333333, 0.666666667, 0.25],
        [0.666666667, 0.333333333, 0.75],
    ]
    assert standardise(record, Standardise()).metadata["spacegroup"] == 194


def test_the_space_group_that_the_file_states_stays_with_the_crystal():
    # Graphite in P63mc, with its second atom a little off the plane of the first.
    text = cif(
        (2.47, 2.47, 6.79, 90, 90, 120), "P 63 m c", ("C1 C 0 0 0", "C2 C 0.3333 0.6667 0.005(5)")
    )
    found = standardise(crystal(text), Standardise())
    assert (found.metadata["stated_spacegroup"], found.metadata["spacegroup"]) == (186, 194)
    every_atom = cif((4.1, 4.1, 4.1, 90, 90, 90), "P 1", ("Cs1 Cs 0 0 0", "Cl1 Cl .5 .5 .5"))
    assert crystal(every_atom).metadata == {}  # not meant as a statement


def test_labels_of_minerals_are_read_with_the_formula():
    text = cif(
        (3.549, 3.549, 4.334, 90, 90, 90),
        "P 4/n m m :1",
        ("Li 0 0 0", "Oh 0 0.5 0.1951", "Hh 0 0.5 0.4071"),
        UNTYPED,
        chemical_formula_sum="HLiO",
    )
    assert contents(text) == {"Li": 2, "O": 2, "H": 2}
    assert contents(text.replace("Hh", "HO1")) == {"Li": 2, "O": 2, "H": 2}


def test_rhombohedral_axes_are_told_by_the_cell():
    atoms = ("Ca1 Ca 0 0 0", "C1 C .25 .25 .25", "O1 O .007 .493 .25")
    tags = {"chemical_formula_sum": "C Ca O3", "cell_formula_units_Z": 2}
    for symbol in ("R -3 c RS", "R -3 c", "R -3 c :R"):
        text = cif((6.36, 6.36, 6.36, 46.1, 46.1, 46.1), symbol, atoms, **tags)
        assert contents(text) == {"Ca": 2, "C": 2, "O": 6}
    hexagonal = cif(
        (4.99, 4.99, 17.06, 90, 90, 120),
        "R -3 c H",
        ("Ca1 Ca 0 0 0", "C1 C 0 0 .25", "O1 O .257 0 .25"),
    )
    assert contents(hexagonal) == {"Ca": 6, "C": 6, "O": 18}
