"""What a release takes over from its parent: standard cells that are known, unchanged crystals."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.releases import Change, inherited
from spacegrouper.crystals.standard_cell import LABELS, standardise_all, with_labels
from spacegrouper.settings import Standardise


def standardise_new(
    records: Sequence[Crystal | Rejection],
    parent_records: Iterable[Crystal | Rejection],
    parent_standardised: Iterable[Crystal | Rejection],
    settings: Standardise,
    processes: int,
) -> Iterator[Crystal | Rejection]:
    """Standardise as `standardise_all` does, but only what the parent has not in the same words.

    A record with the id, lattice, species and coordinates of one of the parent's gets its standard
    cell, which is just what it would be made into.

    Args:
        records: of the release.
        parent_records: of its parent.
        parent_standardised: what was made of them, with the same settings.
        settings: how to standardise.
        processes: how many at a time.
    """
    known = _known_cells(parent_records, parent_standardised)
    times = Counter(record.id for record in records)

    def cell_of(record: Crystal | Rejection) -> Crystal | None:
        # Of several records with one id, all but one are to be rejected.
        if isinstance(record, Rejection) or times[record.id] > 1:
            return None
        return known.get((record.id, record.digest()))

    cells = [cell_of(record) for record in records]
    new = (record for record, cell in zip(records, cells, strict=True) if cell is None)
    standardised = standardise_all(new, settings, processes)
    for record, cell in zip(records, cells, strict=True):
        if isinstance(record, Crystal) and cell is not None:
            labels = {name: cell.metadata[name] for name in LABELS}
            metadata = with_labels(record.metadata, labels, settings)
            yield replace(cell, metadata=metadata)
        else:
            yield next(standardised)


def crystals_of_release(
    parent: Mapping[str, Crystal], standardised: Iterable[Crystal], changes: Iterable[Change]
) -> Iterator[Crystal]:
    """Yield the crystals of a release, the unchanged ones as the parent release has them.

    They keep the coordinates, labels and structure key that their patterns were made with; small
    differences, below the tolerances of `compare_releases`, thus do not add up over many releases.

    Args:
        parent: the crystals of the parent release by id.
        standardised: those of the release.
        changes: between the two, as `compare_releases` finds them.
    """
    unchanged = {change.id for change in changes if change.change == "unchanged"}
    for crystal in standardised:
        yield inherited(parent[crystal.id], crystal) if crystal.id in unchanged else crystal


def _known_cells(
    records: Iterable[Crystal | Rejection], standardised: Iterable[Crystal | Rejection]
) -> dict[tuple[str, bytes], Crystal]:
    """Return standardised crystals by their id and the digest of what they were made from."""
    digests: dict[str, bytes] = {}
    for record in records:
        if isinstance(record, Crystal):
            digests.setdefault(record.id, record.digest())
    return {
        (crystal.id, digests[crystal.id]): crystal
        for crystal in standardised
        if isinstance(crystal, Crystal) and crystal.id in digests
    }
