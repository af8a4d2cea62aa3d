"""Crystals cut into blocks, the units of work, of resuming and of writing."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, compress, islice
from pathlib import Path

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.json_lines import id_of, read_lines, write_lines
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.crystals.tables import write_table
from spacegrouper.errors import UserError

# Of a plan, besides its blocks: their list, repeated ids, and cells that a parent's run has found.
LIST, REJECTED, AS_BEFORE = "blocks.csv", "rejected.csv", "as_before.jsonl.gz"

_STAGE = "plan"
_LEVEL = 1  # of gzip: a block is written in order to be read once


@dataclass(frozen=True)
class Block:
    """A row of blocks.csv: block `000012`, of so many crystals, is in the file 000012.jsonl.gz."""

    block: str
    crystals: int


@dataclass(frozen=True)
class Plan:
    """What became of the lines of a file: blocks, repeated ids, and how many are as before."""

    blocks: list[Block]
    rejections: list[Rejection]
    as_before: int


def plan_blocks(
    structures: Path,
    block_size: Callable[[int], int],
    folder: Path,
    cell_of: Callable[[str, bytes], bytes | None] | None = None,
    advance: Callable[[int], None] = lambda crystals: None,
) -> Plan:
    """Cut a file of crystals, as lines, into files of a block each; no crystal is parsed.

    A crystal whose id an earlier one has is rejected. The file is read twice, and at most one block
    is held in memory. The folder appears whole or not at all.

    Args:
        structures: the file, JSON lines.
        block_size: how many crystals there are to how many each block but the last has.
        folder: that gets a file for each block, blocks.csv and rejected.csv.
        cell_of: the id and the line of a crystal to its standardised line, where a parent's run has
            made that; these lines go to as_before.jsonl.gz, and to no block.
        advance: called with the crystals that were looked at.

    Raises:
        UserError: the file cannot be read, or a line has no id.
    """
    ids: set[str] = set()
    is_new = bytearray()
    rejections: list[Rejection] = []
    as_before = 0

    def known_lines() -> Iterator[bytes]:
        nonlocal as_before
        for number, line in enumerate(read_lines(structures), start=1):
            is_new.append(False)
            if not line.strip():
                continue
            name = _id_in(structures, line, number)
            advance(1)
            if name in ids:
                reason = f"an earlier crystal has the same id, {name}"
                rejections.append(Rejection(name, _STAGE, reason))
                continue
            ids.add(name)
            if cell_of and (cell := cell_of(name, line)):
                as_before += 1
                yield cell
            else:
                is_new[-1] = True

    with written_aside(folder) as aside:
        aside.mkdir()
        write_lines(aside / AS_BEFORE, known_lines(), _LEVEL)
        lines = compress(read_lines(structures), is_new)
        blocks = list(_written(lines, block_size(sum(is_new)), aside))
        write_table(aside / LIST, Block, blocks)
        write_rejections(aside / REJECTED, rejections)
    return Plan(blocks, rejections, as_before)


def _id_in(structures: Path, line: bytes, number: int) -> str:
    try:
        return id_of(line, number)
    except UserError as error:
        raise UserError(f"{structures}: {error}; plan takes products of acquire or later") from None


def _written(lines: Iterable[bytes], block_size: int, folder: Path) -> Iterator[Block]:
    remaining = iter(lines)
    # One line is taken to see that there are any.
    for number, first in enumerate(remaining):
        name = f"{number:06d}"
        content = list(chain([first], islice(remaining, block_size - 1)))
        write_lines(folder / f"{name}.jsonl.gz", content, _LEVEL)
        yield Block(name, len(content))


def planned_blocks(folder: Path) -> list[Block] | None:
    """Return a plan's blocks, or None where one of its files is gone."""
    try:
        with (folder / LIST).open(encoding="utf-8", newline="") as table:
            rows = csv.DictReader(table)
            blocks = [Block(row["block"], int(row["crystals"])) for row in rows]
    except (OSError, KeyError, TypeError, ValueError, csv.Error):
        return None
    files = (REJECTED, AS_BEFORE, *(f"{block.block}.jsonl.gz" for block in blocks))
    return blocks if all((folder / file).is_file() for file in files) else None
