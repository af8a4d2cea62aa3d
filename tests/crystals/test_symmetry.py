from functools import cache
from itertools import permutations, product

import gemmi
import numpy as np
import pytest
from pymatgen.symmetry.groups import SpaceGroup

from spacegrouper.crystals.symmetry import (
    CRYSTAL_SYSTEMS,
    LEVELS,
    crystal_systems,
    extinction_class_members,
    extinction_classes,
    laue_classes,
    point_groups,
)

ALL = np.arange(1, 231)
# The eleven pairs of enantiomorphic space groups.
ENANTIOMORPHIC = [
    (76, 78),
    (91, 95),
    (92, 96),
    (144, 145),
    (151, 153),
    (152, 154),
    (169, 170),
    (171, 172),
    (178, 179),
    (180, 181),
    (212, 213),
]


@cache
def pymatgen_group(number):
    return SpaceGroup.from_int_number(number)


def partition(classes):
    """Return the sets of space groups that share a class."""
    return {frozenset(ALL[classes == name].tolist()) for name in np.unique(classes)}


def lattice_symmetries(hexagonal):
    """Return the 24 matrices of the hexagonal lattice's point group, or the 48 of the cubic one."""
    if not hexagonal:
        return [
            np.array(signs)[:, None] * np.eye(3, dtype=int)[list(order)]
            for order in permutations(range(3))
            for signs in product((1, -1), repeat=3)
        ]
    sixfold = np.array([[1, -1, 0], [1, 0, 0], [0, 0, 1]])
    mirror = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    upside_down = np.diag([1, 1, -1])
    return [
        np.linalg.matrix_power(sixfold, turn)
        @ np.linalg.matrix_power(mirror, flip)
        @ np.linalg.matrix_power(upside_down, over)
        for turn, flip, over in product(range(6), range(2), range(2))
    ]


