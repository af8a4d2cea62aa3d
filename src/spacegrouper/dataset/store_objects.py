"""The files of a Zarr store, called objects: written whole and durably, hashed, and listed."""

import hashlib
import os
from pathlib import Path
from typing import Any

import zarr
from numpy.typing import NDArray
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import MemoryStore

from spacegrouper.atomic import written_aside


def encode_part(array_metadata: bytes, start: int, values: NDArray[Any]) -> dict[str, bytes]:
    """Return the objects that hold rows `start` and following of an array, by key.

    `array_metadata` is the array's zarr.json. The digest of an object is thus that of what was to
    be written, whatever the file system makes of it. Even a shard of zeros gets its object.
    """
    metadata = default_buffer_prototype().buffer.from_bytes(array_metadata)
    objects: dict[str, Buffer] = {"zarr.json": metadata}
    array = zarr.open_array(MemoryStore(objects), mode="r+", zarr_format=3)
    array = array.with_config({"write_empty_chunks": True})
    array[start : start + len(values)] = values
    return {key: value.to_bytes() for key, value in objects.items() if key != "zarr.json"}


def write_object(store: Path, key: str, content: bytes) -> None:
    """Write an object; once this returns, it is on the disk under its name.

    Whoever reads meanwhile sees the earlier object or the new one. Zarr's own writer does not
    flush, so a loss of power could leave a later object whole and an earlier one empty.
    Raises UserError where it cannot be written, as on a full disk.
    """
    path = store / key
    with written_aside(path) as aside:
        aside.write_bytes(content)
    _flush_folders(store, path)


def link_object(source: Path, store: Path, key: str) -> None:
    """Give a store an object of another one: a hard link, or a copy where there can be none.

    Objects are never written in place, but renamed over, so neither store sees what happens to the
    other. Raises UserError where it cannot be written.
    """
    path = store / key
    remove_object(store, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source / key, path)
        _flush_folders(store, path)
    except OSError:  # another file system, or one without hard links
        write_object(store, key, (source / key).read_bytes())


def remove_object(store: Path, key: str) -> None:
    """Remove an object, if there is one, from the disk."""
    path = store / key
    if path.exists() or path.is_symlink():
        path.unlink()
        _flush_folders(store, path)


def object_problem(store: Path, key: str, expected_sha256: str) -> str | None:
    """Return what is wrong with an object, "missing" or "damaged", or None if it is whole."""
    try:
        with (store / key).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:  # the disk cannot read it, or it is no file
        return "damaged"
    return None if digest == expected_sha256 else "damaged"


def list_objects(store: Path) -> list[str]:
    """Return the keys of all objects of a store, in order."""
    return sorted(
        (Path(folder) / name).relative_to(store).as_posix()
        for folder, _, names in os.walk(store)
        for name in names
    )


def _flush_folders(store: Path, path: Path) -> None:
    """Flush the names of a file and of the folders it lies in, up to the store's own."""
    for folder in path.parents:
        flush_folder(folder)
        if folder == store.parent:
            break


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
