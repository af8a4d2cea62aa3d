import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structure_files import DISORDERED, MAGNESIUM, ROCK_SALT

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.structure_json import read_json

RECORD = {
    "id": "iron",
    "lattice": [[2.87, 0, 0], [0, 2.87, 0], [0, 0, 2.87]],
    "species": ["Fe", "Fe"],
    "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
}


def read_one(text: str) -> Crystal:
    (crystal,) = read_json(text, "a.json")
    assert isinstance(crystal, Crystal)
    return crystal


def reason_against(document: Any) -> str:
    (record,) = read_json(json.dumps(document), "a.json")
    assert isinstance(record, Rejection)
    assert record.id == "a.json"
    return record.reason


def rock_salt(**changes: Any) -> dict[str, Any]:
    return json.loads(ROCK_SALT.to_json()) | changes


@pytest.mark.parametrize("structure", [ROCK_SALT, MAGNESIUM])
def test_structures_of_pymatgen_are_read_as_it_reads_them(structure: Any) -> None:
    oxidised = structure.copy()
    oxidised.add_oxidation_state_by_guess()
    for given in (structure, oxidised):
        crystal = read_one(given.to_json())
        assert crystal.id == "a.json"
        assert (crystal.lattice == structure.lattice.matrix).all()
        assert crystal.species == tuple(site.specie.symbol for site in structure)
        assert (crystal.frac_coords == structure.frac_coords).all()


def test_cartesian_coordinates_alone_are_enough() -> None:
    document = rock_salt()
    for site in document["sites"]:
        del site["abc"]
    assert read_one(json.dumps(document)).frac_coords == pytest.approx(ROCK_SALT.frac_coords)


@pytest.mark.parametrize(
    "code",
    [
        {"@module": "proof", "@class": "Proof"},
        {"@module": "proof", "@callable": "run", "@bound": None},
        {"@module": "builtins", "@class": "exec"},
    ],
)
def test_classes_that_a_file_names_are_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: dict[str, Any]
) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "proof.py").write_text(
        f"open({str(mark)!r}, 'w')\nclass Proof:\n    from_dict = print\nrun = print\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    documents = [
        code,
        rock_salt(properties={"x": code}),
        rock_salt(**code),
        [code],
        RECORD | {"extra": code},
    ]
    for document in documents:
        read_json(json.dumps(document), "a.json")
    assert not mark.exists()


def test_records_of_our_own_are_crystals_one_by_one() -> None:
    (crystal,) = read_json(json.dumps(RECORD), "a.json")
    assert crystal.id == "a.json"
    second = json.dumps(RECORD | {"id": "other", "species": ["Fe"]})
    records = read_json("\n".join([json.dumps(RECORD), "", second, "{", json.dumps(RECORD)]), "a")
    assert [record.id for record in records] == ["a#iron", "a#other", "a#3", "a#iron"]
    assert [type(record) for record in records] == [Crystal, Rejection, Rejection, Crystal]
    assert np.array(records[0].frac_coords).tolist() == RECORD["frac_coords"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "expected pymatgen's Structure"),
        (7, "expected pymatgen's Structure"),
        (rock_salt(**{"@class": "Molecule"}), "a molecule"),
        (rock_salt(**{"@class": "ComputedEntry"}), "found `@class` ComputedEntry"),
        (rock_salt(sites=[]), "no atoms"),
        (rock_salt(sites=[7]), "site 1: expected an object"),
        (rock_salt(sites=[{"species": [{"element": "Na"}]}]), "site 1: no coordinates"),
        (rock_salt(sites=[{"abc": [0, 0, 0]}]), "site 1: `species`"),
        (
            rock_salt(sites=[{"species": [{"element": "Na"}], "abc": ["0", "0", "0"]}]),
            "site 1: `abc` must be three numbers",
        ),
        (
            rock_salt(sites=[{"species": [{"element": "Na"}], "abc": [0, 0, float("nan")]}]),
            "site 1: `abc` is not finite",
        ),
        (
            rock_salt(sites=[{"species": [{"element": "Na"}], "abc": [0, 0, 0], "xyz": [1, 0, 0]}]),
            "site 1: `abc` and `xyz` are different places",
        ),
        (json.loads(DISORDERED.to_json()), "partial occupancy: site 1 holds Fe 0.5, Ni 0.5"),
        (rock_salt(lattice={"matrix": [[1, 0, 0]] * 3}), "spans no volume"),
        (rock_salt(lattice={"matrix": RECORD["lattice"], "a": 3.1}), "`lattice.a` is 3.1, but"),
        (
            rock_salt(lattice={"matrix": RECORD["lattice"], "pbc": [True, True, False]}),
            "not periodic in three directions",
        ),
        (rock_salt(lattice=[1]), "`lattice` must be an object"),
    ],
)
def test_what_is_no_crystal_is_refused_with_the_key(document: Any, reason: str) -> None:
    assert reason in reason_against(document)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not valid JSON from column 2 on"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}", "a whole number of 5000 digits"),
        ('{"a": 1, "a": 2}', "key `a` is there twice"),
        ("[]", "no atoms"),
    ],
)
def test_what_is_no_json_is_refused_in_our_words(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        read_json(text, "a.json")
