"""Habits known from the literature, absences from gemmi, and polyhedra from pymatgen."""

from collections import Counter

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pymatgen.analysis.wulff import WulffShape
from pymatgen.core import Lattice, Structure

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.morphology.habit import Facet, candidate_faces, first_orders, habit

CUBE, OCTAHEDRON = (1, 0, 0), (1, 1, 1)


def crystal(space_group: int, lattice: Lattice, atoms: dict[str, list[float]]) -> Crystal:
    structure = Structure.from_spacegroup(
        space_group, lattice, [name.strip("'") for name in atoms], list(atoms.values())
    )
    return Crystal(
        id="crystal",
        lattice=np.array(structure.lattice.matrix),
        species=tuple(site.specie.symbol for site in structure),
        frac_coords=np.array(structure.frac_coords),
        metadata={"spacegroup": space_group},
    )


HALITE = crystal(225, Lattice.cubic(5.64), {"Na": [0, 0, 0], "Cl": [0.5, 0.5, 0.5]})
DIAMOND = crystal(227, Lattice.cubic(3.567), {"C": [0.125, 0.125, 0.125]})
FLUORITE = crystal(225, Lattice.cubic(5.463), {"Ca": [0, 0, 0], "F": [0.25, 0.25, 0.25]})
CAESIUM_CHLORIDE = crystal(221, Lattice.cubic(4.12), {"Cs": [0, 0, 0], "Cl": [0.5, 0.5, 0.5]})
IRON = crystal(229, Lattice.cubic(2.87), {"Fe": [0, 0, 0]})
# The cations alone of garnet; its space group is what counts.
GARNET = crystal(230, Lattice.cubic(11.46), {"Mg": [0.125, 0, 0.25]})
QUARTZ = crystal(
    152,
    Lattice.hexagonal(4.9134, 5.4052),
    {"Si": [0.4699, 0, 1 / 3], "O": [0.4141, 0.2681, 0.1188 + 1 / 3]},
)
RUTILE = crystal(136, Lattice.tetragonal(4.594, 2.959), {"Ti": [0, 0, 0], "O": [0.305, 0.305, 0]})
GRAPHITE = crystal(
    194, Lattice.hexagonal(2.464, 6.711), {"C": [0, 0, 0.25], "C'": [1 / 3, 2 / 3, 0.25]}
)
FORSTERITE = crystal(
    62,
    Lattice.orthorhombic(10.2, 5.98, 4.76),
    {"Mg": [0, 0, 0], "Si": [0.094, 0.25, 0.427], "O": [0.163, 0.033, 0.278]},
)


def forms(facets: tuple[Facet, ...]) -> Counter[tuple[tuple[int, ...], int]]:
    """Count cubic faces by form, the order of their reflection with it."""
    return Counter((tuple(sorted(map(abs, f.index), reverse=True)), f.order) for f in facets)


def share(facets: tuple[Facet, ...], chosen: list[Facet]) -> float:
    return sum(facet.area for facet in chosen) / sum(facet.area for facet in facets)


def cartesian_rotations(lattice: NDArray[np.float64], space_group: int) -> NDArray[np.float64]:
    """Return the rotations of the Laue class, for row vectors."""
    operations = gemmi.find_spacegroup_by_number(space_group).operations()
    rotations = np.array([op.rot for op in operations.sym_ops]) / gemmi.Op.DEN
    turns = np.linalg.inv(lattice) @ rotations.transpose(0, 2, 1) @ lattice
    return np.concatenate([turns, -turns])


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        (CAESIUM_CHLORIDE, {(CUBE, 1): 6}),
        (DIAMOND, {(OCTAHEDRON, 1): 8}),
        (FLUORITE, {(OCTAHEDRON, 1): 8, (CUBE, 2): 6}),
        # Bravais: rhombic dodecahedron for body-centred lattices.
        (IRON, {((1, 1, 0), 1): 12}),
        # Ia-3d: {211}, the trapezohedron of garnet, which Donnay and Harker's rule is known for.
        (GARNET, {((2, 1, 1), 1): 24}),
        # Not the cube that halite grows as: the rule sees a face-centred lattice, no ions.
        (HALITE, {(OCTAHEDRON, 1): 8, (CUBE, 2): 6}),
    ],
    ids=["caesium chloride", "diamond", "fluorite", "iron", "garnet", "halite"],
)
def test_cubic_forms(structure: Crystal, expected: dict[tuple[tuple[int, ...], int], int]) -> None:
    assert forms(habit(structure, largest_index=3)) == expected


