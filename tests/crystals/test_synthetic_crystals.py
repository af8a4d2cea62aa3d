import csv
import logging
from collections import Counter

import gemmi
import numpy as np
import pytest
import spglib
from pymatgen.core import Structure
from scipy.stats import ks_2samp

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.sources.synthetic import SyntheticSource
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.crystals.synthetic_crystals import draw_crystal, synthetic_crystals
from spacegrouper.crystals.synthetic_statistics import gather
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise

MADE = prototype_crystals(PrototypesSource(space_groups=8, crystals_per_space_group=20), seed=0)
REAL = [standardise(crystal, Standardise()) for crystal in MADE]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("real") / "standardised.jsonl.gz"
    write_crystals(path, REAL)
    return path


@pytest.fixture(scope="module")
def statistics(path):
    return gather(path, None, largest_cell=200, processes=1)


@pytest.fixture(scope="module")
def drawn(statistics):
    return [draw_crystal(number, statistics, "natural", 3)[0] for number in range(200)]


def found_in(crystal, tolerance):
    numbers = [gemmi.Element(symbol).atomic_number for symbol in crystal.species]
    cell = crystal.lattice, crystal.frac_coords, numbers
    return spglib.get_symmetry_dataset(cell, symprec=tolerance)


def test_positions_have_as_many_points_as_their_multiplicity(statistics):
    """By the operations that gemmi derives of the Hall symbol."""
    for number, group in statistics.groups.items():
        hall = next(
            kind.hall_symbol
            for kind in map(spglib.get_spacegroup_type, range(1, 531))
            if kind.number == number
        )
        for position in group.positions.values():
            point = position.projection @ [0.137, 0.219, 0.411] + position.origin
            images = [operation.apply_to_xyz(point.tolist()) for operation in operations(hall)]
            apart = np.array(images)[:, None] - np.array(images)
            same = (np.abs(apart - np.round(apart)) < 1e-6).all(axis=2)
            assert len({tuple(row) for row in same.tolist()}) == position.multiplicity
            primitive = len(images) * abs(np.linalg.det(group.primitive)) / same[0].sum()
            assert len(position.rotations) == round(primitive)


def operations(hall):
    return list(gemmi.symops_from_hall(hall))


def test_crystals_have_the_space_group_that_they_are_drawn_for(drawn):
    assert all(isinstance(crystal, Crystal) for crystal in drawn)
    wanted = np.array([crystal.metadata["stated_spacegroup"] for crystal in drawn])
    assert (wanted == [found_in(crystal, 0.01).number for crystal in drawn]).mean() >= 0.99
    standard = [standardise(crystal, Standardise()).metadata for crystal in drawn]
    assert (wanted == [crystal["spacegroup"] for crystal in standard]).mean() >= 0.99
    assert {crystal["synthetic"] for crystal in standard} == {"yes"}
    # Not only structures of the known types, few and small as they are here.
    known = {crystal.metadata["prototype"] for crystal in REAL}
    assert np.mean([crystal["prototype"] in known for crystal in standard]) < 0.8


def test_no_atoms_are_closer_than_any_bond(drawn):
    for crystal in drawn[:100]:
        structure = Structure(crystal.lattice, crystal.species, crystal.frac_coords)
        assert structure.is_valid(tol=0.699)


def test_sizes_volumes_and_letters_are_those_of_the_crystals(drawn):
    """The largest differences of the distributions, and of the shares of the letters."""

    def described(crystals):
        symmetry = [found_in(crystal, 0.01) for crystal in crystals]
        sites = [len(set(each.equivalent_atoms)) for each in symmetry]
        atoms = [len(each.std_types) for each in symmetry]
        volumes = [
            abs(np.linalg.det(crystal.lattice)) / len(crystal.species) for crystal in crystals
        ]
        letters = Counter(
            (each.number, each.wyckoffs[site])
            for each in symmetry
            for site in set(each.equivalent_atoms)
        )
        return sites, atoms, volumes, letters

    *real, real_letters = described(REAL)
    *made, made_letters = described(drawn)
    for one, other in zip(real, made, strict=True):
        assert ks_2samp(one, other).statistic < 0.15
    shares = [
        [counts[key] / counts.total() for key in real_letters | made_letters]
        for counts in (real_letters, made_letters)
    ]
    assert np.abs(np.subtract(*shares)).sum() / 2 < 0.2


