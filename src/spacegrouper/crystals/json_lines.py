"""Crystals as JSON lines, the form in which they pass between the stages (docs/structures.md)."""

import gzip
import hashlib
import io
import json
import logging
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id
from spacegrouper.crystals.records import crystal_from_record, parse_json
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

_LONGEST_LINE = 2**26  # bytes; of a crystal of 100,000 atoms it takes a tenth
_BUFFER = 2**17  # bytes that are packed or unpacked at a time
# How a line begins that was written here, unless its id has to be escaped.
_ID = re.compile(rb'\{"id":"([ !#-\[\]-~]+)"')
# How it ends.
_CELL = re.compile(
    rb',"lattice":\[\[[^"{}]+\]\],"species":\["[^{}]+"\],"frac_coords":\[\[[^"{}]+\]\]\}\n'
)


def read_crystals(path: Path) -> Iterator[Crystal | Rejection]:
    """Read a file of JSON lines, gzipped or plain, in its order; blank lines are passed over.

    A line that describes no crystal becomes a Rejection that names the line.

    Raises:
        UserError: the file is missing, no gzip file in spite of its name, or cut short.
    """
    blank = 0
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            yield parse_line(line, number)
        else:
            blank += 1
    if blank:
        log.info("%s: %d blank lines passed over", path, blank)


def read_lines(path: Path) -> Iterator[bytes]:
    """Read the lines of a file, gzipped or plain, without parsing them.

    Raises:
        UserError: the file is missing, no gzip file in spite of its name, or cut short.
    """
    try:
        with _open(path) as file:
            yield from _lines(file)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(
            f"{path}: the gzip data are damaged or cut short; fetch or make it again"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None


def write_crystals(path: Path, crystals: Iterable[Crystal]) -> None:
    """Write crystals as JSON lines, gzipped where the name ends in `.gz`.

    Reading the file gives back equal arrays; the same crystals always give the same bytes.
    """
    write_lines(path, map(line_of, crystals))


def write_lines(path: Path, lines: Iterable[bytes], level: int = 3) -> None:
    """Write lines, gzipped where the name ends in `.gz`; the same lines give the same bytes.

    Args:
        path: of the file, which appears whole or not at all.
        lines: each with its end.
        level: of gzip; 3 takes 40 % of the time of 6, and 17 % more space.
    """
    with written_aside(path) as aside, aside.open("wb") as file:
        if path.suffix == ".gz":
            # Neither time nor file name in the header: they would change the bytes.
            with (
                gzip.GzipFile("", "wb", compresslevel=level, fileobj=file, mtime=0) as packed,
                io.BufferedWriter(cast(io.RawIOBase, packed), _BUFFER) as buffer,
            ):
                buffer.writelines(lines)
        else:
            file.writelines(lines)


def parse_line(line: bytes, number: int) -> Crystal | Rejection:
    """Return the crystal of a line, or a Rejection that names the line by its number."""
    name = f"line {number}"
    try:
        if len(line) > _LONGEST_LINE:
            raise UserError(f"longer than {_LONGEST_LINE // 2**20} MiB, too long for a crystal")
        record = parse_json(line.decode("utf-8-sig"))
        if not isinstance(record, dict):
            raise UserError(f"expected a JSON object, found {_kind(record)}")
        with suppress(UserError, KeyError):
            name = checked_id(record["id"])
        return crystal_from_record(record)
    except UnicodeDecodeError:
        reason = "not valid JSON: not UTF-8 text"
    except UserError as error:
        reason = str(error)
    return Rejection(name, "acquire", f"line {number}: {reason}")


def id_of(line: bytes, number: int) -> str:
    """Return the id of a line of crystals; one that was written here is not parsed for it.

    Raises:
        UserError: the line is no crystal; the reason names it by its number.
    """
    if found := _ID.match(line):
        return found[1].decode()
    record = parse_line(line, number)
    if isinstance(record, Rejection):
        raise UserError(record.reason)
    return record.id


def lattices_of(path: Path, ids: Collection[str]) -> dict[str, NDArray[np.float64]]:
    """Return the lattices of some crystals of a file, (3, 3), rows a, b, c, Angstrom, by id.

    Only their lines are parsed. Ids that the file does not have are left out.
    """
    found = {}
    for number, line in enumerate(read_lines(path), start=1):
        if id_of(line, number) in ids:
            record = parse_line(line, number)
            if isinstance(record, Crystal):
                found[record.id] = record.lattice
    return found


def digest_of(content: bytes) -> bytes:
    """Return the digest by which lines, and parts of them, are known to be the same."""
    return hashlib.blake2b(content, digest_size=16).digest()


def is_laid_out(line: bytes) -> bool:
    """Tell whether a line of a crystal is as `line_of` would write it, but for its numbers.

    They may have other digits, such as 0 for 0.0.
    """
    cell = line.rfind(b',"lattice":[[')
    return bool(_ID.match(line) and cell > 0 and _CELL.fullmatch(line, cell))


def line_of(crystal: Crystal) -> bytes:
    """Return the line that a crystal is written as: its id first, its cell and atoms last."""
    record = {
        "id": crystal.id,
        **crystal.metadata,
        "lattice": crystal.lattice.tolist(),
        "species": crystal.species,
        "frac_coords": crystal.frac_coords.tolist(),
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _open(path: Path) -> IO[bytes]:
    file = path.open("rb")
    begins_as_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if begins_as_gzip:
        unpacked = cast(io.RawIOBase, gzip.GzipFile(fileobj=file))
        return io.BufferedReader(unpacked, _BUFFER)
    if path.suffix == ".gz":
        file.close()
        raise UserError(f"{path}: is not a gzip file; compress it, or drop `.gz` from its name")
    return file


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long no more than its beginning, which shows that it is."""
    while line := file.readline(_LONGEST_LINE + 1):
        yield line
        while len(line) > _LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE + 1)


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
