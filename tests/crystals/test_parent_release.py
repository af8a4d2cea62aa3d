from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from spacegrouper.crystals import parent_release
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.parent_release import crystals_of_release, standardise_new
from spacegrouper.crystals.releases import Change
from spacegrouper.crystals.standard_cell import standardise_all
from spacegrouper.settings import Standardise

SETTINGS = Standardise()
UNREADABLE = Rejection("line 3", "acquire", "not valid JSON")


def salt(name: str, edge: float = 5.64, **metadata: object) -> Crystal:
    sodium = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    coords = np.concatenate([sodium, (sodium + 0.5) % 1])
    return Crystal(name, edge * np.eye(3), ("Na",) * 4 + ("Cl",) * 4, coords, metadata)


def too_close(name: str) -> Crystal:
    return Crystal(name, np.eye(3), ("H", "H"), np.array([[0, 0, 0], [0, 0, 0.1]]))


def plain(record: Crystal | Rejection) -> object:
    if isinstance(record, Rejection):
        return record
    arrays = record.lattice.tolist(), record.species, record.frac_coords.tolist()
    return record.id, arrays, list(record.metadata.items())


@pytest.fixture
def handed_on(monkeypatch) -> list[str]:
    """The ids of what is really standardised, as it is found out."""
    ids: list[str] = []

    def watched(
        records: Iterable[Crystal | Rejection], settings: Standardise, processes: int
    ) -> Iterator[Crystal | Rejection]:
        def noted() -> Iterator[Crystal | Rejection]:
            for record in records:
                ids.append(record.id)
                yield record

        return standardise_all(noted(), settings, processes)

    monkeypatch.setattr(parent_release, "standardise_all", watched)
    return ids


@pytest.mark.parametrize("setting", ["standard", "reduced"])
def test_only_other_records_are_standardised_and_all_come_out_alike(handed_on, setting) -> None:
    settings = Standardise(setting=setting)
    parent = [salt("a", 5.6, energy=1), too_close("b"), salt("c"), salt("d"), salt("d", 5.7)]
    records = [
        salt("c", spacegroup="not yet"),
        UNREADABLE,
        salt("new"),
        salt("a", 5.6, energy=2),
        too_close("b"),
        salt("d", 5.61),
        salt("twice"),
        salt("twice"),
    ]
    known = list(standardise_all(parent, settings, 1))
    ours = list(standardise_new(records, parent, known, settings, 1))
    assert handed_on == ["line 3", "new", "b", "d", "twice", "twice"]
    assert [plain(r) for r in ours] == [plain(r) for r in standardise_all(records, settings, 1)]
    assert ours[3].metadata["energy"] == 2


def test_a_repeated_id_is_rejected_though_the_parent_has_it(handed_on) -> None:
    parent = [salt("a")]
    known = list(standardise_all(parent, SETTINGS, 1))
    first, second = standardise_new([salt("a"), salt("a")], parent, known, SETTINGS, 1)
    assert isinstance(first, Crystal)
    assert isinstance(second, Rejection)


def test_unchanged_crystals_are_as_in_the_parent_release() -> None:
    (old,) = standardise_all([salt("a", energy=1)], SETTINGS, 1)
    later = standardise_all([salt("a", 5.6401, energy=2), salt("b", 5.7)], SETTINGS, 1)
    nearly, other = later
    assert all(isinstance(record, Crystal) for record in (old, nearly, other))
    changes = [
        Change("a", "unchanged", ""),
        Change("gone", "removed", ""),
        Change("b", "added", ""),
    ]
    first, second = crystals_of_release({"a": old}, [nearly, other], changes)
    assert plain(replace(first, metadata={})) == plain(replace(old, metadata={}))
    assert first.metadata == {**old.metadata, "energy": 2}
    assert second is other
