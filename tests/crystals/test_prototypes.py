from collections import Counter

import numpy as np
import pytest
import spglib
from pymatgen.core import Element, Structure

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise

CRYSTALS = prototype_crystals(PrototypesSource(space_groups=8, crystals_per_space_group=20), seed=3)


def test_every_space_group_is_filled_with_different_crystals_of_several_prototypes():
    groups = Counter()
    sources = {}
    for crystal in CRYSTALS:
        numbers = [Element(symbol).Z for symbol in crystal.species]
        found = spglib.get_symmetry_dataset(
            (crystal.lattice, crystal.frac_coords, numbers), symprec=0.1
        )
        assert found.number == int(crystal.metadata["source"].split("_")[2])
        assert len(found.std_types) <= 24
        groups[found.number] += 1
        sources.setdefault(found.number, set()).add(crystal.metadata["source"])
    assert list(groups.values()) == [20] * 8
    assert all(len(labels) >= 3 for labels in sources.values())
    assert len({crystal.id for crystal in CRYSTALS}) == 160


def test_they_survive_standardisation_and_are_all_different():
    results = [standardise(crystal, Standardise()) for crystal in CRYSTALS]
    assert all(isinstance(result, Crystal) for result in results)
    assert len({result.metadata["structure_key"] for result in results}) == len(results)


def test_volumes_per_atom_are_those_of_solids():
    volumes = [abs(np.linalg.det(item.lattice)) / len(item.species) for item in CRYSTALS]
    assert min(volumes) > 4  # Angstrom^3; diamond has 5.7
    assert max(volumes) < 120  # caesium, the largest atom, has 115


def test_the_seed_decides():
    settings = PrototypesSource(space_groups=2, crystals_per_space_group=5)
    first, again, other = (prototype_crystals(settings, seed) for seed in (1, 1, 2))
    assert [crystal.id for crystal in first] == [crystal.id for crystal in again]
    assert [crystal.id for crystal in first] != [crystal.id for crystal in other]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.lattice, two.lattice)


def test_more_than_the_prototypes_can_fill_is_a_user_error():
    settings = PrototypesSource(space_groups=230, crystals_per_space_group=1)
    with pytest.raises(UserError, match=r"can fill \d+ space groups with 1 crystals each, not 230"):
        prototype_crystals(settings, 0)


def test_listed_space_groups_are_filled_also_where_elements_run_out():
    settings = PrototypesSource(space_groups=["P2_1/c", 227], crystals_per_space_group=60)
    assert settings.space_groups == (14, 227)
    made = prototype_crystals(settings, 0)
    results = [standardise(crystal, Standardise()) for crystal in made]
    assert [each.metadata["spacegroup"] for each in results] == [14] * 60 + [227] * 60
    assert len({each.metadata["structure_key"] for each in results}) == len(results)
    for crystal in made:
        distances = Structure(crystal.lattice, crystal.species, crystal.frac_coords).distance_matrix
        assert distances[distances > 0].min(initial=9) > 0.8  # Angstrom


def test_listed_space_groups_without_a_prototype_are_named():
    settings = PrototypesSource(space_groups=[17, 225], crystals_per_space_group=5)
    with pytest.raises(UserError, match=r"of the space groups 17; leave them out"):
        prototype_crystals(settings, 0)
