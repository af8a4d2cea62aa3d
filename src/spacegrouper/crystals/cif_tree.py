"""Crystals from a folder of CIF files, such as a mirror of the Crystallography Open Database."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from spacegrouper.crystals.cif_reader import read_file
from spacegrouper.crystals.cif_text import Block, given_twice, path_text
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.errors import UserError

_SUFFIXES = (".cif", ".cif.gz")  # in capitals, too
_DUPLICATE_TAGS = (
    "_cod_duplicate_entry",
    "_cod_related_duplicate_entry_code",
    "_[local]_cod_duplicate_entry",
)


@dataclass(frozen=True)
class _Entry:
    """A crystal, and what tells that another is the same."""

    crystal: Crystal
    digest: bytes
    code: str
    duplicate_of: str


def read_cif_tree(
    folder: Path, processes: int = 1, tags: Sequence[str] = ()
) -> Iterator[Crystal | Rejection]:
    """Read every `*.cif` and `*.cif.gz` below a folder, in small or capital letters, by path.

    A crystal's id is the file's path in the folder, and `path#name` where several data blocks of
    the file hold atoms; what is not UTF-8 in a path is escaped. A file or block that gives no
    ordered crystal becomes a Rejection, and so does a folder that cannot be read, and a crystal
    that an earlier one in this order has with the same numbers, the same COD number or, as the COD
    says, as its duplicate. The number of processes does not change the result. Crystals keep the
    known values of the `tags` under these names.

    Raises:
        UserError: the folder is missing or holds no CIF file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; check `acquire.path`")
    tree = _walk(folder)
    if not tree.files and tree.unread:
        raise UserError(f"{folder}: {tree.unread[0].id}: {tree.unread[0].reason}")
    if not tree.files:
        raise UserError(f"{folder}: no *.cif or *.cif.gz in it; check `acquire.path`")
    yield from tree.unread
    files = map_in_order(partial(_read_file, folder, tags), sorted(tree.files), processes)
    yield from _without_duplicates(entry for entries in files for entry in entries)


def passed_over(folder: Path) -> dict[str, int]:
    """Count the files below a folder that `read_cif_tree` leaves alone, by the ends of their names.

    The most frequent first. Names without an ending count as "no ending", and links to folders,
    which are not entered, as "link".
    """
    return dict(_walk(folder).passed_over.most_common())


def cif_files(folder: Path) -> list[Path]:
    """Return the CIF files below a folder, in no particular order."""
    return [folder / name for name in _walk(folder).files]


@dataclass(frozen=True)
class _Tree:
    """What is below a folder: CIF files (paths in the folder), unreadable folders, other files."""

    files: list[str]
    unread: list[Rejection]
    passed_over: Counter[str]


def _walk(folder: Path) -> _Tree:
    tree = _Tree([], [], Counter())

    def unreadable(error: OSError) -> None:
        name = path_text(Path(error.filename).relative_to(folder))
        reason = f"the folder cannot be read: {error.strerror}; nothing in it was looked at"
        tree.unread.append(Rejection(name, "acquire", reason))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        if links := sum(Path(parent, name).is_symlink() for name in folders):
            tree.passed_over["link"] += links
        for name in names:
            path = Path(parent, name)
            if name.lower().endswith(_SUFFIXES):
                tree.files.append(path.relative_to(folder).as_posix())
            else:
                tree.passed_over[path_text(path.suffix.lower()) or "no ending"] += 1
    return tree


def _without_duplicates(entries: Iterable[_Entry | Rejection]) -> Iterator[Crystal | Rejection]:
    """Reject every crystal that is the same as an earlier one, as `read_cif_tree` describes."""
    by_digest: dict[bytes, str] = {}
    by_code: dict[str, str] = {}
    # The COD marks one of two duplicates, not always the later.
    marked_by: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, Rejection):
            yield entry
            continue
        name = entry.crystal.id
        if (first := by_digest.get(entry.digest)) is not None:
            why = "the same cell and atoms"
        elif (first := by_code.get(entry.code)) is not None:
            why = f"the same COD number {entry.code}"
        elif (first := by_code.get(entry.duplicate_of) or marked_by.get(entry.code)) is not None:
            why = "so the COD says"
        if first is not None:
            yield Rejection(name, "acquire", f"duplicate of {first}: {why}")
            continue
        by_digest[entry.digest] = name
        if entry.code:
            by_code[entry.code] = name
        if entry.duplicate_of:
            marked_by[entry.duplicate_of] = name
        yield entry.crystal


def _read_file(folder: Path, tags: Sequence[str], name: str) -> list[_Entry | Rejection]:
    return [
        record if isinstance(record, Rejection) else _entry(*record, tags)
        for record in read_file(folder / name, path_text(name))
    ]


def _entry(crystal: Crystal, block: Block, tags: Sequence[str]) -> _Entry | Rejection:
    said = {tag: values for tag in tags if (values := block.values(tag))}
    for tag, values in said.items():
        if len(values) > 1:
            return Rejection(crystal.id, "acquire", given_twice(tag, values[0], values[1]))
    crystal = replace(crystal, metadata=crystal.metadata | {k: v[0] for k, v in said.items()})
    code, duplicate_of = block.text("_cod_database_code"), block.text(*_DUPLICATE_TAGS)
    return _Entry(crystal, crystal.digest(), code, duplicate_of)
