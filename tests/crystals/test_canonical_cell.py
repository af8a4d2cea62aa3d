"""Crystals written in many ways must give one cell and one set of patterns, to the last byte."""

import os
from functools import cache
from itertools import islice
from pathlib import Path

import gemmi
import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice
from written_anew import written_anew

from spacegrouper.crystals.canonical_cell import canonical_primitive_cell
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.differences import difference
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Simulate, Standardise
from spacegrouper.techniques.patterns.simulation import simulate_crystals

SETTINGS = Standardise()


@cache
def crystals():
    """Real crystals where there are any, and made-up ones elsewhere: at least 80."""
    shared = Path(__file__).parents[2] / "../shared/structures"
    folder = Path(os.environ.get("SPACEGROUPER_STRUCTURES", shared))
    path = folder / "mp-2024.10-sample.jsonl.gz"
    if path.exists():
        return list(islice(read_crystals(path), 0, 2400, 12))
    return prototype_crystals(PrototypesSource(space_groups=20, crystals_per_space_group=4), seed=0)


def space_group(crystal):
    numbers = [gemmi.Element(name).atomic_number for name in crystal.species]
    cell = (crystal.lattice, crystal.frac_coords, numbers)
    return spglib.get_symmetry_dataset(cell, symprec=1e-3).number


def patterns(crystal):
    (result,) = simulate_crystals([crystal], Simulate(pixels=128), seed=0, threads=1)
    return result.values


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 79), st.integers(0, 2**31 - 1))
def test_standard_cell_key_and_patterns_do_not_depend_on_the_writing(index, seed):
    crystal = crystals()[index]
    first = standardise(crystal, SETTINGS)
    second = standardise(written_anew(crystal, seed), SETTINGS)
    assert first.species == second.species
    np.testing.assert_allclose(first.lattice, second.lattice, atol=1e-7)
    np.testing.assert_allclose(first.frac_coords, second.frac_coords, atol=1e-7)
    for name in ("spacegroup", "prototype", "structure_key"):
        assert first.metadata[name] == second.metadata[name]
    np.testing.assert_array_equal(patterns(first), patterns(second))


def test_standard_cell_hardly_changes_with_rounding_in_the_sixth_decimal():
    far = 0
    for seed, crystal in enumerate(crystals()):
        anew = written_anew(crystal, seed)
        rounded = Crystal(
            anew.id, anew.lattice.round(6), anew.species, anew.frac_coords.round(6), {}
        )
        first, second = standardise(crystal, SETTINGS), standardise(rounded, SETTINGS)
        same = first.species == second.species
        far += not (same and np.allclose(first.frac_coords, second.frac_coords, atol=1e-3))
    assert far <= 1  # where two atoms or axes by chance can hardly be told apart


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 79), st.integers(0, 2**31 - 1))
def test_a_standard_cell_stays_one(index, seed):
    """What is standardised holds the same crystal, and its own standard cell is itself."""
    crystal = crystals()[index]
    first = standardise(crystal, SETTINGS)
    second = standardise(written_anew(first, seed), SETTINGS)
    assert first.species == second.species
    np.testing.assert_allclose(first.frac_coords, second.frac_coords, atol=2e-5)
    assert space_group(first) == first.metadata["spacegroup"]


# Of four groups without centres of symmetry: cell lengths and angles, and general positions.
P1 = ([5.1, 6.3, 7.7, 83, 76, 98], ["x,y,z"])
P21 = ([5.1, 6.3, 7.7, 90, 99, 90], ["x,y,z", "-x,y+1/2,-z"])
P212121 = (
    [6.1, 7.3, 8.7, 90, 90, 90],
    ["x,y,z", "1/2-x,-y,1/2+z", "-x,1/2+y,1/2-z", "1/2+x,1/2-y,-z"],
)
P41 = ([9, 9, 11.3, 90, 90, 90], ["x,y,z", "-x,-y,z+1/2", "-y,x,z+1/4", "y,-x,z+3/4"])


def built(parameters, operations):
    """A crystal of titanium and oxygen, one of each on a general position."""
    places = [[0.11, 0.23, 0.37], [0.62, 0.29, 0.81]]
    coords = [gemmi.Op(name).apply_to_xyz(place) for place in places for name in operations]
    species = ("Ti",) * len(operations) + ("O",) * len(operations)
    return Crystal("x", Lattice.from_parameters(*parameters).matrix, species, np.array(coords))


def mirrored(crystal):
    return Crystal("m", crystal.lattice, crystal.species, -crystal.frac_coords)


@pytest.mark.parametrize("group", [P1, P21, P212121])
def test_mirror_images_share_a_cell_and_patterns(group):
    crystal = built(*group)
    first, second = (standardise(each, SETTINGS) for each in (crystal, mirrored(crystal)))
    assert first.metadata["spacegroup"] == {1: 1, 2: 4, 4: 19}[len(group[1])]
    np.testing.assert_allclose(first.lattice, second.lattice, atol=1e-7)
    np.testing.assert_allclose(first.frac_coords, second.frac_coords, atol=1e-7)
    np.testing.assert_array_equal(patterns(first), patterns(second))


def test_the_hand_is_kept_where_it_decides_the_space_group():
    crystal = built(*P41)
    for seed in range(10):
        assert space_group(standardise(written_anew(crystal, seed), SETTINGS)) == 76
    other = standardise(mirrored(crystal), SETTINGS)
    assert (space_group(other), other.metadata["spacegroup"]) == (78, 78)


def test_a_canonical_primitive_cell_is_the_same_crystal():
    for crystal in crystals()[:40]:
        numbers = np.array([gemmi.Element(name).atomic_number for name in crystal.species])
        right_handed = crystal.lattice * np.sign(np.linalg.det(crystal.lattice))
        lattice, found, coords = canonical_primitive_cell(
            right_handed, numbers, crystal.frac_coords
        )
        species = tuple(gemmi.Element(int(number)).name for number in found)
        apart = difference(crystal, Crystal("again", lattice, species, coords))
        assert apart is not None
        assert apart.move < 1e-3
        assert apart.strain < 1e-6
