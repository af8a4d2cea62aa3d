"""Against known labels, and every kind of rewriting and change that a key must tell apart."""

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from spacegrouper.crystals.identity import prototype_label, structure_key

CUBE = np.eye(3)
FACES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HEXAGONAL = np.array([[1, 0, 0], [-0.5, np.sqrt(3) / 2, 0], [0, 0, 1]])


def rock_salt(first, second, edge):
    return edge * CUBE, [first] * 4 + [second] * 4, np.vstack([FACES, FACES + 0.5])


def zincblende(first, second, edge):
    return edge * CUBE, [first] * 4 + [second] * 4, np.vstack([FACES, FACES + 0.25])


def caesium_chloride(first, second, edge):
    return edge * CUBE, [first, second], np.array([[0, 0, 0], [0.5, 0.5, 0.5]])


def perovskite(a, b, x, edge):
    faces = [[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return edge * CUBE, [a, b, x, x, x], np.array([[0, 0, 0], [0.5, 0.5, 0.5], *faces])


def quartz(hand):
    """Alpha quartz, P3_2 21 (hand 1) or its mirror image, P3_1 21 (hand -1)."""
    u, (x, y, z) = 0.4697, (0.4135, 0.2669, 0.7858)
    silicon = np.array([[u, 0, 2 / 3], [0, u, 1 / 3], [-u, -u, 0]])
    oxygen = np.array(
        [
            [x, y, z],
            [-y, x - y, z + 2 / 3],
            [y - x, -x, z + 1 / 3],
            [y, x, -z],
            [x - y, -y, 1 / 3 - z],
            [-x, y - x, 2 / 3 - z],
        ]
    )
    coords = np.vstack([silicon, oxygen]) * [1, 1, hand]
    lattice = HEXAGONAL * np.array([[4.916], [4.916], [5.4054]])
    return lattice, ["Si"] * 3 + ["O"] * 6, coords


def dataset(lattice, species, coords):
    numbers = [sorted(set(species)).index(element) for element in species]
    return spglib.get_symmetry_dataset((lattice, coords, numbers), symprec=0.01)


def label(crystal):
    return prototype_label(crystal[1], dataset(*crystal))


def key(crystal):
    return structure_key(*crystal, dataset(*crystal).number)


@pytest.mark.parametrize(
    ("crystal", "expected"),
    [
        (rock_salt("Na", "Cl", 5.64), "AB_cF8_225_a_b"),
        (rock_salt("Mg", "O", 4.21), "AB_cF8_225_a_b"),
        (caesium_chloride("Cs", "Cl", 4.12), "AB_cP2_221_a_b"),
        (zincblende("Zn", "S", 5.41), "AB_cF8_216_a_c"),
        (zincblende("Ga", "As", 5.65), "AB_cF8_216_a_c"),
        (zincblende("C", "C", 3.57), "A_cF8_227_a"),
        (perovskite("Sr", "Ti", "O", 3.9), "ABC3_cP5_221_a_b_c"),
        (quartz(1), "AB2_hP9_154_a_c"),
    ],
)
def test_prototype_labels_of_textbook_structures(crystal, expected):
    assert label(crystal) == expected


@pytest.mark.parametrize("matrix", [np.diag([1, 1, 2]), [[0, 1, 0], [0, 0, 1], [1, 0, 0]]])
def test_prototype_label_does_not_depend_on_cell_or_origin(matrix):
    for crystal in (quartz(1), rock_salt("Na", "Cl", 5.64), perovskite("Sr", "Ti", "O", 3.9)):
        moved = (crystal[0], crystal[1], crystal[2] + [0.5, 0.5, 0.5])
        assert label(another_cell(moved, matrix)) == label(crystal)


def another_cell(crystal, matrix):
    """The same crystal in the cell with vectors `matrix @ lattice`, by brute force."""
    lattice, species, coords = crystal
    cells = round(abs(np.linalg.det(matrix)))
    inverse = np.linalg.inv(matrix)
    found_species, found = [], []
    for element, place in zip(species, coords, strict=True):
        images = set()
        for shift in np.ndindex(4, 4, 4):
            image = (place + np.array(shift)) @ inverse % 1
            images.add(tuple((np.round(image, 9) % 1).tolist()))
        assert len(images) == cells
        found.extend(sorted(images))
        found_species.extend([element] * cells)
    return np.asarray(matrix) @ lattice, found_species, np.array(found)


def low_symmetry_crystal(atoms):
    random = np.random.default_rng(atoms)
    lattice = np.array([[5.1, 0, 0], [1.3, 6.2, 0], [-0.7, 1.1, 7.3]])
    places = [random.random(3)]
    while len(places) < atoms:
        trial = random.random(3)
        apart = np.array(places) - trial
        if np.linalg.norm((apart - np.round(apart)) @ lattice, axis=1).min() > 1.6:
            places.append(trial)
    return lattice, ["Ti", "O", "O", "Ba"] * (atoms // 4), np.array(places)


CRYSTALS = [
    rock_salt("Na", "Cl", 5.6402),
    perovskite("Sr", "Ti", "O", 3.905),
    quartz(1),
    low_symmetry_crystal(8),
    low_symmetry_crystal(12),
]
UNIMODULAR = [
    [[1, 0, 0], [1, 1, 0], [0, -1, 1]],
    [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
    [[2, 1, 0], [1, 1, 0], [-1, 0, 1]],
]
SUPERCELLS = [np.diag([2, 1, 1]), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]], np.diag([1, 2, 2])]


@pytest.mark.parametrize("matrix", UNIMODULAR + SUPERCELLS)
@pytest.mark.parametrize("crystal", CRYSTALS)
def test_key_stays_in_another_cell(crystal, matrix):
    assert key(another_cell(crystal, np.array(matrix))) == key(crystal)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(CRYSTALS), st.integers(0, 2**32 - 1))
def test_key_stays_when_turned_moved_shuffled_and_wrapped(crystal, seed):
    lattice, species, coords = crystal
    random = np.random.default_rng(seed)
    turned = lattice @ Rotation.random(random_state=seed % 2**31).as_matrix()
    order = random.permutation(len(species))
    moved = coords + random.random(3) + random.integers(-2, 3, size=coords.shape)
    rewritten = turned, [species[index] for index in order], moved[order]
    assert key(rewritten) == key(crystal)


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_key_stays_when_numbers_are_rounded_to_six_decimals(crystal):
    lattice, species, coords = crystal
    turned = lattice @ Rotation.random(random_state=1).as_matrix()
    assert key((np.round(turned, 6), species, np.round(coords, 6))) == key(crystal)


@pytest.mark.parametrize("crystal", CRYSTALS)
@pytest.mark.parametrize(("length", "share"), [(0.06, 1), (0.012, 0.9)])
def test_key_changes_when_any_one_atom_moves_a_little(crystal, length, share):
    lattice, species, coords = crystal
    steps = Rotation.random(6, random_state=3).as_matrix()[:, 0] * length
    before = structure_key(*crystal, 1)
    changes = []
    for atom in range(len(species)):
        for step in steps:
            changed = coords.copy()
            changed[atom] += step @ np.linalg.inv(lattice)
            changes.append(structure_key(lattice, species, changed, 1) != before)
    assert np.mean(changes) >= share


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_key_changes_under_strain(crystal):
    lattice, species, coords = crystal
    strains = [np.eye(3), np.diag([1, 0, 0]), np.diag([0, 0, -1]), np.diag([1, -1, 0])]
    shear = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    for strain in [*strains, shear]:
        changed = lattice @ (np.eye(3) + 0.005 * strain)
        assert structure_key(changed, species, coords, 1) != structure_key(*crystal, 1)


def test_key_changes_with_the_space_group():
    crystal = perovskite("Sr", "Ti", "O", 3.9)
    assert structure_key(*crystal, 221) != structure_key(*crystal, 99)


def test_key_changes_with_the_elements_and_their_places():
    keys = [
        key(crystal)
        for crystal in (
            perovskite("Sr", "Ti", "O", 3.9),
            perovskite("Ti", "Sr", "O", 3.9),
            perovskite("Ba", "Ti", "O", 3.9),
            perovskite("La", "Ce", "O", 3.9),
            perovskite("Ce", "La", "O", 3.9),
            zincblende("Ga", "As", 5.65),
            rock_salt("Ga", "As", 5.65),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert key(rock_salt("Na", "Cl", 5.64)) == key(rock_salt("Cl", "Na", 5.64))


def test_key_tells_stackings_and_hands_apart():
    edge, height = 2.5, 2.5 * np.sqrt(8 / 3)
    lattice = HEXAGONAL * np.array([[edge], [edge], [height]])
    close_packed = lattice, ["Co", "Co"], np.array([[0, 0, 0], [1 / 3, 2 / 3, 0.5]])
    cubic = edge * np.sqrt(2) * CUBE, ["Co"] * 4, FACES
    assert key(close_packed) != key(cubic)
    assert key(quartz(1)) != key(quartz(-1))


def test_key_has_a_version_and_is_the_same_everywhere():
    assert key(rock_salt("Na", "Cl", 5.64)).startswith("2-")
    assert len(key(rock_salt("Na", "Cl", 5.64))) == 26


def test_wyckoff_letters_are_renamed_as_pymatgen_renames_them():
    from pymatgen.analysis.prototypes import WYCKOFF_POSITION_RELAB_DICT

    from spacegrouper.crystals.identity import _relabellings

    found = {
        str(number): [{ord(letter): new for letter, new in table.items()} for table in tables]
        for number, tables in _relabellings().items()
    }
    assert found == WYCKOFF_POSITION_RELAB_DICT
