import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.crystals import checked_lines as module
from spacegrouper.crystals.checked_lines import checked_lines
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import digest_of, is_laid_out, line_of, parse_line

CELL = {"lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "species": ["Po"], "frac_coords": [[0, 0, 0]]}


def laid_out(name: str, **metadata: object) -> bytes:
    return json.dumps({"id": name, **metadata, **CELL}, separators=(",", ":")).encode() + b"\n"


def as_crystal(line: bytes) -> tuple[object, ...]:
    record = parse_line(line, 1)
    assert isinstance(record, Crystal)
    arrays = record.lattice.tolist(), record.frac_coords.tolist()
    return record.id, record.metadata, record.species, arrays


# As people write lines of one crystal.
WAYS = {
    "as ours": laid_out("a", spacegroup=221),
    "spaces": json.dumps({"id": "a", "spacegroup": 221, **CELL}).encode() + b"\n",
    "no line end": laid_out("a", spacegroup=221)[:-1],
    "id later": json.dumps(
        {"spacegroup": 221, "id": "a", **CELL}, separators=(",", ":")
    ).encode() + b"\n",
    "metadata last": json.dumps(
        {"id": "a", **CELL, "spacegroup": 221}, separators=(",", ":")
    ).encode() + b"\n",
    "another order": json.dumps(
        {"id": "a", "spacegroup": 221, **dict(reversed(CELL.items()))}, separators=(",", ":")
    ).encode() + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_crystal_comes_out_as_a_line_laid_out_as_ours(way: str) -> None:
    (found,) = checked_lines([WAYS[way]], set(), 1)
    assert isinstance(found, tuple)
    name, line = found
    assert name == "a"
    assert is_laid_out(line)
    assert as_crystal(line) == as_crystal(WAYS["as ours"])
    assert (line == WAYS[way]) == (way == "as ours")


@given(
    metadata=st.dictionaries(
        st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists), max_size=3
    ),
    name=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9),
)
def test_what_is_written_here_is_laid_out_as_ours_unless_its_id_is_escaped(metadata, name) -> None:
    keys = {"id", *CELL}
    crystal = Crystal(
        name,
        np.eye(3),
        ("Po", "O"),
        np.zeros((2, 3)),
        {key: value for key, value in metadata.items() if key not in keys},
    )
    line = line_of(crystal)
    assert is_laid_out(line) == (b"\\" not in json.dumps(name).encode())
    ((found, same),) = checked_lines([line], set(), 1)
    assert (found, same) == (name, line)


@pytest.mark.parametrize("processes", [1, 2])
def test_order_numbers_and_rejections_are_those_of_the_file(
    monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(module, "_FEW", 5)
    known = laid_out("known")
    # Nobody looks into a line that is known.
    odd = b'{"id":"odd","nothing":0}\n'
    lines = [laid_out("a"), b" \n", b"{\n", known, odd, *(laid_out(str(n)) for n in range(300))]
    digests = {digest_of(line) for line in (known, odd)}
    found = list(checked_lines(lines, digests, processes))
    assert found[0] == ("a", lines[0])
    assert isinstance(found[1], Rejection)
    assert (found[1].id, found[1].reason[:6]) == ("line 3", "line 3")
    assert found[2:4] == [("known", known), ("odd", odd)]
    assert found[4:] == [(str(n), laid_out(str(n))) for n in range(300)]


@given(content=st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_are_taken_for_a_line_of_ours_but_json(content: bytes) -> None:
    line = laid_out("a")
    for place in (10, len(line) // 2, len(line) - 9):
        changed = line[:place] + content + line[place:]
        (found,) = checked_lines([changed], set(), 1) if changed.strip() else [None]
        if isinstance(found, tuple):
            assert as_crystal(found[1]) == as_crystal(changed)
