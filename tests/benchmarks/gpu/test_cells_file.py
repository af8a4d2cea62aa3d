"""What travels to a GPU gives the same patterns there, to the last bit."""

import numpy as np
import pytest
from cells_file import read_cells
from programs import call

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.simulation import simulate_crystals

CONFIG = "simulate: {pixels: 64}\nsplit: {classes: [62, 225]}\nstandardise: {setting: standard}\n"


def crystal(number: int, group: int, **metadata: str) -> Crystal:
    random = np.random.default_rng(number)
    coordinates = random.random((3 + number, 3))
    # What decimal digits do not hold, and both zeros.
    coordinates[0] = 1 / 3, 0.1 + 0.2, -0.0
    return Crystal(
        f"mp-{number}",
        np.diag(random.uniform(3, 9, 3)) + np.triu(np.full((3, 3), 1e-16), 1),
        ("Na", "Cl", *["O"] * (1 + number)),
        coordinates,
        {"spacegroup": group, "structure_key": "k", "prototype": f"A_{group}"} | metadata,
    )


@pytest.fixture
def packed(tmp_path):
    """Pack crystals of these groups; return the program's end, the file and the JSON lines."""

    def pack(crystals, config=CONFIG):
        structures, output = tmp_path / "standardised.jsonl.gz", tmp_path / "cells.npz"
        write_crystals(structures, crystals)
        (tmp_path / "config.yaml").write_text(config)
        options = ("--config", tmp_path / "config.yaml", "--output", output)
        return call("pack_cells", "--structures", structures, *options), output, structures

    return pack


def test_patterns_are_those_of_the_json_lines(packed) -> None:
    crystals = [crystal(number, (225, 62, 1)[number % 3]) for number in range(6)]
    ended, output, structures = packed(crystals)
    assert ended.returncode == 0, ended.stderr

    cells = read_cells(output)
    # Of the classes alone, and by their rows in a dataset of all.
    assert cells.table["row"].tolist() == [0, 1, 3, 4]
    assert cells.table["material_id"].tolist() == ["mp-0", "mp-1", "mp-3", "mp-4"]
    assert cells.table["class"].tolist() == [225, 62, 225, 62]
    assert cells.table["prototype"].tolist() == ["A_225", "A_62", "A_225", "A_62"]
    written = [list(read_crystals(structures))[row] for row in cells.table["row"]]
    read = cells.crystals(range(4))
    assert [one.digest() for one in read] == [one.digest() for one in written]
    (ours,), (theirs,) = (
        simulate_crystals(each, cells.settings.simulate, 0, 1) for each in (read, written)
    )
    assert ours.values.any()
    assert ours.values.tobytes() == theirs.values.tobytes()


def test_the_file_says_what_its_crystals_are_for(packed) -> None:
    _, output, structures = packed([crystal(0, 225), crystal(1, 62)])
    cells = read_cells(output)
    assert cells.settings.simulate.pixels == 64
    assert cells.settings.acquire.path == structures
    assert cells.made_with["settings"]["shape"]["central_window"]
    assert cells.made_with["engine_version"]


def test_the_same_crystals_are_the_same_bytes(packed) -> None:
    crystals = [crystal(0, 225), crystal(1, 62)]
    first = packed(crystals)[1].read_bytes()
    assert packed(crystals)[1].read_bytes() == first


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named(packed, damage: bytes) -> None:
    _, output, _ = packed([crystal(0, 225), crystal(1, 62)])
    output.write_bytes(damage)
    with pytest.raises(UserError, match=r"cells\.npz: no file of cells, or a damaged one; make it"):
        read_cells(output)


@pytest.mark.parametrize(
    ("of_crystal", "config", "line"),
    [
        ({"structure_key": None}, CONFIG, "crystal mp-1 is in no standard cell; give the file"),
        ({"cell_setting": "reduced"}, CONFIG, "mp-1 is in its reduced cell, but"),
        (
            {},
            "split: {label: crystal_system, classes: all}\n",
            "`split.label`: `make gpu`",
        ),
        ({}, "thin: {crystals_per_space_group: paper}\n", "`thin`: `make gpu` does not do this"),
    ],
)
def test_what_a_gpu_cannot_be_given_is_refused(packed, of_crystal, config, line) -> None:
    second = crystal(1, 62, **of_crystal)
    if of_crystal.get("structure_key", "") is None:
        del second.metadata["structure_key"]
    ended, output, _ = packed([crystal(0, 225), second], config)
    assert ended.returncode == 1
    assert not output.exists()
    assert line in ended.stderr.replace("\n", " ")
