"""The structures behind the rows of a dataset."""

from collections.abc import Sequence
from pathlib import Path

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.errors import UserError


def read_structures(path: Path, names: Sequence[str]) -> list[Crystal]:
    """Return the crystals of these ids, in the order of the ids, from a file of JSON lines.

    Raises UserError for an id that the file has no crystal of.
    """
    wanted = set(names)
    found = {
        record.id: record
        for record in read_crystals(path)
        if isinstance(record, Crystal) and record.id in wanted
    }
    for name in names:
        if name not in found:
            raise UserError(
                f"{path}: no crystal {name}, which the dataset has; give the "
                "structures/standardised.jsonl.gz of the run that made the dataset"
            )
    return [found[name] for name in names]
