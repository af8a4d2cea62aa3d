import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals import json_lines
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import lattices_of, read_crystals, write_crystals
from spacegrouper.errors import UserError

GOOD = {
    "id": "a",
    "lattice": [[3, 0, 0], [0, 3.0, 0], [0, 0, 3]],
    "species": ["Na", "Cl"],
    "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
}


def test_records_come_back_equal_with_their_metadata(tmp_path):
    random = np.random.default_rng(0)
    written = Crystal(
        "x", random.normal(size=(3, 3)), ("Fe", "O"), random.random((2, 3)), {"formula": "FeO"}
    )
    for name in ("plain.jsonl", "packed.jsonl.gz"):
        write_crystals(tmp_path / name, [written])
        (read,) = read_crystals(tmp_path / name)
        assert isinstance(read, Crystal)
        np.testing.assert_array_equal(read.lattice, written.lattice)
        np.testing.assert_array_equal(read.frac_coords, written.frac_coords)
        assert (read.id, read.species, read.metadata) == ("x", ("Fe", "O"), {"formula": "FeO"})


def test_lattices_are_those_of_the_crystals_that_are_asked_for(tmp_path):
    lines = [GOOD | {"id": name, "lattice": (size * np.eye(3)).tolist()}
             for size, name in enumerate(("a", "b", "c"), start=3)]  # fmt: skip
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = lattices_of(tmp_path / "x.jsonl", {"b", "none"})
    assert set(found) == {"b"}
    np.testing.assert_array_equal(found["b"], 4 * np.eye(3))


def test_same_crystals_give_same_bytes_whatever_the_name(tmp_path):
    crystal = Crystal("x", np.eye(3), ("Fe",), np.zeros((1, 3)))
    write_crystals(tmp_path / "one.jsonl.gz", [crystal])
    write_crystals(tmp_path / "two.jsonl.gz", [crystal])
    one, two = ((tmp_path / f"{name}.jsonl.gz").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one[4:8] == bytes(4)  # the time in a gzip header


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not valid JSON"),
        ("[1, 2]", "expected a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "lattice"}), "`lattice`"),
        (json.dumps({**GOOD, "lattice": [[1, 0, 0], [0, 1, 0]]}), "`lattice` must be 3 rows"),
        (json.dumps({**GOOD, "lattice": [[1, 0, 0], [0, 1], [0, 0, 1]]}), "`lattice` must be"),
        (json.dumps({**GOOD, "lattice": [5.64, 5.64, 5.64, 90, 90, 90]}), "its shape is (6,)"),
        (json.dumps({**GOOD, "lattice": 5.64}), "its shape is ()"),
        (json.dumps({**GOOD, "lattice": [["1", 0, 0], [0, 1, 0], [0, 0, 1]]}), "`lattice` must be"),
        (json.dumps({**GOOD, "lattice": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]}), "no volume"),
        (json.dumps({**GOOD, "lattice": np.zeros((3, 3)).tolist()}), "no volume"),
        (json.dumps({**GOOD, "lattice": (np.eye(3) * np.nan).tolist()}), "not finite"),
        (json.dumps({**GOOD, "frac_coords": [[0, 0, 0], [0, 0, float("inf")]]}), "not finite"),
        (json.dumps({**GOOD, "frac_coords": [[0, 0, 0], [0, 0, 1e300]]}), "beyond 1e+06"),
        (json.dumps({**GOOD, "frac_coords": [[0, 0, 0]]}), "`frac_coords` must be 2 rows"),
        (json.dumps({**GOOD, "species": [], "frac_coords": []}), "no atoms"),
        (json.dumps({**GOOD, "species": "NaCl"}), "no atoms"),
        (json.dumps({**GOOD, "species": ["Na", {"Cl": 0.5, "Br": 0.5}]}), "partial occupancy"),
        (json.dumps({**GOOD, "species": ["Na", 17]}), "no element symbol"),
        (json.dumps({**GOOD, "id": None}), "`id` must be"),
        (json.dumps({**GOOD, "id": 1.5}), "`id` must be"),
        (json.dumps({**GOOD, "id": True}), "`id` must be"),
        (json.dumps({**GOOD, "id": " "}), "`id` is empty"),
        (json.dumps({**GOOD, "id": "x" * 256}), "`id` has 256 characters, more than 255"),
        (json.dumps({**GOOD, "id": "a\0b"}), r"`id` 'a\x00b' has characters"),
        (json.dumps({**GOOD, "id": "a\nb"}), r"`id` 'a\nb' has characters"),
        (json.dumps({**GOOD, "id": "\ud800"}), r"`id` '\ud800' has characters"),
        (json.dumps({**GOOD, "lattice": [[True, 0, 0], [0, 3, 0], [0, 0, 3]]}), "3 numbers"),
        (json.dumps(GOOD)[:-1] + ', "id": "b"}', "key `id` is there twice"),
        (json.dumps(GOOD)[:-1] + ', "more": {"a": 1, "a": 2}}', "key `a` is there twice"),
        (json.dumps(GOOD)[:-1] + ', "n": ' + "9" * 5000 + "}", "a whole number of 5000 digits"),
        ('{"id": 1e999, "x": nul}', "not valid JSON from column 20 on"),
    ],
)
def test_a_bad_line_is_rejected_with_its_number_and_the_next_is_read(tmp_path, line, reason):
    path = tmp_path / "x.jsonl"
    path.write_text(f"\n{line}\n{json.dumps(GOOD)}\n")
    bad, good = read_crystals(path)
    assert isinstance(bad, Rejection)
    assert bad.reason.startswith("line 2: ")
    assert reason in bad.reason
    assert isinstance(good, Crystal)


