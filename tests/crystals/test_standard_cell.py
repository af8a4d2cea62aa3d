"""Against pymatgen's own conventional cells, and known space groups."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.neighbours import closer_than
from spacegrouper.crystals.standard_cell import standardise, standardise_all
from spacegrouper.settings import Standardise

SETTINGS = Standardise()
FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
SALT = Crystal("salt", 5.64 * FCC, ("Na", "Cl"), np.array([[0.1] * 3, [0.6] * 3]), {"from": "here"})


def real_crystals(number):
    folder = os.environ.get("SPACEGROUPER_STRUCTURES")
    shared = Path(__file__).parents[2] / "../shared/structures"
    path = (Path(folder) if folder else shared) / "mp-2024.10-sample.jsonl.gz"
    if not path.exists():
        pytest.skip(f"needs real structures: neither SPACEGROUPER_STRUCTURES nor {shared} has them")
    return list(islice(read_crystals(path), number))


def test_primitive_rock_salt_gets_its_conventional_cell():
    result = standardise(SALT, SETTINGS)
    assert isinstance(result, Crystal)
    np.testing.assert_allclose(result.lattice, 5.64 * np.eye(3), atol=1e-9)
    assert result.species == ("Na",) * 4 + ("Cl",) * 4
    assert result.metadata["from"] == "here"
    assert result.metadata["spacegroup"] == 225
    assert result.metadata["crystal_system"] == "cubic"
    assert result.metadata["prototype"] == "AB_cF8_225_a_b"
    assert result.metadata["structure_key"].startswith("2-")


def test_real_crystals_agree_with_pymatgen_and_keep_the_conventions():
    # Only the origin, and which of the equivalent axes come first, are not pymatgen's.
    matcher = StructureMatcher(
        ltol=1e-3, stol=0.01, angle_tol=0.1, primitive_cell=False, scale=False
    )
    for crystal in real_crystals(60):
        result = standardise(crystal, SETTINGS)
        assert isinstance(result, Crystal), result
        structure = Structure(crystal.lattice, crystal.species, crystal.frac_coords)
        analyser = SpacegroupAnalyzer(structure, symprec=0.1, angle_tolerance=5)
        expected = analyser.get_conventional_standard_structure()
        assert result.metadata["spacegroup"] == analyser.get_space_group_number()
        lattice = Lattice.from_parameters(*expected.lattice.parameters).matrix
        np.testing.assert_allclose(result.lattice, lattice, atol=1e-3)
        np.testing.assert_allclose(result.lattice[2, :2], 0, atol=1e-9)
        assert ((result.frac_coords >= 0) & (result.frac_coords < 1)).all()
        assert matcher.fit(Structure(result.lattice, result.species, result.frac_coords), expected)
        assert closer_than(result.lattice, result.frac_coords, 0.5) is None


def test_space_groups_agree_with_the_published_ones():
    folder = Path(
        os.environ.get(
            "SPACEGROUPER_STRUCTURES", Path(__file__).parents[2] / "../shared/structures"
        )
    )
    path = folder / "mp-2025.02.jsonl.gz"
    if not path.exists():
        pytest.skip(f"needs real structures: {path} is not there")
    for crystal in islice(read_crystals(path), 0, 2000, 40):
        result = standardise(crystal, SETTINGS)
        assert result.metadata["spacegroup"] == crystal.metadata["spacegroup"]


def test_standardising_starts_without_pymatgen():
    """Its import takes longer than some fifty crystals."""
    program = (
        "import sys\n"
        "import numpy as np\n"
        "from spacegrouper.crystals.crystal import Crystal\n"
        "from spacegrouper.crystals.standard_cell import standardise\n"
        "from spacegrouper.settings import Standardise\n"
        "for setting in ('standard', 'reduced'):\n"
        "    crystal = Crystal('Po', 3.3 * np.eye(3), ('Po',), np.zeros((1, 3)))\n"
        "    standard = standardise(crystal, Standardise(setting=setting))\n"
        "    assert standard.metadata['spacegroup'] == 221\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "spacegrouper.crystals.standard_cell" in done.stdout.split()
    assert "pymatgen.core" not in done.stdout.split()


def test_a_left_handed_cell_is_the_same_crystal():
    mirrored = Crystal("salt", -SALT.lattice, SALT.species, -SALT.frac_coords)
    first, second = standardise(SALT, SETTINGS), standardise(mirrored, SETTINGS)
    assert first.metadata["structure_key"] == second.metadata["structure_key"]


@pytest.mark.parametrize("species", [("Na+", "Cl-"), ("Na1+", "Cl1-"), ("Na0+,spin=5", "Cl")])
def test_oxidation_states_are_stripped(species):
    result = standardise(Crystal("x", SALT.lattice, species, SALT.frac_coords), SETTINGS)
    assert set(result.species) == {"Na", "Cl"}


def test_deuterium_is_hydrogen():
    deuteride = standardise(Crystal("x", SALT.lattice, ("Li", "D"), SALT.frac_coords), SETTINGS)
    assert set(deuteride.species) == {"Li", "H"}


@pytest.mark.parametrize(
    ("species", "coords", "reason"),
    [
        (("Na", "Xx"), SALT.frac_coords, "unknown element: 'Xx'"),
        (("Na", "Na0.5K0.5"), SALT.frac_coords, "unknown element"),
        (("Na", ""), SALT.frac_coords, "unknown element"),
        (("Na", "Fm"), SALT.frac_coords, "element 'Fm' has no form factor"),
        (("Na", "Cl"), np.array([[0, 0, 0], [0.02, 0, 0.0]]), "closer than 0.5 Angstrom"),
    ],
)
def test_what_cannot_be_used_is_rejected(species, coords, reason):
    result = standardise(Crystal("x", SALT.lattice, species, coords), SETTINGS)
    assert isinstance(result, Rejection)
    assert (result.id, result.stage) == ("x", "standardise")
    assert reason in result.reason


def test_a_cell_in_picometres_is_rejected():
    salt = Crystal("x", 564 * np.eye(3), ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    record = standardise(salt, Standardise())
    assert isinstance(record, Rejection)
    assert record.reason.startswith("8.97e+07 cubic Angstrom of the cell for each atom: are its")


def test_too_many_sites_are_rejected():
    result = standardise(SALT, Standardise(max_sites=7))
    assert "8 (max_sites = 7)" in result.reason
    assert isinstance(standardise(SALT, Standardise(max_sites=8)), Crystal)


def test_order_and_rejections_are_the_same_whatever_the_number_of_processes():
    bad = Rejection("line 2", "acquire", "line 2: not valid JSON")
    other = Crystal("other", SALT.lattice, ("K", "Cl"), SALT.frac_coords)
    records = [SALT, bad, other, SALT]
    alone, shared = (list(standardise_all(records, SETTINGS, number)) for number in (1, 2))
    assert [record.id for record in alone] == ["salt", "line 2", "other", "salt"]
    assert "same id, salt" in alone[3].reason
    for one, two in zip(alone, shared, strict=True):
        if isinstance(one, Rejection):
            assert one == two
        else:
            np.testing.assert_array_equal(one.frac_coords, two.frac_coords)
            assert (one.species, one.metadata) == (two.species, two.metadata)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=9, max_size=9),
    st.lists(st.floats(-1e9, 1e9), min_size=6, max_size=6),
    st.sampled_from([1e-6, 1e-3, 1.0]),
)
def test_no_cell_however_odd_raises(vectors, coords, scale):
    lattice = np.reshape(vectors, (3, 3)) * scale
    edges = np.linalg.norm(lattice, axis=1).prod()
    assume(abs(np.linalg.det(lattice)) > 1e-6 * edges)  # what the readers let through
    crystal = Crystal("odd", lattice, ("Na", "Cl"), np.reshape(coords, (2, 3)))
    result = standardise(crystal, SETTINGS)
    assert isinstance(result, Crystal) or (result.reason and "\n" not in result.reason)


def test_an_error_of_the_symmetry_search_is_a_rejection(monkeypatch):
    monkeypatch.setattr("spglib.get_symmetry_dataset", lambda *_, **__: None)
    assert standardise(SALT, SETTINGS).reason.startswith("no symmetry found")
