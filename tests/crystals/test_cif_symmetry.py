import gemmi
import numpy as np
import pytest

from spacegrouper.crystals.cif_symmetry import stated_settings
from spacegrouper.crystals.cif_text import cif_blocks
from spacegrouper.errors import UserError

CUBIC = (8, 8, 8, 90, 90, 90)
TETRAGONAL = (4, 4, 9, 90, 90, 90)
ORTHORHOMBIC = (5, 6, 7, 90, 90, 90)
B_AXIS, C_AXIS = (5, 6, 7, 90, 100, 90), (5, 6, 7, 90, 90, 100)
HEXAGONAL = (8, 8, 9, 90, 90, 120)
RHOMBOHEDRAL = (6, 6, 6, 46, 46, 46)

HALL, SYMBOL, NUMBER = (
    "_space_group_name_Hall",
    "_space_group_name_H-M_alt",
    "_space_group_IT_number",
)
OLD_SYMBOL = "_symmetry_space_group_name_H-M"


def settings(cell, operations=(), **statements):
    """Return the names of the settings; statements: tags without their underscores' first."""
    text = "data_x\n" + "".join(f"{tag} '{value}'\n" for tag, value in statements.items())
    if operations:
        text += "loop_\n_symmetry_equiv_pos_as_xyz\n" + "\n".join(f"'{o}'" for o in operations)
    lattice = np.array(gemmi.UnitCell(*cell).orth.mat.tolist()).T
    return [found.name for found in stated_settings(cif_blocks(text.encode())[0], lattice)]


def operations(name):
    return [operation.triplet() for operation in gemmi.SpaceGroup(name).operations()]


def about(step, name):
    """Return the operations of a setting about an origin moved by a step."""
    move = gemmi.Op(f"x+{step},y+{step},z+{step}")
    return [
        (move * gemmi.Op(operation) * move.inverse()).wrap().triplet()
        for operation in operations(name)
    ]


@pytest.mark.parametrize(
    ("symbol", "cell", "names"),
    [
        ("P2(1)/c", CUBIC, ["P 1 21/c 1"]),
        ("P2_1/n", B_AXIS, ["P 1 21/n 1"]),
        ("P 21/c", B_AXIS, ["P 1 21/c 1"]),
        ("P 21", C_AXIS, ["P 1 1 21"]),
        ("P 21/b", C_AXIS, ["P 1 1 21/b"]),
        ("I2/a", B_AXIS, ["I 1 2/a 1"]),
        ("F d -3 m S", CUBIC, ["F d -3 m:1"]),
        ("F d -3 m Z", CUBIC, ["F d -3 m:2"]),
        ("Fd-3m:2", CUBIC, ["F d -3 m:2"]),
        ("Fd-3m (origin choice 1)", CUBIC, ["F d -3 m:1"]),
        ("F d -3 m", CUBIC, ["F d -3 m:1", "F d -3 m:2"]),
        ("Fd3m (227)", CUBIC, ["F d -3 m:1", "F d -3 m:2"]),
        ("F 4/m -3 2/m", CUBIC, ["F m -3 m"]),
        ("I 41/a 2/m 2/d S", TETRAGONAL, ["I 41/a m d:1"]),
        ("P 21/n 21/m 21/a", ORTHORHOMBIC, ["P n m a"]),
        ("Pbnm", ORTHORHOMBIC, ["P b n m"]),
        ("Cmce", ORTHORHOMBIC, ["C m c a"]),
        ("R-3cH", HEXAGONAL, ["R -3 c:H"]),
        ("R -3 c RS", RHOMBOHEDRAL, ["R -3 c:R"]),
        ("R -3 c", HEXAGONAL, ["R -3 c:H"]),
        ("R -3 c", RHOMBOHEDRAL, ["R -3 c:R"]),
        ("P 3 2 1", HEXAGONAL, ["P 3 2 1"]),
        ("P 63/m m c (No. 194)", HEXAGONAL, ["P 63/m m c"]),
    ],
)
def test_symbols_in_all_their_forms(symbol, cell, names):
    assert settings(cell, **{SYMBOL: symbol}) == names