def test_a_line_without_an_end_is_not_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "_LONGEST_LINE", 2**10)
    path = tmp_path / "x.jsonl.gz"
    long = json.dumps({**GOOD, "more": "x" * 2**12})
    path.write_bytes(gzip.compress(f"{long}\n{json.dumps(GOOD)}\n\n{long}".encode()))
    first, good, last = read_crystals(path)
    assert first.reason.startswith("line 1: longer than")
    assert good.id == "a"
    assert last.reason.startswith("line 4: longer than")


def test_blank_lines_are_counted(tmp_path, caplog):
    caplog.set_level("INFO", logger="spacegrouper")
    (tmp_path / "x.jsonl").write_text(f"\n{json.dumps(GOOD)}\n \n")
    assert len(list(read_crystals(tmp_path / "x.jsonl"))) == 1
    assert "2 blank lines passed over" in caplog.text


def test_bytes_that_are_no_text_are_rejected(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\xff\xfe\x00\x80\n")
    (bad,) = read_crystals(path)
    assert isinstance(bad, Rejection)
    assert bad.id == "line 1"


@given(st.binary(max_size=60).filter(lambda content: not content.startswith(b"\x1f\x8b")))
def test_no_content_of_a_line_raises(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    path.write_bytes(content)
    assert all(isinstance(record, Rejection) for record in read_crystals(path))


def test_a_gzip_file_without_the_suffix_is_read(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    (crystal,) = read_crystals(path)
    assert crystal.id == "a"


def test_damaged_files_are_user_errors_that_name_the_file(tmp_path):
    whole = gzip.compress(
        b"\n".join(json.dumps({**GOOD, "id": str(n)}).encode() for n in range(99))
    )
    contents = {
        "missing.jsonl.gz": None,
        "cut.jsonl.gz": whole[: len(whole) // 2],
        "changed.jsonl.gz": whole[:60] + bytes([whole[60] ^ 0xFF]) + whole[61:],
        "plain.jsonl.gz": json.dumps(GOOD).encode(),
        "empty.jsonl.gz": b"",
    }
    for name, content in contents.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=name):
            list(read_crystals(tmp_path / name))
