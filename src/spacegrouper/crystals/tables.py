"""Tables of dataclasses as CSV files."""

import csv
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import printable


def write_table(path: Path, kind: type[Any], rows: Iterable[Any]) -> None:
    """Write a row for each dataclass of a kind, whose fields are the columns.

    Characters that cannot be printed are escaped.
    """
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [field.name for field in fields(kind)]
        writer.writerow(names)
        writer.writerows([printable(str(getattr(row, name))) for name in names] for row in rows)
