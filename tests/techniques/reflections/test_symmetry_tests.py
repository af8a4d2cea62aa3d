"""Tests of symmetry on crystals of known groups, whose operations gemmi tells."""

import gemmi
import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.levels import levels, scaled
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.structure_factors import intensities, scatterers
from spacegrouper.techniques.reflections.symmetry_tests import (
    number_of_tests,
    reflection_sets,
    rotations,
    symmetry_tests,
)

LARGEST = 5
CUBIC = np.array([7, 7, 7, 90, 90, 90.0])
HEXAGONAL = np.array([7, 7, 8, 90, 90, 120.0])


def crystal(
    symbol: str, cell: NDArray[np.float64], seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return levels and cell of random atoms in general positions of a space group."""
    operations = gemmi.find_spacegroup_by_name(symbol).operations()
    rng = np.random.default_rng(seed)
    positions = [
        np.array(operation.apply_to_xyz(list(start)))
        for start in rng.random((3, 3))
        for operation in operations
    ]
    species = ("Na",) * len(positions)
    lattice = np.array(gemmi.UnitCell(*cell).orth.mat.tolist()).T
    settings = Reflections(largest_index=LARGEST)
    found = intensities(
        scatterers(species, settings), lattice, species, np.array(positions), settings
    )
    np.testing.assert_allclose(cell_of(lattice), cell)
    # As many decades as there are: weak reflections are not absent.
    return scaled(levels(found, 12))[None], cell[None]


def of_rotations(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    return numbers[0, : 3 * len(rotations())].reshape(-1, 3)


def of_sets(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    return numbers[0, 3 * len(rotations()) :].reshape(-1, 4)


@pytest.mark.parametrize("symbol", ["P m -3 m", "P 6/m m m"])
def test_every_rotation_of_the_holohedries_is_there_once(symbol: str) -> None:
    known = [rotation.tolist() for rotation in rotations()]
    for operation in gemmi.find_spacegroup_by_name(symbol).operations().sym_ops:
        # Indices are turned by the transposed matrix.
        matrix = np.array(operation.rot).T // operation.DEN
        if np.linalg.det(matrix) < 0 or (matrix == np.eye(3)).all():
            continue
        inverse = np.round(np.linalg.inv(matrix)).astype(int)
        both = {str(matrix.tolist()), str(inverse.tolist())}
        assert sum(str(rotation) in both for rotation in known) == 1


@pytest.mark.parametrize(
    ("symbol", "cell"),
    [
        ("P 1", CUBIC),
        ("P 1 2/m 1", CUBIC),
        ("P 2 2 2", CUBIC),
        ("P -4", CUBIC),
        ("P 4 2 2", CUBIC),
        ("P 2 3", CUBIC),
        ("P -4 3 m", CUBIC),
        ("P 3", HEXAGONAL),
        ("P 3 1 2", HEXAGONAL),
        ("P 3 2 1", HEXAGONAL),
        ("P 6", HEXAGONAL),
        ("P 6 2 2", HEXAGONAL),
    ],
)
def test_intensities_agree_under_the_rotations_of_the_laue_class_alone(
    symbol: str, cell: NDArray[np.float64]
) -> None:
    group = gemmi.find_spacegroup_by_name(symbol)
    laue = {
        (sign * np.array(operation.rot).T // operation.DEN).tobytes()
        for operation in group.operations().sym_ops
        for sign in (1, -1)
    }
    # Rotations that the lattice has; others compare reflections of different form factors.
    length = np.linalg.inv(np.array(gemmi.UnitCell(*cell).metric_tensor().as_mat33().tolist()))
    found = of_rotations(symmetry_tests(*crystal(symbol, cell)))
    for rotation, (difference, equal, single) in zip(rotations(), found, strict=True):
        if not np.allclose(rotation.T @ length @ rotation, length):
            continue
        if rotation.tobytes() in laue:
            assert (difference, equal, single) == pytest.approx((0, 1, 0), abs=1e-3)
        else:
            assert difference > 0.05
            assert equal < 0.7


@pytest.mark.parametrize("symbol", ["P 1", "P 1 21/c 1", "P n m a", "F d d 2", "R -3 c:H", "P 61"])
def test_sets_of_extinct_reflections_are_absent_and_no_others(symbol: str) -> None:
    operations = gemmi.find_spacegroup_by_name(symbol).operations()
    cell = HEXAGONAL if symbol[0] == "R" or "6" in symbol else CUBIC
    found = of_sets(symmetry_tests(*crystal(symbol, cell)))
    starts, members = reflection_sets(LARGEST)
    width = 2 * LARGEST + 1
    for number, (absent, highest, mean, _) in enumerate(found):
        own = members[starts[number] : starts[number + 1]]
        if len(own) == 0:
            assert (absent, highest, mean) == (-1, -1, -1)
            continue
        l, h, k = np.unravel_index(own, (LARGEST + 1, width, width))
        indices = np.stack([h - LARGEST, k - LARGEST, l], axis=1).astype(np.int32)
        share = operations.systematic_absences(np.ascontiguousarray(indices)).mean()
        assert absent == pytest.approx(share, abs=1e-6)
        assert (highest == 0, mean == -1) == (share == 1, share == 1)


def test_intensities_of_a_centrosymmetric_crystal_spread_wider() -> None:
    """Wilson's distributions: of ln I the variance is pi^2 / 2 with a centre, pi^2 / 6 without."""

    def spread(symbol: str) -> float:
        tests = [
            symmetry_tests(*crystal(symbol, CUBIC * [1, 1.2, 1.5, 1, 1, 1], seed))
            for seed in range(8)
        ]
        return float(np.mean([of_sets(each)[0, 3] for each in tests]))

    assert spread("P -1") > 1.3 * spread("P 1")


def test_there_are_as_many_tests_whatever_the_largest_index() -> None:
    cells = np.stack([CUBIC])
    for largest in (1, 3, 8):
        width = 2 * largest + 1
        grid = np.ones((1, largest + 1, width, width), dtype=np.float32)
        assert symmetry_tests(grid, cells).shape == (1, number_of_tests())


def test_nothing_can_be_tested_of_no_reflections() -> None:
    found = symmetry_tests(np.zeros((1, 4, 7, 7), dtype=np.float32), CUBIC[None])
    assert (of_rotations(found) == -1).all()
    present = of_sets(found)[of_sets(found)[:, 0] != -1]
    assert (present[:, :2] == [1, 0]).all()
    assert symmetry_tests(np.zeros((0, 4, 7, 7), np.float32), CUBIC[None][:0]).shape[0] == 0