def diffraction_symmetry(number):
    """Return what the intensities of three atoms in general positions show of a space group.

    Independent of gemmi: pymatgen's operations, and the sum that is the structure factor.
    """
    # Only from 135 on do the intensities of Fd-3 differ from those of Fd-3m.
    reach = 5 if number >= 195 else 4
    rng = np.random.default_rng(number)
    atoms, weights = rng.random((3, 3)), rng.random(3) + 1
    operations = np.array([op.affine_matrix for op in pymatgen_group(number).symmetry_ops])
    placed = np.einsum("oij,aj->aoi", operations[:, :3, :3], atoms) + operations[:, :3, 3]
    size = 2 * reach + 1
    reflections = np.array(list(product(range(-reach, reach + 1), repeat=3)))
    phases = np.exp(2j * np.pi * np.einsum("hi,aoi->hao", reflections, placed)).sum(axis=2)
    intensity = np.abs(phases @ weights) ** 2 / len(operations) ** 2
    absent = intensity < 1e-12
    intensity = intensity.reshape(size, size, size)
    hexagonal = 143 <= number <= 194
    # Hexagonal matrices add up two indices, and all sums must be within reach.
    few = reflections[np.abs(reflections).max(axis=1) <= (reach // 2 if hexagonal else reach)]

    def value(hkl):
        return intensity[tuple((hkl + reach).T)]

    kept = frozenset(
        matrix.tobytes()
        for matrix in lattice_symmetries(hexagonal)
        if np.allclose(value(few @ matrix), value(few), rtol=1e-6, atol=1e-10)
    )
    return kept, absent.tobytes()


@pytest.fixture(scope="module")
def shown():
    """Give what diffraction shows of each of the 230 space groups."""
    return [diffraction_symmetry(int(number)) for number in ALL]


def test_crystal_system_of_every_space_group_is_that_of_gemmi():
    expected = [gemmi.find_spacegroup_by_number(int(n)).crystal_system_str() for n in ALL]
    assert crystal_systems(ALL).tolist() == expected
    assert set(expected) == set(CRYSTAL_SYSTEMS)


def test_point_group_of_every_space_group_is_that_of_pymatgen():
    expected = [pymatgen_group(int(number)).point_group for number in ALL]
    # Some are written in the orientation of their space group.
    orientations = {"-4m2": "-42m", "-6m2": "-62m", "312": "32", "321": "32", "3m1": "3m"}
    orientations |= {"31m": "3m", "-3m1": "-3m", "-31m": "-3m", "2mm": "mm2", "m2m": "mm2"}
    plain = [orientations.get(name, name) for name in expected]
    found = [orientations.get(name, name) for name in point_groups(ALL).tolist()]
    assert found == plain
    assert len(set(found)) == 32


def test_laue_class_is_that_of_the_point_group_with_an_inversion():
    for system, classes in {
        "triclinic": {"-1"},
        "monoclinic": {"2/m"},
        "orthorhombic": {"mmm"},
        "tetragonal": {"4/m", "4/mmm"},
        "trigonal": {"-3", "-3m"},
        "hexagonal": {"6/m", "6/mmm"},
        "cubic": {"m-3", "m-3m"},
    }.items():
        assert set(laue_classes(ALL)[crystal_systems(ALL) == system]) == classes
    groups = np.array([75, 88, 89, 142, 195, 206, 207, 230])
    expected = ["4/m", "4/m", "4/mmm", "4/mmm", "m-3", "m-3", "m-3m", "m-3m"]
    assert laue_classes(groups).tolist() == expected


def test_extinction_classes_are_what_computed_intensities_tell_apart(shown):
    names = {what: place for place, what in enumerate(dict.fromkeys(shown))}
    from_intensities = np.array([names[what] for what in shown])
    assert partition(extinction_classes(ALL)) == partition(from_intensities)


def test_numbers_of_classes():
    counts = {name: len(np.unique(class_of(ALL))) for name, class_of in LEVELS.items()}
    assert counts == {
        "space group": 230,
        "extinction class": 133,
        "extinction class, axes in any order": 122,
        "extinction class from the principal zones": 111,
        "point group": 32,
        "Laue class": 11,
        "crystal system": 7,
    }
    both = extinction_classes(ALL, zones="principal", axes="any order")
    assert len(np.unique(both)) == 100
    # The two orientations of the Laue class -3m on a primitive hexagonal lattice taken for one.
    for zones, expected in (("all", 131), ("principal", 109)):
        classes = extinction_classes(ALL, zones=zones)
        for upright, turned in ((150, 149), (152, 151)):
            first, second = classes[upright - 1], classes[turned - 1]
            assert first != second
            classes[classes == first] = second
        assert len(np.unique(classes)) == expected


@pytest.mark.parametrize(
    ("group", "members"),
    [
        (2, (1, 2)),
        (14, (14,)),
        (62, (62,)),
        (150, (150, 156, 164)),
        (162, (149, 157, 162)),
        (202, (196, 202)),  # Laue class m-3, not the m-3m of those that follow
        (225, (209, 216, 225)),
        (194, (186, 190, 194)),
        (197, (197, 199, 204)),  # I23 and I213
        (230, (230,)),
    ],
)
def test_known_members(group, members):
    assert extinction_class_members(group) == members


def test_enantiomorphic_groups_are_never_told_apart():
    for left, right in ENANTIOMORPHIC:
        assert right in extinction_class_members(left)


def test_pairs_that_differ_by_the_names_of_axes_alone():
    # Pca21 and Pbcm, Pna21 and Pnma, Pmn21 and Pmmn: each pair has one extinction symbol in the
    # International Tables, in one of its settings.
    for first, second in ((29, 57), (33, 62), (31, 59)):
        pair = np.array([first, second])
        assert len(set(extinction_classes(pair).tolist())) == 2
        assert len(set(extinction_classes(pair, axes="any order").tolist())) == 1


def test_coarser_views_join_classes_and_split_none():
    finest = extinction_classes(ALL)
    coarser = (
        extinction_classes(ALL, axes="any order"),
        extinction_classes(ALL, zones="principal"),
        laue_classes(ALL),
        crystal_systems(ALL),
    )
    for classes in coarser:
        assert len(set(zip(finest, classes, strict=True))) == len(set(finest.tolist()))


def test_a_class_is_named_by_its_smallest_group_and_the_shape_stays():
    groups = np.array([[225, 78], [62, 164]])
    assert extinction_classes(groups).tolist() == [[209, 76], [62, 150]]


@pytest.mark.parametrize("number", [0, 231])
@pytest.mark.parametrize("name", list(LEVELS))
def test_a_number_that_is_no_space_group_is_refused(name, number):
    with pytest.raises(ValueError, match="1 to 230"):
        LEVELS[name](np.array([number]))
