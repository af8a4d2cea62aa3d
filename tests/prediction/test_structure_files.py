import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from structure_files import (
    CAESIUM_CHLORIDE,
    DISORDERED,
    MAGNESIUM,
    ROCK_SALT,
    write_cif,
    write_poscar,
)

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.prediction.structure_files import (
    read_standard_crystals,
    read_structure_content,
    read_structure_file,
)
from spacegrouper.settings import Standardise
from spacegrouper.techniques.powder.measured.reading import is_diffractogram


def reason_against(path: Path, maximum_bytes: int = 10**6) -> str:
    (record,) = read_structure_file(path, maximum_bytes)
    assert isinstance(record, Rejection)
    assert record.id == str(path)
    assert "\n" not in record.reason
    return record.reason


@pytest.mark.parametrize(
    ("structure", "spacegroup"), [(CAESIUM_CHLORIDE, 221), (ROCK_SALT, 225), (MAGNESIUM, 194)]
)
def test_one_crystal_is_the_same_from_all_kinds_of_files(
    tmp_path: Path, structure: Structure, spacegroup: int
) -> None:
    structure.to(str(tmp_path / "a.json"))
    paths = [
        write_cif(tmp_path / "a.cif", structure),
        write_poscar(tmp_path / "POSCAR", structure),
        write_poscar(tmp_path / "a.vasp", structure),
        tmp_path / "a.json",
    ]
    crystals = []
    for path in paths:
        (crystal,) = read_standard_crystals(path, Standardise())
        assert isinstance(crystal, Crystal)
        assert crystal.id == str(path)
        assert crystal.metadata["spacegroup"] == spacegroup
        crystals.append(crystal)
    for crystal in crystals[1:]:
        assert crystal.species == crystals[0].species
        assert crystal.lattice == pytest.approx(crystals[0].lattice, abs=1e-5)
        assert crystal.frac_coords == pytest.approx(crystals[0].frac_coords, abs=1e-5)


def test_blocks_of_a_cif_are_crystals_with_names_of_their_own(tmp_path: Path) -> None:
    one, two = (
        write_cif(tmp_path / name, structure).read_text()
        for name, structure in (("1.cif", CAESIUM_CHLORIDE), ("2.cif", ROCK_SALT))
    )
    path = tmp_path / "both.cif"
    path.write_text(one.replace("data_CsCl", "data_first") + two.replace("data_NaCl", "data_last"))
    crystals = read_structure_file(path, 10**6)
    assert [crystal.id for crystal in crystals] == [f"{path}#first", f"{path}#last"]


def test_disorder_is_refused_whatever_the_file(tmp_path: Path) -> None:
    DISORDERED.to(str(tmp_path / "a.json"))
    for path in (write_cif(tmp_path / "a.cif", DISORDERED), tmp_path / "a.json"):
        assert "partial occupancy" in reason_against(path)


@pytest.mark.parametrize("name", ["a.cif", "a.txt", "download", "POSCAR.bak", "a.JSON"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_what_is_in_a_file_tells_its_format_and_not_its_name(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    texts = [
        write_cif(tmp_path / "x.cif", ROCK_SALT).read_text(),
        write_poscar(tmp_path / "x", ROCK_SALT).read_text(),
        ROCK_SALT.to_json(),
    ]
    for text in texts:
        for content in (text.encode(), text.encode("utf-16"), text.encode("utf-8-sig")):
            (crystal,) = read_structure_content(pack(content), name)
            assert isinstance(crystal, Crystal), crystal
            assert crystal.id == name
            assert sorted(crystal.species) == ["Cl"] * 4 + ["Na"] * 4


@pytest.mark.parametrize("title", ["[001] slab", "{111} surface", "BMo2", "RAW cell", "CDFT"])
def test_the_title_of_a_poscar_says_nothing_of_its_format(tmp_path: Path, title: str) -> None:
    lines = write_poscar(tmp_path / "x", ROCK_SALT).read_text().splitlines()
    content = "\n".join([title, *lines[1:]]).encode()
    (crystal,) = read_structure_content(content, "POSCAR")
    assert isinstance(crystal, Crystal), crystal
    assert not is_diffractogram(content, "POSCAR")


def test_names_that_are_not_utf_8_are_escaped(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "k") + b"\xe9\n.cif"))
    write_cif(tmp_path / "a.cif", ROCK_SALT).rename(path)
    (crystal,) = read_standard_crystals(path, Standardise())
    assert isinstance(crystal, Crystal)
    assert crystal.id == f"{tmp_path}/k\\xe9\\n.cif"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.cif", b"", "the file is empty"),
        ("a.cif", b"\x00\x01\x02", "binary"),
        ("a.cif", b"hello", "not a valid CIF file"),
        ("a.CIF", b"hello", "not a valid CIF file"),
        ("a.cif.gz", b"hello", "not a gz file in spite of its name"),
        ("POSCAR", b"hello", "ends before line 2"),
        ("CONTCAR_1", b"hello", "ends before line 2"),
        ("POSCAR", b"\xff\xfe\xfd", "ends before line 2"),
        ("a.json", b"{}", "expected pymatgen's Structure"),
        ("x.mrc", b"", "the file is empty"),
        ("a.zip", b"PK\x03\x04", "a ZIP archive; unpack it"),
        ("a.pdb", b"ATOM", "a macromolecule's file"),
        ("a.txt", b"hello", "no structure in a format that is known; give CIF, POSCAR"),
    ],
)
def test_other_files_are_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert reason in reason_against(path)


def test_missing_and_large_files_are_refused_unread(tmp_path: Path) -> None:
    assert reason_against(tmp_path / "none.cif") == "no such file"
    path = write_cif(tmp_path / "a.cif", ROCK_SALT)
    assert reason_against(path, 100) == "larger than 0.0001 MB"


def test_cells_that_are_too_large_are_refused(tmp_path: Path) -> None:
    places = np.random.default_rng(0).permutation(8**3)[:60]
    coords = np.stack(np.unravel_index(places, (8, 8, 8)), axis=1) / 8
    structure = Structure(Lattice.cubic(16), ["Si"] * 60, coords)
    path = write_poscar(tmp_path / "POSCAR", structure)
    (record,) = read_standard_crystals(path, Standardise(max_sites=50))
    assert isinstance(record, Rejection)
    assert "too many sites" in record.reason
