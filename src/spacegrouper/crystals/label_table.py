"""A table of labels that a person gives to crystals: CSV with the columns `id` and `label`."""

import csv
import logging
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

# The key of a crystal's metadata, which `split.label` may name.
LABEL = "label"


def read_labels(path: Path) -> dict[str, str]:
    """Return the label of each id in a table.

    Raises:
        UserError: the file cannot be read, has other columns, an id or a label is empty, an id is
            there twice, there are fewer than two labels, or a label is given to one crystal only.
    """
    try:
        # Spreadsheets begin their UTF-8 with a mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [*csv.reader(file, strict=True)] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read as CSV: {error}") from None
    if [name.strip() for name in header] != ["id", LABEL]:
        raise UserError(f"{path}: the first line must be `id,{LABEL}`, not {','.join(header)!r}")
    labels: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        name, label = map(str.strip, row) if len(row) == 2 else ("", "")
        # Letters with marks are written in two ways that look alike.
        label = unicodedata.normalize("NFC", label)
        if not name or not label:
            raise UserError(
                f"{path}: row {number} must be an id and a label, not {','.join(row)!r}"
            )
        if name in labels:
            raise UserError(f"{path}: row {number}: {name} is there twice; leave one of them out")
        labels[name] = label
    counts = Counter(labels.values())
    if len(counts) < 2:
        said = f"only one label, {min(counts)}" if counts else "no labels"
        raise UserError(f"{path}: {said}; two classes of crystals are needed")
    if alone := sorted(label for label, count in counts.items() if count == 1):
        raise UserError(
            f"{path}: one crystal only has the label {alone[0]}; a class needs three to train, "
            "validate and test: mend the label, or leave the crystal out"
        )
    return labels


def check_files(labels: Mapping[str, str], names: Collection[str], path: Path) -> None:
    """Check before reading them that there is a file for each id; `path`: of the table.

    An id is the name of a file, or `name#block`. Raises UserError where there is none.
    """
    _check(
        (name for name in labels if name not in names and name.rpartition("#")[0] not in names),
        path,
    )


def labelled(
    records: Iterable[Crystal | Rejection], labels: Mapping[str, str], path: Path
) -> Iterator[Crystal | Rejection]:
    """Yield records, the crystals with their `label`; `path`: of the table.

    Crystals that the table does not name have none. Raises UserError at the end for ids that no
    record has, and for a label of which fewer than two crystals could be used.
    """
    met: set[str] = set()
    reasons: dict[str, str] = {}
    kept = dict.fromkeys(labels.values(), 0)
    without = 0
    for record in records:
        met.add(record.id)
        label = labels.get(record.id)
        if isinstance(record, Rejection):
            if label is not None:
                reasons.setdefault(label, f"{record.id}: {record.reason}")
            yield record
        elif label is None:
            without += 1
            yield record
        else:
            kept[label] += 1
            yield replace(record, metadata=record.metadata | {LABEL: label})
    _check((name for name in labels if name not in met), path)
    for label, count in kept.items():
        if count < 2:
            raise UserError(
                f"{path}: of the crystals with the label {label} {count or 'none'} can be used; "
                f"the first of the others is rejected: {reasons[label]}"
            )
    if without:
        log.info("%s has no label for %d crystals; they train no class", path, without)


def _check(missing: Iterable[str], path: Path) -> None:
    names = sorted(missing)
    if names:
        raise UserError(
            f"{path}: no crystal has the id {names[0]}"
            f"{f', nor {len(names) - 1} more of its ids' if names[1:] else ''}; an id is the path "
            "of a file in `acquire.path`, or `path#block`"
        )
