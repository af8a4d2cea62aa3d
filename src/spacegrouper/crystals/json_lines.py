"""Crystals as JSON lines, the form in which they pass between the stages (docs/structures.md)."""

import gzip
import json
import logging
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id, printable
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

_LONGEST_LINE = 2**26  # bytes; of a crystal of 100,000 atoms it takes a tenth
_MOST_DIGITS = 300  # as many as a float can have
# Of a cell vector in Angstrom or a coordinate; beyond, too few digits are left for a position.
_LARGEST_NUMBER = 1e6
_KEYS = ("id", "lattice", "species", "frac_coords")


def read_crystals(path: Path) -> Iterator[Crystal | Rejection]:
    """Read a file of JSON lines, gzipped or plain, in its order; blank lines are passed over.

    A line that describes no crystal becomes a Rejection that names the line.
    Raises UserError for a file that is missing, no gzip file in spite of its name, or cut short.
    """
    blank = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(_lines(file), start=1):
                if line.strip():
                    yield _parse(line, number)
                else:
                    blank += 1
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(
            f"{path}: the gzip data are damaged or cut short; fetch or make it again"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    if blank:
        log.info("%s: %d blank lines passed over", path, blank)


def write_crystals(path: Path, crystals: Iterable[Crystal]) -> None:
    """Write crystals as JSON lines, gzipped where the name ends in `.gz`.

    Reading the file gives back equal arrays; the same crystals always give the same bytes.
    """
    with written_aside(path) as aside, aside.open("wb") as file:
        if path.suffix == ".gz":
            # Neither time nor file name in the header: they would change the bytes.
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                packed.writelines(map(_line, crystals))
        else:
            file.writelines(map(_line, crystals))


def _open(path: Path) -> IO[bytes]:
    file = path.open("rb")
    begins_as_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if begins_as_gzip:
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
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


def _line(crystal: Crystal) -> bytes:
    record = {
        "id": crystal.id,
        **crystal.metadata,
        "lattice": crystal.lattice.tolist(),
        "species": crystal.species,
        "frac_coords": crystal.frac_coords.tolist(),
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _parse(line: bytes, number: int) -> Crystal | Rejection:
    name = f"line {number}"
    try:
        if len(line) > _LONGEST_LINE:
            raise ValueError(f"longer than {_LONGEST_LINE // 2**20} MiB, too long for a crystal")
        record = _json(line)
        if not isinstance(record, dict):
            raise ValueError(f"expected a JSON object, found {_kind(record)}")
        with suppress(ValueError, KeyError):
            name = checked_id(record["id"])
        return crystal_from_record(record)
    except ValueError as error:
        return Rejection(name, "acquire", f"line {number}: {error}")


def _json(line: bytes) -> Any:
    """Parse a line; raises ValueError with a reason in words of ours."""
    try:
        return json.loads(line.decode("utf-8-sig"), object_pairs_hook=_unique, parse_int=_whole)
    except UnicodeDecodeError:
        raise ValueError("not valid JSON: not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON from column {error.colno} on") from None
    except RecursionError:
        raise ValueError("not valid JSON: nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key `{printable(twice)}` is there twice")
    return record


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def crystal_from_record(record: dict[str, Any]) -> Crystal:
    """Check a record with the keys of docs/structures.md; all other keys become metadata.

    Raises ValueError, with a reason in one line, for a record that describes no ordered crystal.
    """
    missing = [key for key in _KEYS if key not in record]
    if missing:
        raise ValueError(f"key `{missing[0]}` is missing")
    name = checked_id(record["id"])
    species = record["species"]
    if not isinstance(species, list) or not species:
        raise ValueError("no atoms: `species` must be a list of element symbols")
    for site, symbol in enumerate(species, start=1):
        if isinstance(symbol, dict | list):
            raise ValueError(f"partial occupancy: site {site} holds {json.dumps(symbol)}")
        if not isinstance(symbol, str):
            raise ValueError(f"`species` of site {site} is no element symbol: {json.dumps(symbol)}")
    lattice = _numbers(record, "lattice", (3, 3))
    lengths = np.linalg.norm(lattice, axis=1)
    # Relative to a box of the same edges, so that the unit of length plays no role.
    if abs(np.linalg.det(lattice)) <= 1e-6 * lengths.prod():
        raise ValueError("`lattice` spans no volume")
    return Crystal(
        id=name,
        lattice=lattice,
        species=tuple(species),
        frac_coords=_numbers(record, "frac_coords", (len(species), 3)),
        metadata={key: value for key, value in record.items() if key not in _KEYS},
    )


def _numbers(record: dict[str, Any], key: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    wanted = f"`{key}` must be {shape[0]} rows of {shape[1]} numbers"
    try:
        # A string of digits would pass as a float and `true` as 1, but both are mistakes.
        values = np.array(record[key])
        if values.dtype.kind not in "if":
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(wanted) from None
    if values.shape != shape:
        raise ValueError(f"{wanted}, its shape is {values.shape}")
    if _holds_truth(record[key]):
        raise ValueError(wanted)
    if not np.isfinite(values).all():
        raise ValueError(f"`{key}` holds a number that is not finite")
    if np.abs(values).max() > _LARGEST_NUMBER:
        raise ValueError(f"`{key}` holds a number beyond {_LARGEST_NUMBER:g}, too large for it")
    return values.astype(np.float64)


def _holds_truth(rows: list[list[Any]]) -> bool:
    return any(isinstance(number, bool) for row in rows for number in row)
