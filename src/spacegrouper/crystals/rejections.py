"""The list of rejected records: a CSV file with the columns id, stage and reason."""

import csv
from collections.abc import Iterable
from pathlib import Path

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.tables import write_table
from spacegrouper.errors import UserError

_HEADER = ["id", "stage", "reason"]


def write_rejections(path: Path, rejections: Iterable[Rejection]) -> None:
    """Write the rejections in the given order."""
    write_table(path, Rejection, rejections)


def read_rejections(path: Path) -> list[Rejection]:
    """Read what `write_rejections` wrote.

    Raises:
        UserError: it is another file, or cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        if header != _HEADER:
            raise ValueError
        return [Rejection(*row) for row in rows]
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    except (ValueError, TypeError, csv.Error):
        raise UserError(
            f"{path}: not a list of rejections: expected three columns, {','.join(_HEADER)}"
        ) from None
