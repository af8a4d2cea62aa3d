"""Crystals as JSON lines, the form in which they pass between the stages (docs/structures.md)."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError

_KEYS = ("id", "lattice", "species", "frac_coords")


def read_crystals(path: Path) -> Iterator[Crystal | Rejection]:
    """Read a file of JSON lines, gzipped or plain, in its order; blank lines are skipped.

    A line that describes no crystal becomes a Rejection that names the line.
    Raises UserError for a file that is missing, no gzip file in spite of its name, or cut short.
    """
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _parse(line, number)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path}: the gzip data are damaged or cut short ({error}); fetch or make it again"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None


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


def _open(path: Path) -> gzip.GzipFile | Any:
    file = path.open("rb")
    begins_as_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if begins_as_gzip:
        return gzip.GzipFile(fileobj=file)
    if path.suffix == ".gz":
        file.close()
        raise UserError(f"{path}: is not a gzip file; compress it, or drop `.gz` from its name")
    return file


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
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError(f"expected a JSON object, found a {type(record).__name__}")
        if isinstance(record.get("id"), str | int) and record["id"] != "":
            name = str(record["id"])
        return crystal_from_record(record)
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} at column {error.colno}"
    except UnicodeDecodeError:
        reason = "not valid JSON: not UTF-8 text"
    except RecursionError:
        reason = "not valid JSON: nested too deeply"
    except ValueError as error:
        reason = str(error)
    return Rejection(name, "acquire", f"line {number}: {reason}")


def crystal_from_record(record: dict[str, Any]) -> Crystal:
    """Check a record with the keys of docs/structures.md; all other keys become metadata.

    Raises ValueError, with a reason in one line, for a record that describes no ordered crystal.
    """
    missing = [key for key in _KEYS if key not in record]
    if missing:
        raise ValueError(f"key `{missing[0]}` is missing")
    if not isinstance(record["id"], str | int) or record["id"] == "":
        raise ValueError("`id` must be a string")
    species = record["species"]
    if not isinstance(species, list) or not species:
        raise ValueError("no atoms: `species` must be a list of element symbols")
    for site, name in enumerate(species, start=1):
        if isinstance(name, dict | list):
            raise ValueError(f"partial occupancy: site {site} holds {json.dumps(name)}")
        if not isinstance(name, str):
            raise ValueError(f"`species` of site {site} is no element symbol: {json.dumps(name)}")
    lattice = _numbers(record, "lattice", (3, 3))
    lengths = np.linalg.norm(lattice, axis=1)
    # Relative to a box of the same edges, so that the unit of length plays no role.
    if abs(np.linalg.det(lattice)) <= 1e-6 * lengths.prod():
        raise ValueError("`lattice` spans no volume")
    return Crystal(
        id=str(record["id"]),
        lattice=lattice,
        species=tuple(species),
        frac_coords=_numbers(record, "frac_coords", (len(species), 3)),
        metadata={key: value for key, value in record.items() if key not in _KEYS},
    )


def _numbers(record: dict[str, Any], key: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    wanted = f"`{key}` must be {shape[0]} rows of {shape[1]} numbers"
    try:
        # A string of digits would pass as a float, but a number in quotes is a mistake.
        values = np.array(record[key])
        if values.dtype.kind not in "if":
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(wanted) from None
    if values.shape != shape:
        raise ValueError(f"{wanted}, its shape is {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"`{key}` holds a number that is not finite")
    return values.astype(np.float64)