def test_space_groups_come_as_often_as_among_the_crystals_or_evenly(path, statistics):
    few = REAL[:5] + REAL[-20:]
    write_crystals(path.with_name("few.jsonl"), few)
    statistics = gather(path.with_name("few.jsonl"), None, largest_cell=200, processes=1)

    def share(frequencies):
        made = [draw_crystal(number, statistics, frequencies, 0)[0] for number in range(100)]
        return np.mean(
            [each.metadata["stated_spacegroup"] == few[0].metadata["spacegroup"] for each in made]
        )

    assert share("natural") == pytest.approx(0.2, abs=0.12)
    assert share("even") == pytest.approx(0.5, abs=0.15)


def test_a_crystal_depends_on_its_number_and_the_seed_alone(path):
    def read(crystals, seed, processes):
        settings = SyntheticSource(source="synthetic", path=path, crystals=crystals, include=False)
        return [(each.id, each.digest()) for each in synthetic_crystals(settings, seed, processes)]

    made = read(8, 0, 2)
    assert [name for name, _ in made[:2]] == ["synthetic-000001", "synthetic-000002"]
    assert len(set(made)) == 8
    assert read(5, 0, 1) == made[:5]
    assert not set(read(5, 1, 1)) & set(made)


def test_the_crystals_themselves_come_first(path):
    settings = SyntheticSource(source="synthetic", path=path, crystals=2)
    records = list(synthetic_crystals(settings, 0, 1))
    assert [each.id for each in records[:-2]] == [each.id for each in REAL]
    assert "synthetic" not in records[0].metadata


def test_statistics_are_those_of_the_training_set(path, tmp_path):
    split = tmp_path / "split.csv"
    with split.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", "material_id", "part"])
        for row, crystal in enumerate(REAL):
            own = crystal.metadata["spacegroup"] == REAL[0].metadata["spacegroup"]
            table.writerow([row, crystal.id, "train" if own else "test"])
    statistics = gather(path, split, largest_cell=200, processes=1)
    assert list(statistics.groups) == [REAL[0].metadata["spacegroup"]]
    split.write_text("row,material_id,part\n0,other,train\n")
    with pytest.raises(UserError, match="none of them is in the training set of"):
        gather(path, split, largest_cell=200, processes=1)
    split.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"not a split: .* give the split\.csv"):
        gather(path, split, largest_cell=200, processes=1)


def test_crystals_without_a_space_group_are_refused(tmp_path):
    write_crystals(tmp_path / "raw.jsonl", MADE[:1])
    with pytest.raises(UserError, match=r"key `spacegroup` is missing; scripts/standardise\.py"):
        gather(tmp_path / "raw.jsonl", None, largest_cell=200, processes=1)


def test_a_space_group_that_cannot_be_drawn_is_rejected(tmp_path, caplog):
    """Polonium squeezed to a third of its cell, and one that is not what it says."""
    caplog.set_level(logging.INFO)
    here = np.zeros((1, 3))
    squeezed = Crystal("squeezed", np.eye(3), ("Po",), here, {"spacegroup": 221})
    other = Crystal("other", 3.3 * np.eye(3), ("Po",), here, {"spacegroup": 227})
    write_crystals(tmp_path / "two.jsonl", [squeezed, other])
    settings = SyntheticSource(
        source="synthetic", path=tmp_path / "two.jsonl", crystals=1, include=False
    )
    (record,) = synthetic_crystals(settings, 0, 1)
    assert record.id == "synthetic-000001"
    assert record.reason == "no crystal of space group 221 in 100 draws"
    assert "statistics of 1 crystals of 1 space groups; 1 have another symmetry" in caplog.text
    assert "100 with atoms too close" in caplog.text
