"""Results appear whole or not at all: written aside, flushed to disk, then renamed."""

import errno
import os
import re
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacegrouper.disk_errors import why_not_written
from spacegrouper.errors import UserError

_HOST = socket.gethostname().replace(".", "-")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or a folder to; rename it to `path` on success.

    The name is unique to the call, so two writers of one product do not meet in one half-written
    file. What killed writers have left aside on this machine is removed. An earlier product at
    `path` is replaced; if the body raises, it stays as it was.
    Raises UserError, with the name of `path`, if the disk is full or may not be written to, or if
    there is a folder of other things.
    """
    if path.name in ("", ".."):
        raise UserError(f"{path}: cannot be written: it holds other files; name one in it")
    aside = _beside(path, "partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        yield aside
        if aside.is_dir():
            _replace_folder(aside, path)
        else:
            with aside.open("rb") as written:
                os.fsync(written.fileno())
            aside.replace(path)
    except UserError as error:
        # What was written into a folder aside has the folder's final name for the reader.
        if str(aside) in str(error):
            raise UserError(str(error).replace(str(aside), str(path))) from error
        raise
    except Exception as error:
        if reason := why_not_written(error, aside, path):
            raise UserError(reason) from error
        raise
    finally:
        _remove(aside)


def _replace_folder(aside: Path, path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if path.exists() and any(path.iterdir()) and not _names_in(path) & _names_in(aside):
        raise UserError(f"{path}: a folder of other files, which would be lost; name another")
    # A folder that is not empty cannot be renamed over, so the earlier one steps aside first.
    earlier = _beside(path, "earlier")
    if path.exists():
        path.rename(earlier)
    aside.rename(path)
    _remove(earlier)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{_HOST}.{os.getpid()}.{uuid.uuid4().hex}.{ending}")


def _remove_abandoned(path: Path) -> None:
    named = (
        rf"\.{re.escape(path.name)}\.{re.escape(_HOST)}\.(\d+)\.[0-9a-f]{{32}}\.(partial|earlier)"
    )
    with suppress(OSError):
        for other in path.parent.iterdir():
            found = re.fullmatch(named, other.name)
            if found and not _is_running(int(found[1])):
                _remove(other)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # somebody else's, or a number of another system
    return True


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _remove(path: Path) -> None:
    # What cannot be removed, as on a disk that has failed, must not hide why it is to be.
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
