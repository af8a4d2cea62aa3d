"""What a disk that is full, read-only or closed to the user is called, whoever reports it.

HDF5 and TensorFlow raise errors of their own, with the system's words somewhere in them.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FREE_SPACE = "free some space, or choose another place"
_ADVICE = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: "see `ulimit -f`, or choose another file system",
    errno.EROFS: "choose another place, or have it mounted writable",
    errno.EACCES: "choose another place, or ask its owner for access",
    errno.EPERM: "choose another place, or ask its owner for access",
    errno.EIO: "the disk or its network fails; look at it, or choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "a folder is in the way of a file; remove it, or choose another name",
    errno.ENOTEMPTY: "a folder is in the way; remove it, or choose another name",
    errno.ENOTDIR: "a file is in the way of a folder; remove it, or choose another name",
    errno.EEXIST: "it is in the way; remove it, or choose another name",
    errno.ENOENT: "check the path",
    errno.ELOOP: "its symbolic links lead in a circle; mend them",
    errno.EMFILE: "raise the limit of `ulimit -n`",
    errno.ENFILE: "raise the limit of `ulimit -n`",
}
# What only a disk says: without a file's name it is about the file being written.
_OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_FULL = 64 * 1024  # bytes; less is not always given out


def explain(number: int) -> str:
    """Return the system's words for an error number, and what to do."""
    said = os.strerror(number)
    return f"{said}; {_ADVICE[number]}" if number in _ADVICE else said


def system_error(error: BaseException) -> tuple[int, str | None] | None:
    """Return the number of the system's error behind an exception, and the file it names, if any.

    None if there is none.
    """
    for behind, is_cause in _chain(error):
        number, name = None, None
        if isinstance(behind, OSError) and behind.errno is not None:
            number = behind.errno
            named = behind.filename if behind.filename2 is None else behind.filename2
            name = os.fsdecode(named) if isinstance(named, str | bytes) else None
        elif found := re.search(r"\berrno = (\d+)", str(behind)):  # HDF5
            number = int(found[1])
        else:
            text = str(behind).lower()  # TensorFlow; SQLite by SQLAlchemy
            number = next((n for n in _OF_DISKS if os.strerror(n).lower() in text), None)
        if number is not None and (is_cause or number in _OF_DISKS):
            return number, name
    return None


def why_not_written(error: BaseException, aside: Path, path: Path) -> str | None:
    """Return why `path` cannot be written, or None if an exception is about something else.

    `aside`: what is written in its stead.
    """
    number, name = system_error(error) or (None, None)
    if number is None and isinstance(error, OSError | RuntimeError) and _is_full(path.parent):
        number = errno.ENOSPC  # Pillow does not say why it cannot write
    if number is None:
        return None
    culprit = ""
    if name is not None:
        named = Path(name)
        if named not in (path, *path.parents) and aside not in (named, *named.parents):
            return None
        if named in path.parents:
            culprit = f"{name}: "
    elif number not in _OF_DISKS:
        return None
    elif number == errno.ENOSPC and not _is_full(path.parent):
        temporary = Path(tempfile.gettempdir())
        culprit = f"{temporary}: " if _is_full(temporary) else ""
    return f"{path}: cannot be written: {culprit}{explain(number)}"


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL
    except OSError:
        return False


def _chain(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """Yield an exception and those behind it, each with whether it is the cause of all before."""
    behind: BaseException | None = error
    is_cause = True
    while behind is not None:
        if isinstance(behind, BaseExceptionGroup):
            for member in behind.exceptions:
                yield from _chain(member)
        yield behind, is_cause
        is_cause = is_cause and behind.__cause__ is not None
        behind = behind.__cause__ or behind.__context__
