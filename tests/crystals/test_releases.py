"""What became of each crystal, told for known changes."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.releases import compare_releases, inherited, write_changes
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Standardise

SETTINGS = Standardise()
TURN = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])


def tetragonal(name, ratio=1.1, species=("Ba", "Ti", "O", "O", "O"), shift=0.0):
    """A perovskite with titanium off the centre, as far as `shift` says, Angstrom."""
    height = 4.0 * ratio
    coords = np.array([[0, 0, 0], [0.5, 0.5, 0.47], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    coords[1, 2] += shift / height
    return Crystal(name, np.diag([4.0, 4.0, height]), tuple(species), coords)


def turned(crystal):
    coords = (crystal.frac_coords + np.array([0.2, 0.3, 0.4])) % 1
    return Crystal(crystal.id, crystal.lattice @ TURN, crystal.species, coords)


def compare(earlier, later):
    return {
        change.id: (change.change, change.reason)
        for change in compare_releases(earlier, later, SETTINGS, 1)
    }


def test_every_kind_of_change_is_named_with_its_reason():
    earlier = [tetragonal(name) for name in "abcdefg"]
    later = [
        tetragonal("h"),
        tetragonal("a"),
        turned(tetragonal("b")),
        tetragonal("c", ratio=1.1055),
        tetragonal("d", shift=0.06),
        tetragonal("e", species=("Ba", "Ti", "S", "O", "O")),
        Rejection("g", "acquire", "line 7: not valid JSON"),
    ]
    assert list(compare(earlier, later).items()) == [
        ("a", ("unchanged", "the same record")),
        ("b", ("unchanged", "the same crystal within the tolerances")),
        ("c", ("changed", "lattice by 0.5 %")),
        ("d", ("changed", "atom moved 0.06 Angstrom")),
        ("e", ("changed", "elements Ba1 O2 S1 Ti1, before Ba1 O3 Ti1")),
        ("f", ("removed", "not in the later release")),
        ("g", ("removed", "unusable in the later release: line 7: not valid JSON")),
        ("h", ("added", "not in the earlier release")),
    ]


def test_what_only_symmetry_takes_out_of_the_standard_cell_is_said_to_be_so():
    lattice = 5.64 * (np.ones((3, 3)) - np.eye(3)) / 2
    salt, moved = (
        Crystal("salt", lattice, ("Na", "Cl"), np.array([[0, 0, 0], [place] * 3]))
        for place in (0.5, 0.503)
    )
    assert compare([salt], [moved])["salt"] == (
        "changed",
        "atom moved 0.029 Angstrom; the standard cell is as before",
    )


def test_another_space_group_of_the_same_crystal_is_a_relabelling():
    # Standardised ones tell their own space groups: another program may have found another.
    crystal = standardise(tetragonal("a"), SETTINGS)
    other = Crystal(
        "a",
        crystal.lattice,
        crystal.species,
        crystal.frac_coords,
        {**crystal.metadata, "spacegroup": 123, "structure_key": "2-other"},
    )
    assert compare([crystal], [other]) == {"a": ("relabelled", "space group 123, before 99")}
    result = inherited(crystal, other)
    assert result.metadata["spacegroup"] == 123
    assert result.metadata["structure_key"] == "2-other"


def test_a_standardised_and_a_given_crystal_can_be_compared():
    crystal = tetragonal("a")
    standard = standardise(turned(crystal), SETTINGS)
    assert compare([standard], [crystal])["a"][0] == "unchanged"
    assert compare([tetragonal("a", shift=0.06)], [standard])["a"][0] == "changed"


def test_an_unchanged_crystal_inherits_its_standard_cell_and_key():
    earlier = standardise(tetragonal("a"), SETTINGS)
    later = standardise(tetragonal("a", shift=0.004), SETTINGS)
    later.metadata["note"] = "new"
    assert compare([earlier], [later])["a"][0] == "unchanged"
    result = inherited(earlier, later)
    np.testing.assert_array_equal(result.lattice, earlier.lattice)
    np.testing.assert_array_equal(result.frac_coords, earlier.frac_coords)
    assert result.metadata["structure_key"] == earlier.metadata["structure_key"]
    assert result.metadata["note"] == "new"


@pytest.mark.parametrize("lattice", [np.diag([1e-9, 1e9, 1.0]), np.full((3, 3), 1e300)])
def test_no_cell_however_odd_raises(lattice):
    odd = Crystal("a", lattice, ("Ba", "Ti", "O", "O", "O"), tetragonal("a").frac_coords)
    assert compare([tetragonal("a")], [odd])["a"][0] == "changed"


def test_the_list_is_a_csv_file(tmp_path):
    path = tmp_path / "changes.csv"
    changes = list(compare_releases([tetragonal("a")], [tetragonal("b")], SETTINGS, 1))
    write_changes(path, changes)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"id": "a", "change": "removed", "reason": "not in the later release"},
        {"id": "b", "change": "added", "reason": "not in the earlier release"},
    ]


def test_records_that_are_the_same_are_told_in_their_place():
    names = ("a", "gone", "strained", "b", "nearly")
    before = [standardise(tetragonal(name), SETTINGS) for name in names]
    same, _, _, other, _ = before
    after = [
        other,
        standardise(tetragonal("new"), SETTINGS),
        standardise(tetragonal("strained", 1.2), SETTINGS),
        standardise(tetragonal("nearly", 1.1001), SETTINGS),
        same,
    ]
    changes = [(c.id, c.change, c.reason) for c in compare_releases(before, after, SETTINGS, 1)]
    assert [(name, kind) for name, kind, _ in changes] == [
        ("a", "unchanged"),
        ("gone", "removed"),
        ("strained", "changed"),
        ("b", "unchanged"),
        ("nearly", "unchanged"),
        ("new", "added"),
    ]
    assert [reason == "the same record" for _, _, reason in changes] == [
        *(True, False, False),
        *(True, False, False),
    ]


def test_another_label_alone_is_a_change():
    before = standardise(tetragonal("a"), SETTINGS)
    relabelled = replace(before, metadata={**before.metadata, "spacegroup": 123})
    (change,) = compare_releases([before], [relabelled], SETTINGS, 1)
    assert change.change == "relabelled"


@pytest.mark.parametrize("factor", [1, 1.1001 / 1.1])
def test_another_value_of_a_label_of_the_dataset_is_a_change(factor):
    before, nearly = (standardise(tetragonal("a", 1.1 * by), SETTINGS) for by in (1, factor))
    before, after = (
        replace(one, metadata={**one.metadata, "mineral": name, "note": name})
        for one, name in ((before, "halite"), (nearly, "sylvite"))
    )
    with_label = SETTINGS.model_copy(update={"labels": ("mineral",)})

    (unheeded,) = compare_releases([before], [after], SETTINGS, 1)
    (change,) = compare_releases([before], [after], with_label, 1)

    assert unheeded.change == "unchanged"
    assert (change.change, change.reason) == ("relabelled", "mineral sylvite, before halite")