@pytest.mark.parametrize(
    ("number", "cell", "names"),
    [
        (225, CUBIC, ["F m -3 m"]),
        (62, ORTHORHOMBIC, ["P n m a"]),
        (14, B_AXIS, ["P 1 21/c 1"]),
        (14, C_AXIS, ["P 1 1 21/b", "P 1 1 21/n", "P 1 1 21/a"]),  # not told which
        (167, HEXAGONAL, ["R -3 c:H"]),
        (167, RHOMBOHEDRAL, ["R -3 c:R"]),
        (227, CUBIC, ["F d -3 m:2", "F d -3 m:1"]),
        (0, CUBIC, []),
    ],
)
def test_a_number_alone_is_the_setting_of_the_international_tables(number, cell, names):
    assert settings(cell, **{NUMBER: number}) == names


def test_a_number_alone_means_no_larger_cell_than_the_usual_one():
    assert settings(C_AXIS, **{NUMBER: 4}) == ["P 1 1 21"]


def test_lists_of_operations_are_held_against_each_other():
    text = "data_x\n"
    for tag, listed in (
        ("_symmetry_equiv_pos_as_xyz", operations("P m -3 m")),
        ("_space_group_symop_operation_xyz", operations("F m -3 m")),
    ):
        text += f"loop_\n{tag}\n" + "".join(f"'{o}'\n" for o in listed)
    lattice = 8 * np.eye(3)
    with pytest.raises(UserError, match=r"list of 192 .* and the list of 48 .* are different"):
        stated_settings(cif_blocks(text.encode())[0], lattice)
    spaced = text.replace("F m", "P m").split("loop_")[1].replace(",", ", ")
    renamed = spaced.replace("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
    both = cif_blocks(f"data_x\nloop_{spaced}loop_{renamed.replace(', ', ' , ')}".encode())[0]
    assert [found.name for found in stated_settings(both, lattice)] == ["P m -3 m"]


def test_a_hall_symbol_that_cannot_be_read_is_not_needed_beside_operations():
    assert settings(CUBIC, operations("F m -3 m"), **{HALL: "-F 4;2;3"}) == ["F m -3 m"]


def test_the_code_of_the_coordinate_system_tells_the_origin():
    code = {"_space_group_IT_coordinate_system_code": "2"}
    assert settings(CUBIC, **{SYMBOL: "F d -3 m"}, **code) == ["F d -3 m:2"]


def test_every_setting_is_found_by_its_operations_and_its_hall_symbol():
    for group in gemmi.spacegroup_table():
        if group.number in (2, 15, 62, 148, 227):
            cell = {2: B_AXIS, 62: ORTHORHOMBIC, 227: CUBIC}.get(group.number)
            if group.number == 15:
                cell = {"a": (5, 6, 7, 100, 90, 90), "b": B_AXIS, "c": C_AXIS}[
                    group.monoclinic_unique_axis()
                ]
            if group.number == 148:
                cell = RHOMBOHEDRAL if group.ext == "R" else HEXAGONAL
            triplets = [operation.triplet() for operation in group.operations()]
            statements = {HALL: group.hall.replace("'", ""), NUMBER: group.number}
            (name,) = settings(cell, triplets, **{SYMBOL: group.xhm(), NUMBER: group.number})
            assert name == group.xhm()
            if "'" not in group.hall:
                assert settings(cell, **statements) == [name]


def test_operations_need_not_be_about_the_usual_origin_nor_in_the_usual_cell():
    moved = about("1/8", "P n m a")
    assert settings(ORTHORHOMBIC, moved, **{SYMBOL: "P n m a", NUMBER: 62}) == [
        "Pnma in an unusual setting"
    ]
    # The primitive cell of a face-centred lattice.
    to_primitive = gemmi.Op("-x+y+z,x-y+z,x+y-z")
    primitive = sorted(
        {
            (to_primitive * gemmi.Op(o) * to_primitive.inverse()).wrap().triplet()
            for o in operations("F m -3 m")
        }
    )
    assert len(primitive) == 48
    (name,) = settings((4, 4, 4, 60, 60, 60), primitive, **{SYMBOL: "Fm-3m"})
    assert name == "Fm-3m in an unusual setting"


@pytest.mark.parametrize(
    ("cell", "listed", "statements", "reason"),
    [
        (CUBIC, ["x,y,z"], {SYMBOL: "F m -3 m"}, "(P 1, no. 1) and the symbol 'F m -3 m'"),
        (CUBIC, operations("P m -3 m"), {NUMBER: 225}, "no. 221) and the number 225"),
        (CUBIC, [], {HALL: "-F 4 2 3", SYMBOL: "P m -3 m"}, "different space groups"),
        (CUBIC, [], {SYMBOL: "F m -3 m", NUMBER: 221}, "no. 225) and the number 221"),
        (CUBIC, [], {SYMBOL: "F m -3 m", OLD_SYMBOL: "P m -3 m"}, "contradicts itself"),
        (CUBIC, operations("F d -3 m:1"), {SYMBOL: "F d -3 m Z"}, "settings of one space group"),
        (CUBIC, operations("F d -3 m:1"), {HALL: "-F 4vw 2vw 3"}, "settings of one space group"),
        (B_AXIS, operations("P 1 21/n 1"), {SYMBOL: "P 21/c"}, "settings of one space group"),
        (ORTHORHOMBIC, operations("P 1 1 21/b"), {SYMBOL: "P 1 21/c 1"}, "settings of one"),
        (ORTHORHOMBIC, operations("P b n m"), {SYMBOL: "P n m a"}, "settings of one space group"),
        (RHOMBOHEDRAL, operations("R -3 c:R"), {SYMBOL: "R -3 c H"}, "settings of one"),
        (HEXAGONAL, ["x,y,z", "-y,x-y,z"], {}, "no group"),
        (CUBIC, ["-x,-y,-z"], {}, "x,y,z is not among them"),
        (CUBIC, ["x,y,z", "x,y"], {}, "'x,y' cannot be read"),
        (CUBIC, ["x,y,z", "x+1/5,y,z"], {}, "'x+1/5,y,z' cannot be read"),
        (CUBIC, ["x,y,z", "x,x,z"], {}, "'x,x,z' is no symmetry operation"),
        (CUBIC, ["x,y,z", "1/2*x,2*y,z"], {}, "is no symmetry operation"),
        (CUBIC, [f"x+{n},y,z" for n in range(7000)], {}, "7000 symmetry operations are listed"),
        ((4, 4, 4, 60, 60, 60), [], {SYMBOL: "Fd-3m"}, "does not have the symmetry of the symbol"),
        (
            (5.64, 5.64, 5.7, 90, 90, 90),
            operations("F m -3 m"),
            {},
            "(5.64, 5.64, 5.7, 90, 90, 90)",
        ),
        ((4, 4.1, 9, 90, 90, 90), [], {NUMBER: 99}, "does not have the symmetry of the number 99"),
        (B_AXIS, [], {HALL: "P 2"}, "does not have the symmetry"),
        (C_AXIS, [], {SYMBOL: "P 1 21/c 1"}, "does not have the symmetry"),
        (RHOMBOHEDRAL, [], {SYMBOL: "R -3 c H"}, "does not have the symmetry"),
        (CUBIC, [], {SYMBOL: "Q 9"}, "'Q 9' is not known"),
        (CUBIC, [], {HALL: "bogus"}, "the Hall symbol 'bogus' cannot be read"),
        (CUBIC, [], {NUMBER: 231}, "231; space groups have the numbers 1 to 230"),
        (CUBIC, [], {NUMBER: "Fm-3m"}, "is 'Fm-3m', not a number"),
        (CUBIC, [], {"_space_group_symop_magn_operation_xyz": "x,y,z,+1"}, "magnetic"),
    ],
)
def test_contradictions_are_refused_and_both_sides_named(cell, listed, statements, reason):
    with pytest.raises(UserError) as caught:
        settings(cell, listed, **statements)
    assert reason in str(caught.value)