def test_halite_is_a_cube_if_its_ions_count_alike() -> None:
    alike = Crystal("alike", HALITE.lattice, ("Na",) * 8, HALITE.frac_coords)

    # A primitive lattice of half the edge, so that all faces are of the second order.
    assert forms(habit(alike, largest_index=3)) == {(CUBE, 2): 6}


def test_fluorite_is_mostly_an_octahedron() -> None:
    facets = habit(FLUORITE, largest_index=3)

    # In units of 1/a: the octahedron |x| + |y| + |z| <= 3, cut off at |x| = 2, so that each of its
    # corners makes way for a square of edge sqrt(2).
    squares = [facet for facet in facets if facet.order == 2]
    hexagons = [facet for facet in facets if facet.order == 1]
    for square in squares:
        assert square.area == pytest.approx(2 / 5.463**2)
    # A triangle of edge 3 sqrt(2) without three of edge sqrt(2).
    for hexagon in hexagons:
        assert hexagon.area == pytest.approx(np.sqrt(3) / 4 * (18 - 3 * 2) / 5.463**2)


def test_quartz_is_a_hexagonal_prism_with_rhombohedra() -> None:
    # The example of Donnay and Harker: 3_1 extinguishes (00l) but for l = 3n, so no basal face.
    facets = habit(QUARTZ, largest_index=3)

    prism = [facet for facet in facets if facet.index[2] == 0]
    ends = [facet for facet in facets if facet.index[2] != 0]
    assert sorted(facet.index for facet in prism) == [
        (-1, 0, 0),
        (-1, 1, 0),
        (0, -1, 0),
        (0, 1, 0),
        (1, -1, 0),
        (1, 0, 0),
    ]
    assert {abs(facet.index[2]) for facet in ends} == {1}
    assert len(ends) == 12
    assert share(facets, prism) > 0.4


def test_graphite_is_a_plate() -> None:
    facets = habit(GRAPHITE, largest_index=3)

    largest = max(facets, key=lambda facet: facet.area)
    assert tuple(map(abs, largest.index)) == (0, 0, 1)
    assert largest.order == 2


def test_first_orders_are_gemmis_in_every_setting() -> None:
    for group in gemmi.spacegroup_table():
        operations = group.operations()
        every = list(operations)
        rotations = np.array([op.rot for op in every]) // gemmi.Op.DEN
        translations = np.array([op.tran for op in every]) / gemmi.Op.DEN
        faces = candidate_faces(rotations, largest_index=2)
        expected = np.zeros(len(faces), dtype=int)
        for order in range(12, 0, -1):
            absent = np.array(operations.systematic_absences(order * faces), dtype=bool)
            expected[~absent] = order

        assert np.array_equal(first_orders(faces, rotations, translations), expected), group.xhm()


@given(
    group=st.integers(1, 230),
    origin=st.tuples(*[st.floats(-1, 1)] * 3),
)
def test_first_orders_do_not_depend_on_the_origin(
    group: int, origin: tuple[float, float, float]
) -> None:
    every = list(gemmi.find_spacegroup_by_number(group).operations())
    rotations = np.array([op.rot for op in every]) // gemmi.Op.DEN
    translations = np.array([op.tran for op in every]) / gemmi.Op.DEN
    faces = candidate_faces(rotations, largest_index=2)
    shifted = translations + np.asarray(origin) - rotations @ np.asarray(origin)

    assert np.array_equal(
        first_orders(faces, rotations, shifted), first_orders(faces, rotations, translations)
    )


def test_candidates_hold_every_face_once_and_all_equivalent_ones() -> None:
    operations = gemmi.find_spacegroup_by_number(194).operations()
    rotations = np.array([op.rot for op in operations.sym_ops]) // gemmi.Op.DEN

    faces = candidate_faces(rotations, largest_index=2)

    found = {tuple(map(int, face)) for face in faces}
    assert len(found) == len(faces)
    assert {tuple(map(int, face @ rotation)) for face in faces for rotation in rotations} == found
    assert {tuple(map(int, -face)) for face in faces} == found
    assert (0, 0, 2) not in found
    # (2 1 -3 0) is (-3 1 2 0) turned: its third index is implied.
    assert {(2, 1, 0), (-3, 1, 0)} <= found


