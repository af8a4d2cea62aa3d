"""The strong lines of crystals, against the reflections of the whole powder."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_powders import POWDER
from random_crystals import random_crystal

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.techniques.powder.known.matching import Lines, Matches, line_places
from spacegrouper.techniques.powder.known.strong_lines import (
    FAMILIES,
    cell_of_metric,
    families,
    strongest_lines,
)
from spacegrouper.techniques.powder.settings import Powder
from spacegrouper.techniques.powder.simulation import reflections

ROCK_SALT = Crystal(
    "NaCl",
    5.64 * np.eye(3),
    ("Na",) * 4 + ("Cl",) * 4,
    np.array(
        [
            [0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0],
            [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5, 0.5, 0.5],
        ]
    ),
    {"spacegroup": 225},
)  # fmt: skip


def test_the_lines_of_rock_salt_come_in_their_order() -> None:
    found = strongest_lines(ROCK_SALT, POWDER)
    indices = [tuple(sorted(np.abs(line).tolist())) for line in found.indices[:4]]
    # As every table of NaCl has them: 200, 220, 222 and 420 are the strongest.
    assert indices[:2] == [(0, 0, 2), (0, 2, 2)]
    assert set(indices[2:]) == {(0, 2, 4), (2, 2, 2)}
    assert found.roots[0] == 255
    assert found.roots.argmin() == np.count_nonzero(found.roots)  # zeros come last
    np.testing.assert_allclose(cell_of_metric(found.metric, found.family)[:3], 5.64, rtol=1e-6)


@given(number=st.integers(1, 230), seed=st.integers(0, 3))
def test_lines_lie_where_the_powder_has_reflections(number: int, seed: int) -> None:
    crystal = random_crystal(number, seed)
    found = strongest_lines(crystal, POWDER)
    lines = Lines(
        np.array([found.family]), found.metric[None], found.indices[None], found.roots[None]
    )
    one, none = np.ones(1), np.zeros(1)
    match = Matches(np.array([0]), one, found.metric[None].astype(float), none)
    places = line_places(lines, match, 0, POWDER)[:, 0]
    two_theta, _ = reflections(crystal, POWDER, "xrayutilities")
    assert np.abs(places[:, None] - two_theta).min(axis=1).max() < 0.003
    assert len(places) == np.count_nonzero(found.roots)


@given(number=st.integers(1, 230), seed=st.integers(0, 3))
def test_the_metric_is_that_of_the_cell(number: int, seed: int) -> None:
    crystal = random_crystal(number, seed)
    found = strongest_lines(crystal, Powder(two_theta=(10, 40)))
    a, b, c = crystal.lattice
    lengths = [np.linalg.norm(axis) for axis in (a, b, c)]
    cosines = [b @ c, a @ c, a @ b] / np.array(
        [lengths[1] * lengths[2], lengths[0] * lengths[2], lengths[0] * lengths[1]]
    )
    cell = cell_of_metric(found.metric, found.family)
    np.testing.assert_allclose(cell[:3], lengths, rtol=1e-5)
    np.testing.assert_allclose(cell[3:], np.degrees(np.arccos(cosines)), atol=1e-3)


def test_a_line_has_the_index_of_a_reflection_that_is_there() -> None:
    # Rows of atoms half a cell apart along a: h is even. The axes a and b are equal by chance.
    places = np.array([[0, 0, 0], [0.5, 0, 0], [0.1, 0.2, 0.3], [0.6, 0.2, 0.3]])
    cell = np.diag([5.0, 5.0, 7.0])
    crystal = Crystal("a", cell, ("Si", "Si", "O", "O"), places, {"spacegroup": 16})
    found = strongest_lines(crystal, POWDER)
    assert not (found.indices[:, 0] % 2).any()


def test_families_are_systems_with_trigonal_crystals_in_hexagonal_axes() -> None:
    groups = np.arange(1, 231)
    named = [FAMILIES[place] for place in families(groups)]
    systems = crystal_systems(groups)
    assert [name.replace("trigonal", "hexagonal") for name in systems] == named


@pytest.mark.parametrize(
    ("crystal", "reason"),
    [
        (replace(ROCK_SALT, metadata={}), "space group is not known"),
        (replace(ROCK_SALT, metadata={"spacegroup": 194}), "not the standard one of a hexagonal"),
        (replace(ROCK_SALT, species=("Xx",) * 8), "no form factor"),
    ],
    ids=["no group", "another cell", "no element"],
)
def test_what_has_no_lines_says_why(crystal: Crystal, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        strongest_lines(crystal, POWDER)


def test_an_index_that_a_byte_cannot_hold_is_refused() -> None:
    # Atoms 2.7 Angstrom apart along c: the strongest reflections are 0 0 150 and its like.
    places = np.zeros((150, 3))
    places[:, 2] = np.arange(150) / 150
    cell = np.diag([3.0, 3.1, 400.0])
    long = Crystal("a", cell, ("Si",) * 150, places, {"spacegroup": 47})
    with pytest.raises(ValueError, match="beyond 127"):
        strongest_lines(long, POWDER)
