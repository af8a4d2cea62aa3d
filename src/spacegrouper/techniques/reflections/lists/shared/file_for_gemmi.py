"""gemmi reads some formats from files only, and not what packers made of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def file_for_gemmi(data: bytes, suffix: str) -> Iterator[str]:
    """Write a content aside; yield the path."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"reflections{suffix}"
        path.write_bytes(data)
        yield str(path)
