"""Crystals cut into blocks, the units of work, of resuming and of writing."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.tables import write_table


@dataclass(frozen=True)
class Block:
    """A row of blocks.csv: block `000012`, of so many crystals, is in the file 000012.jsonl.gz."""

    block: str
    crystals: int


def plan_blocks(crystals: Iterable[Crystal], block_size: int, folder: Path) -> list[Block]:
    """Write crystals, in their order, to one file for each block, and the list blocks.csv.

    Every block but the last has `block_size` crystals. The folder appears whole or not at all.
    """
    blocks: list[Block] = []
    remaining = iter(crystals)
    with written_aside(folder) as aside:
        aside.mkdir()
        # One crystal is taken to see that there are any: at most one block is held in memory.
        for first in remaining:
            name = f"{len(blocks):06d}"
            content = list(chain([first], islice(remaining, block_size - 1)))
            write_crystals(aside / f"{name}.jsonl.gz", content)
            blocks.append(Block(name, len(content)))
        write_table(aside / "blocks.csv", Block, blocks)
    return blocks


def planned_blocks(folder: Path) -> list[str] | None:
    """Return the names of a plan's blocks, or None where the list or a block's file is gone."""
    try:
        with (folder / "blocks.csv").open(encoding="utf-8", newline="") as table:
            names = [row["block"] for row in csv.DictReader(table)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        return None
    return names if all((folder / f"{name}.jsonl.gz").is_file() for name in names) else None
