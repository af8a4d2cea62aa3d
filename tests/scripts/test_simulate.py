"""What `simulate.py` makes of records that are not as they should be."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import h5py
import pytest

from spacegrouper.errors import UserError

SCRIPTS = Path(__file__).parents[2] / "scripts"
SALT = {
    "lattice": [[4, 0, 0], [0, 4, 0], [0, 0, 4]],
    "species": ["Cs", "Cl"],
    "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    spec = importlib.util.spec_from_file_location("simulate", SCRIPTS / "simulate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def simulate(program: ModuleType, folder: Path, *records: dict[str, object]) -> dict[str, object]:
    (folder / "c.yaml").write_text("simulate: {pixels: 16, pixel_size: 6.4e-4}\n")
    (folder / "x.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    program.main(folder / "x.jsonl", folder / "c.yaml", folder / "x.h5", threads=1)
    return dict(json.loads((folder / "x.json").read_text()))


@pytest.mark.parametrize(
    "name", ["a\0b", "\ud800", "a\nb", "", " ", "x" * 300, True, 1.5, None, ["a"]]
)
def test_an_id_that_no_file_can_hold_is_rejected(program, tmp_path, name) -> None:
    manifest = simulate(program, tmp_path, {"id": "salt", **SALT}, {"id": name, **SALT})
    assert manifest["crystals"] == 1
    assert list(manifest["rejected"]) == ["line 2"]
    assert "`id` " in manifest["rejected"]["line 2"]


@pytest.mark.parametrize("name", ["a/b", " a", "ü", "../x", 7])
def test_an_unusual_id_is_kept(program, tmp_path, name) -> None:
    simulate(program, tmp_path, {"id": name, **SALT})
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["entry/material_id"].asstr()[...].tolist() == [str(name)]


@pytest.mark.parametrize("group", ["Fm-3m", -1, 231, 1e9, float("nan"), True, [225], 2.5])
def test_a_space_group_that_is_none_is_rejected(program, tmp_path, group) -> None:
    odd = {"id": "odd", "spacegroup": group, **SALT}
    manifest = simulate(program, tmp_path, {"id": "salt", "spacegroup": 221, **SALT}, odd)
    assert list(manifest["rejected"]) == ["odd"]
    assert "`spacegroup` must be a space-group number" in manifest["rejected"]["odd"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", 5, ["a"], {"a": 1}, None])
def test_no_text_of_a_label_ends_the_program(program, tmp_path, text) -> None:
    simulate(program, tmp_path, {"id": "salt", "prototype": text, "structure_key": text, **SALT})


def test_two_crystals_of_one_id_are_refused_before_the_work(program, tmp_path) -> None:
    with pytest.raises(UserError, match=r"x\.jsonl: 2 crystals have the id salt"):
        simulate(program, tmp_path, {"id": "salt", **SALT}, {"id": "salt", **SALT})
    assert not (tmp_path / "x.h5").exists()


def test_a_crystal_in_the_cell_of_another_setting_is_refused(program, tmp_path) -> None:
    labels = {"spacegroup": 221, "structure_key": "2-0", "cell_setting": "reduced"}
    with pytest.raises(UserError, match=r"salt is in its reduced cell, but .*setting: standard"):
        simulate(program, tmp_path, {"id": "salt", **labels, **SALT})
