from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.crystals import parent_release
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import line_of, parse_line, write_crystals, write_lines
from spacegrouper.crystals.parent_release import (
    ParentCells,
    compare_with_parent,
    lines_by_id,
    lines_of_release,
)
from spacegrouper.crystals.releases import Change, compare_releases
from spacegrouper.crystals.standard_cell import standardise_all
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise

SETTINGS = Standardise()


def salt(name: str, edge: float = 5.64, **metadata: object) -> Crystal:
    sodium = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    coords = np.concatenate([sodium, (sodium + 0.5) % 1])
    return Crystal(name, edge * np.eye(3), ("Na",) * 4 + ("Cl",) * 4, coords, metadata)


def too_close(name: str) -> Crystal:
    return Crystal(name, np.eye(3), ("H", "H"), np.array([[0, 0, 0], [0, 0, 0.1]]))


def standard(crystals: Iterable[Crystal], how: Standardise = SETTINGS) -> list[Crystal]:
    return [each for each in standardise_all(crystals, how, 1) if isinstance(each, Crystal)]


def cells_of(folder: Path, parent: list[Crystal], how: Standardise = SETTINGS) -> ParentCells:
    acquired, standardised = folder / "acquired.jsonl.gz", folder / "standardised.jsonl.gz"
    write_crystals(acquired, parent)
    write_crystals(standardised, standard(parent, how))
    return ParentCells(acquired, standardised, how)


@pytest.mark.parametrize("setting", ["standard", "reduced"])
def test_known_cells_are_those_that_standardising_makes(tmp_path: Path, setting: str) -> None:
    how = Standardise(setting=setting)
    parent = [salt("a", 5.6, energy=1), too_close("b"), salt("c"), salt("d"), salt("d", 5.7)]
    cells = cells_of(tmp_path, parent, how)
    release = [
        salt("c", spacegroup="not yet"),
        salt("new"),
        salt("a", 5.6, energy=2, note='an escaped ,"lattice":[['),
        salt("a", 5.6, energy=1),
        too_close("b"),
        salt("d"),
        salt("d", 5.7),
        replace(salt("c"), species=("K",) * 4 + ("Cl",) * 4),
    ]
    found = [cells.cell_of(crystal.id, line_of(crystal)) for crystal in release]
    known = [0, 2, 3, 5]
    assert [place for place, line in enumerate(found) if line] == known
    for place in known:
        (right,) = standard([release[place]], how)
        assert found[place] == line_of(right)


def test_lines_of_other_programs_are_known_where_they_are_the_same(tmp_path: Path) -> None:
    line = line_of(salt("a")).replace(b',"lattice"', b', "lattice"')
    write_lines(tmp_path / "acquired.jsonl", [line])
    write_crystals(tmp_path / "standardised.jsonl", standard([salt("a")]))
    cells = ParentCells(tmp_path / "acquired.jsonl", tmp_path / "standardised.jsonl", SETTINGS)
    assert cells.cell_of("a", line) == line_of(*standard([salt("a")]))
    assert cells.cell_of("a", line_of(salt("a"))) is None
    assert cells.cell_of("a", line.replace(b"5.64", b"5.65")) is None


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    write_lines(tmp_path / "x.jsonl", [b"{}\n"])
    with pytest.raises(UserError, match=r"x\.jsonl: line 1: key `id` is missing"):
        lines_by_id(tmp_path / "x.jsonl")
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read: No such file"):
        lines_by_id(tmp_path / "none.jsonl")


# What may become of a crystal from one release to the next.
CHANGES = {
    "same": lambda crystal: crystal,
    "said otherwise": lambda crystal: replace(crystal, metadata={"energy": 2}),
    "nearly": lambda crystal: replace(crystal, lattice=1.0001 * crystal.lattice),
    "strained": lambda crystal: replace(crystal, lattice=1.01 * crystal.lattice),
    "gone": lambda crystal: None,
}


@given(
    changes=st.lists(st.sampled_from(sorted(CHANGES)), max_size=6),
    added=st.integers(0, 2),
    order=st.randoms(use_true_random=False),
    labels=st.sampled_from([(), ("energy",)]),
)
@settings(max_examples=8, deadline=None)
def test_bytes_tell_what_crystals_tell(changes: list[str], added: int, order, labels) -> None:
    """The comparison of lines is that of the crystals in them."""
    parent = [salt(str(n), 5.6 + 0.01 * n, energy=1) for n in range(len(changes))]
    later = [CHANGES[change](each) for change, each in zip(changes, parent, strict=True)]
    release = [each for each in later if each] + [salt(f"new {n}") for n in range(added)]
    order.shuffle(release)
    before, after = standard(parent), standard(release)
    lines = [{each.id: line_of(each) for each in side} for side in (before, after)]
    heeded = SETTINGS.model_copy(update={"labels": labels})
    found = list(compare_with_parent(*lines, heeded, 1))
    assert found == list(compare_releases(before, after, heeded, 1))


def test_only_what_differs_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def watched(line: bytes, number: int) -> Crystal | Rejection:
        record = parse_line(line, number)
        parsed.append(record.id)
        return record

    monkeypatch.setattr(parent_release, "parse_line", watched)
    before = standard([salt("same"), salt("said", energy=1), salt("strained"), salt("gone")])
    after = standard([salt("same"), salt("said", energy=2), salt("strained", 5.7), salt("new")])
    lines = [{each.id: line_of(each) for each in side} for side in (before, after)]
    changes = list(compare_with_parent(*lines, SETTINGS, 1))
    list(lines_of_release(*lines, changes))
    assert sorted(parsed) == ["gone", "new", "strained", "strained"]


def test_unchanged_crystals_are_as_in_the_parent_release() -> None:
    (old,) = standard([salt("a", energy=1)])
    nearly, other, said = standard(
        [salt("a", 5.6401, energy=2), salt("b", 5.7), salt("c", energy=2)]
    )
    (before,) = standard([salt("c", energy=1)])
    parent = {"a": line_of(old), "gone": b"", "c": line_of(before)}
    release = {each.id: line_of(each) for each in (nearly, other, said)}
    changes = [
        Change("a", "unchanged", ""),
        Change("gone", "removed", ""),
        Change("b", "added", ""),
        Change("c", "unchanged", ""),
    ]
    lines = dict(lines_of_release(parent, release, changes))
    assert list(lines) == ["a", "b", "c"]
    kept = replace(old, metadata={**old.metadata, "energy": 2})
    assert lines["a"] == line_of(kept)
    assert lines["b"] == line_of(other)
    assert lines["c"] == line_of(said)