# One of every Laue class, with screw axes, glide planes and centring among them.
@pytest.mark.parametrize("group", [2, 14, 15, 64, 70, 88, 142, 148, 161, 167, 176, 185, 205, 219])
def test_the_habit_has_the_symmetry_of_the_laue_class(group: int) -> None:
    a, b, c = 5.1, 6.3, 7.7
    lattice = {
        "triclinic": Lattice.from_parameters(a, b, c, 81, 97, 105),
        "monoclinic": Lattice.monoclinic(a, b, c, 104),
        "orthorhombic": Lattice.orthorhombic(a, b, c),
        "tetragonal": Lattice.tetragonal(a, c),
        "trigonal": Lattice.hexagonal(a, c),
        "hexagonal": Lattice.hexagonal(a, c),
        "cubic": Lattice.cubic(2 * a),
    }[gemmi.find_spacegroup_by_number(group).crystal_system_str()]
    atoms = {"Si": [0.11, 0.23, 0.37], "O": [0.29, 0.05, 0.18], "Mg": [0.02, 0.41, 0.13]}
    structure = crystal(group, lattice, atoms)

    facets = habit(structure, largest_index=2)

    normals = np.array([facet.normal for facet in facets])
    measures = np.array([(facet.distance, facet.area) for facet in facets])
    for turn in cartesian_rotations(structure.lattice, group):
        near = (normals @ turn) @ normals.T
        partner = near.argmax(axis=1)
        np.testing.assert_allclose(near.max(axis=1), 1, atol=1e-9)
        np.testing.assert_allclose(measures[partner], measures, rtol=1e-6)
    assert len(facets) >= 6


@pytest.mark.parametrize(
    "structure",
    [HALITE, RUTILE, GRAPHITE, FORSTERITE],
    ids=["halite", "rutile", "graphite", "forsterite"],
)
def test_areas_and_volume_are_those_of_pymatgens_wulff_shape(structure: Crystal) -> None:
    # Of full lattice symmetry, as WulffShape takes no other.
    facets = habit(structure, largest_index=2)
    basis = structure.lattice
    turns = cartesian_rotations(basis, structure.metadata["spacegroup"])
    one_of_each = {
        max(
            tuple(map(int, np.round(basis @ (facet.distance * facet.normal @ turn) / facet.order)))
            for turn in turns
        ): facet.distance
        for facet in facets
    }

    wulff = WulffShape(Lattice(structure.lattice), list(one_of_each), list(one_of_each.values()))

    volume = sum(facet.distance * facet.area for facet in facets) / 3
    assert volume == pytest.approx(wulff.volume, rel=1e-6)
    assert sum(facet.area for facet in facets) == pytest.approx(wulff.surface_area, rel=1e-6)


@pytest.mark.parametrize("structure", [QUARTZ, FORSTERITE], ids=["quartz", "forsterite"])
def test_polygons_are_flat_convex_closed_and_anticlockwise(structure: Crystal) -> None:
    facets = habit(structure, largest_index=3)

    # Minkowski: the areas, as vectors, of a closed surface add up to nothing.
    closing = sum(facet.area * facet.normal for facet in facets)
    np.testing.assert_allclose(closing, 0, atol=1e-9)
    corners = np.concatenate([facet.polygon for facet in facets])
    for facet in facets:
        np.testing.assert_allclose(facet.polygon @ facet.normal, facet.distance, rtol=1e-6)
        assert (corners @ facet.normal <= facet.distance * (1 + 1e-6)).all()
        sides = np.roll(facet.polygon, -1, axis=0) - facet.polygon
        turns = np.cross(sides, np.roll(sides, -1, axis=0)) @ facet.normal
        assert (turns > 0).all()
        reciprocal = np.linalg.inv(structure.lattice).T
        vector = np.array(facet.index) @ reciprocal
        np.testing.assert_allclose(facet.normal, vector / np.linalg.norm(vector), atol=1e-12)
        assert facet.distance == pytest.approx(facet.order * np.linalg.norm(vector))


def test_a_cell_of_another_space_group_than_it_is_said_to_have() -> None:
    wrong = Crystal("x", HALITE.lattice, HALITE.species, HALITE.frac_coords, {"spacegroup": 227})

    with pytest.raises(ValueError, match=r"^the cell has space group 225 within .*, not 227$"):
        habit(wrong, largest_index=1)


def test_a_cell_whose_symmetry_cannot_be_found() -> None:
    twice = Crystal("x", HALITE.lattice, ("Na", "Na"), np.zeros((2, 3)))

    with pytest.raises(ValueError, match="spglib") as error:
        habit(twice, largest_index=1)

    assert "\n" not in str(error.value)


def test_translations_of_no_space_group_have_no_order() -> None:
    fifth = np.array([[0, 0, 0], [0.2, 0, 0]])
    identity = np.array([np.eye(3, dtype=int)] * 2)

    orders = first_orders(np.array([[1, 0, 0], [0, 1, 0]]), identity, fifth)

    assert orders.tolist() == [0, 1]
