"""The files that a run's crystals come from, and a list that tells whether they have changed.

What a file holds is read when the list is written, and again only where its size or its times are
not as listed: a folder of many thousand CIF files is looked at in a second or two.
"""

import csv
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from spacegrouper.atomic import written_aside
from spacegrouper.contract.source import SOURCES
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings


@dataclass(frozen=True)
class SourceFile:
    """A row of the list: a file's size in bytes, its times in nanoseconds, its SHA-256.

    All are zero or empty for what is no file: a link that leads nowhere, a pipe; sha256 is empty
    for a file that cannot be read. The programs that read the files reject these, by name.

    name: the path below the source's folder. changed: of the inode, which no copy carries along.
    """

    name: str
    size: int
    modified: int
    changed: int
    sha256: str


def source_files(settings: Settings) -> Mapping[str, Path]:
    """Return the files that a run reads, by name; none where its crystals come from elsewhere.

    Raises UserError where the source that the settings name is not there.
    """
    if not settings.engine.crystals:
        return settings.engine.files(settings)
    return SOURCES[settings.acquire.source].files(settings.acquire)


def list_digest(files: Mapping[str, Path]) -> str:
    """Return a digest of the names, sizes and times of files; nothing of them is read."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{_times(files[name])}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def write_list(path: Path, files: Mapping[str, Path]) -> None:
    """Write the list of files: CSV with the columns of SourceFile."""
    names = sorted(files)
    with ThreadPoolExecutor() as threads:
        rows = list(threads.map(lambda name: _look_at(name, files[name]), names))
    with (
        written_aside(path) as aside,
        aside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as table,
    ):
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(field.name for field in fields(SourceFile))
        writer.writerows(map(astuple, rows))


def are_as_listed(path: Path, files: Mapping[str, Path]) -> bool:
    """Tell whether files are those of a list, by name and by what they hold."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as table:
            listed = {
                row["name"]: (
                    (int(row["size"]), int(row["modified"]), int(row["changed"])),
                    row["sha256"],
                )
                for row in csv.DictReader(table)
            }
    except (OSError, KeyError, TypeError, ValueError, csv.Error):
        return False
    if listed.keys() != files.keys():
        return False
    other_times = []
    for name, (times, sha256) in listed.items():
        now = _times(files[name])
        if now[0] != times[0]:
            return False
        if now != times:
            other_times.append((files[name], sha256))
    with ThreadPoolExecutor() as threads:
        return all(threads.map(lambda each: _sha256(each[0]) == each[1], other_times))


def one_file(path: Path, key: str) -> dict[str, Path]:
    """Return the one file that a key of the configuration names; raises UserError without it."""
    if not path.is_file():
        raise UserError(f"{key}: {path}: no such file; check the path")
    return {path.name: path}


def _look_at(name: str, path: Path) -> SourceFile:
    # The times first: a file that changes while it is read is looked at again the next time.
    times = _times(path)
    return SourceFile(name, *times, _sha256(path))


def _times(path: Path) -> tuple[int, int, int]:
    if not path.is_file():
        return 0, 0, 0
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _sha256(path: Path) -> str:
    if not path.is_file():  # a pipe would be waited for
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return ""
