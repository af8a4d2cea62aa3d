"""Crystals cut into blocks, the units of work, of resuming and of writing."""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from itertools import chain, islice
from pathlib import Path

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals


@dataclass(frozen=True)
class Block:
    """A row of blocks.csv; block `000012` is in the file 000012.jsonl.gz.

    first_row: how many crystals the blocks before it hold; sha256: of its file.
    """

    block: str
    first_row: int
    crystals: int
    sha256: str


def plan_blocks(crystals: Iterable[Crystal], block_size: int, folder: Path) -> list[Block]:
    """Write crystals, in their order, to one file for each block, and the list blocks.csv.

    Every block but the last has `block_size` crystals. The folder appears whole or not at all.
    """
    blocks: list[Block] = []
    first_row = 0
    remaining = iter(crystals)
    with written_aside(folder) as aside:
        aside.mkdir()
        # One crystal is taken to see that there are any: at most one block is held in memory.
        for first in remaining:
            name = f"{len(blocks):06d}"
            content = list(chain([first], islice(remaining, block_size - 1)))
            file = aside / f"{name}.jsonl.gz"
            write_crystals(file, content)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            blocks.append(Block(name, first_row, len(content), digest))
            first_row += len(content)
        with (aside / "blocks.csv").open("w", encoding="utf-8", newline="") as table:
            writer = csv.writer(table, lineterminator="\n")
            writer.writerow(field.name for field in fields(Block))
            writer.writerows(map(astuple, blocks))
    return blocks


def planned_blocks(folder: Path) -> list[str] | None:
    """Return the names of a plan's blocks, or None where the list or a block's file is gone."""
    try:
        with (folder / "blocks.csv").open(encoding="utf-8", newline="") as table:
            names = [row["block"] for row in csv.DictReader(table)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        return None
    return names if all((folder / f"{name}.jsonl.gz").is_file() for name in names) else None
