"""From a table of bitmaps to raw shards: decoded block by block, going on where it was stopped.

    OUTPUT/blocks/000000.h5, .json   raw shards and their manifests

They appear when all rows are read; until then OUTPUT/import.unfinished holds what is done:

    settings.json                    what it is done with; anything else starts anew
    blocks/                          finished raw shards
    read/000000.json                 the last id in the block, and what was rejected on the way
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.dataset.integrity import check_manifest, manifest_path, write_manifest
from spacegrouper.dataset.made_with import find_difference, made_with
from spacegrouper.dataset.raw_shard import RowLabels, write_raw_shard
from spacegrouper.errors import UserError
from spacegrouper.folder_lock import locked
from spacegrouper.settings import Settings
from spacegrouper.techniques.morphology.bitmap_database import (
    BitmapRow,
    BitmapSource,
    TableExtent,
    read_rows,
    repeated_ids,
)
from spacegrouper.techniques.morphology.bitmap_encodings import (
    BitmapEncoding,
    decode_bitmap,
    detect_encoding,
)
from spacegrouper.techniques.morphology.settings import Morphology

log = logging.getLogger(__name__)

_STAGE = "import_bitmaps"
# Values that the encoding is found from, and rows that are searched for them.
_LOOKED_AT, _SEARCHED = 64, 1024
_LONGEST_ID = 255


@dataclass(frozen=True)
class ImportCounts:
    """Rows that became crystals, those that were rejected, and the blocks of the former."""

    crystals: int
    rejected: int
    blocks: int


@dataclass(frozen=True)
class _BlockRead:
    """How far reading came with a block: `last_id` is that of its last crystal."""

    rows: int
    crystals: int
    last_id: int | str | None
    rejected: list[tuple[str, str]]  # id and reason


@dataclass
class _Block:
    """Crystals of a block, as they come."""

    ids: list[int | str] = field(default_factory=list)
    space_groups: list[int] = field(default_factory=list)
    bitmaps: list[NDArray[np.uint8]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    rows: int = 0


def import_bitmaps(
    source: BitmapSource,
    extent: TableExtent,
    settings: Settings,
    output: Path,
    rejected: Path,
    advance: Callable[[int], None],
) -> ImportCounts:
    """Write all bitmaps of a table as raw shards, and what was rejected.

    `extent`: as `measure_table` returns it; `advance` is told of rows done. An interrupted import
    goes on after its last whole block; an earlier one is replaced at the end. Equal tables and
    settings give equal bytes. Raises UserError for a table that changes while it is read, that
    holds no usable row, or whose database does not answer.
    """
    unfinished = output / "import.unfinished"
    with locked(output / ".import.lock"):
        encoding = _begin(unfinished, source, extent, settings)
        done = _finished_blocks(unfinished)
        if done:
            log.info("going on after %d finished blocks", len(done))
            advance(sum(block.rows for block in done))
        repeated = repeated_ids(source)
        advance(extent.without_id + len(repeated))
        last_id = done[-1].last_id if done else None
        reading = _read_blocks(source, extent, set(repeated), last_id, encoding, settings)
        trailing: list[tuple[str, str]] = []
        for block in reading:
            # The rows after the last crystal, which are read again after an interruption.
            if not block.ids:
                trailing = block.rejected
                done.append(_BlockRead(block.rows, 0, None, []))
            else:
                done.append(_write_block(unfinished, len(done), block, settings))
            advance(block.rows)
        _check_all_are_read(unfinished, extent, done, len(repeated))
        crystals = sum(block.crystals for block in done)
        reasons = chain(
            [("", "no id: NULL")] * extent.without_id,
            [(_written(name), "another row has the same id") for name in repeated],
            *(block.rejected for block in done),
            trailing,
        )
        rejections = [Rejection(name, _STAGE, reason) for name, reason in reasons]
        write_rejections(rejected, rejections)
        if not crystals:
            why = f": {rejections[0].reason}" if rejections else ""
            raise UserError(
                f"morphology.table: none of its {extent.rows} rows can be used{why}; see {rejected}"
            )
        with written_aside(output / "blocks") as aside:
            (unfinished / "blocks").rename(aside)
        shutil.rmtree(unfinished)
    return ImportCounts(crystals, len(rejections), sum(block.crystals > 0 for block in done))


def _begin(
    unfinished: Path, source: BitmapSource, extent: TableExtent, settings: Settings
) -> BitmapEncoding:
    """Make the unfinished folder ready; return the encoding that it is filled with."""
    path = unfinished / "settings.json"
    # The address is nobody's business, but another one is another table.
    address = source.engine.url.render_as_string().encode()
    done_with = made_with(settings)
    plan = {
        "made_with": done_with,
        "block_size": settings.plan.shard_rows(extent.rows),
        "database_sha256": hashlib.sha256(address).hexdigest(),
        "table": asdict(extent),
    }
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        encoding = BitmapEncoding(**earlier.pop("encoding"))
        if earlier == plan:
            return encoding
        if difference := find_difference(earlier["made_with"], done_with):
            what = f"{difference.first} has become {difference.second}"
        else:
            what = "the table, or plan.block_size, has changed"
        log.warning("%s: the import starts anew", what)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    encoding = _look_at_bitmaps(source, settings.of(Morphology))
    with written_aside(path) as aside:
        content = plan | {"encoding": asdict(encoding)}
        aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return encoding


def _look_at_bitmaps(source: BitmapSource, settings: Morphology) -> BitmapEncoding:
    rows = islice(read_rows(source, None), _SEARCHED)
    values = list(islice((row.bitmap for row in rows if row.bitmap is not None), _LOOKED_AT))
    encoding = detect_encoding(values, settings)
    how = "as found from" if settings.encoding == "auto" else "as the settings say, and as"
    log.info("bitmaps are %s, %s the first %d", encoding, how, len(values))
    return encoding


def _finished_blocks(unfinished: Path) -> list[_BlockRead]:
    """Return the blocks that are whole, up to the first that is not; the files of others go."""
    done: list[_BlockRead] = []
    while (path := unfinished / "read" / f"{len(done):06d}.json").is_file():
        shard = _shard(unfinished, len(done))
        try:
            if not manifest_path(shard).is_file():
                break
            check_manifest(shard)
        except UserError as error:
            log.warning("%s; it is made anew, and all that come after it", error)
            break
        done.append(_BlockRead(**json.loads(path.read_text(encoding="utf-8"))))
    whole = {f"{number:06d}" for number in range(len(done))}
    for path in chain((unfinished / "blocks").glob("*"), (unfinished / "read").glob("*")):
        # Among them what a killed program was writing.
        if path.stem not in whole:
            path.unlink()
    return done


def _read_blocks(
    source: BitmapSource,
    extent: TableExtent,
    repeated: set[Any],
    after: int | str | None,
    encoding: BitmapEncoding,
    settings: Settings,
) -> Iterator[_Block]:
    """Yield blocks as large as the settings say, and the rows after the last of them."""
    size = settings.plan.shard_rows(extent.rows)
    block = _Block()
    # A text and a number may look alike, and ids are texts from here on.
    kind = None if after is None else type(after)
    resized = False
    for row in read_rows(source, after):
        if row.id in repeated:
            continue
        block.rows += 1
        try:
            name = _checked_id(row.id, kind)
            space_group = _checked_space_group(row.spacegroup)
            bitmaps, edge = _decode(row, source.largest_value, encoding, settings.of(Morphology))
        except ValueError as error:
            block.rejected.append((_written(row.id), str(error)))
            continue
        if edge != settings.of(Morphology).pixels and not resized:
            resized = True
            log.info(
                "bitmap %s has views of %d x %d pixels: such ones are brought to "
                "`morphology.pixels`, %d, by averages over areas",
                _written(name),
                edge,
                edge,
                settings.of(Morphology).pixels,
            )
        kind = type(name)
        block.ids.append(name)
        block.space_groups.append(space_group)
        block.bitmaps.append(bitmaps)
        if len(block.ids) == size:
            yield block
            block = _Block()
    if block.rows:
        yield block


def _checked_id(value: Any, kind: type | None) -> int | str:
    if not isinstance(value, int | str):
        raise ValueError("its id is neither a text nor a whole number")
    if kind is not None and type(value) is not kind:
        raise ValueError("its id is a text where others are numbers, or the other way round")
    if isinstance(value, str):
        if not value.strip() or len(value) > _LONGEST_ID or not value.isprintable():
            raise ValueError(
                f"its id is empty, longer than {_LONGEST_ID} characters, or cannot be printed"
            )
        if value != value.encode(errors="replace").decode():
            raise ValueError("its id is no UTF-8 text")
    return value


def _checked_space_group(value: Any) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"no space group: {'NULL' if value is None else 'empty'}")
    number = value
    if isinstance(value, str) and value.isascii() and value.strip().isdecimal() and len(value) < 9:
        number = int(value)
    if isinstance(number, Decimal):
        number = float(number)
    whole = isinstance(number, int | float) and not isinstance(number, bool)
    if not whole or not 1 <= number <= 230 or number != int(number):
        raise ValueError(f"space group {_written(value)} is not 1 to 230")
    return int(number)


def _decode(
    row: BitmapRow, largest_value: int, encoding: BitmapEncoding, settings: Morphology
) -> tuple[NDArray[np.uint8], int]:
    if row.bitmap is None and row.length is not None:
        raise ValueError(f"a bitmap of {row.length} bytes, more than the {largest_value} allowed")
    return decode_bitmap(row.bitmap, encoding, settings)


def _write_block(unfinished: Path, number: int, block: _Block, settings: Settings) -> _BlockRead:
    shard = _shard(unfinished, number)
    systems = {"crystal_system": crystal_systems(np.array(block.space_groups)).tolist()}
    labels = RowLabels([str(name) for name in block.ids], block.space_groups, systems)
    bitmaps = np.stack(block.bitmaps)
    # A drawing has no intensity.
    no_intensity = np.full(bitmaps.shape[:2], np.nan)
    patterns = Patterns(bitmaps, no_intensity, ("",) * len(block.ids))
    write_raw_shard(shard, labels, [patterns], made_with(settings))
    write_manifest(shard, {"crystals": len(block.ids), "rejected": {}})
    read = _BlockRead(block.rows, len(block.ids), block.ids[-1], block.rejected)
    # Last: where it is, the block is whole.
    with written_aside(unfinished / "read" / f"{number:06d}.json") as aside:
        aside.write_text(json.dumps(asdict(read)) + "\n", encoding="utf-8")
    return read


def _check_all_are_read(
    unfinished: Path, extent: TableExtent, done: list[_BlockRead], repeated: int
) -> None:
    read = sum(block.rows for block in done) + repeated + extent.without_id
    if read != extent.rows:
        shutil.rmtree(unfinished)
        raise UserError(
            f"morphology.table: it had {extent.rows} rows at first, but {read} were read: it was "
            "changed meanwhile; start the import again"
        )


def _shard(unfinished: Path, number: int) -> Path:
    return unfinished / "blocks" / f"{number:06d}.h5"


def _written(value: Any) -> str:
    """Return a value of a row as a short text that can be printed, and nothing as an empty one."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value[:_LONGEST_ID].hex()
    text = str(value)[:_LONGEST_ID]
    return text if text.isprintable() else ascii(text)
