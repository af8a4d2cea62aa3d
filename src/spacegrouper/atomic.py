"""Results appear whole or not at all: written aside, flushed to disk, then renamed."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or a folder to; rename it to `path` on success.

    The name is unique to the call, so two writers of one product do not meet in one half-written
    file. An earlier product at `path` is replaced; if the body raises, it stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield aside
        if aside.is_dir():
            _replace_folder(aside, path)
        else:
            with aside.open("rb") as written:
                os.fsync(written.fileno())
            aside.replace(path)
    finally:
        _remove(aside)


def _replace_folder(aside: Path, path: Path) -> None:
    # A folder that is not empty cannot be renamed over, so the earlier one steps aside first.
    earlier = path.with_name(f".{path.name}.{uuid.uuid4().hex}.earlier")
    if path.exists():
        path.rename(earlier)
    aside.rename(path)
    _remove(earlier)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
