"""Files of text as people have them: packed or not, in the encodings that editors write."""

import bz2
import codecs
import gzip
import lzma
import stat
import zlib
from io import BytesIO
from pathlib import Path

from spacegrouper.errors import UserError

_PACKERS = (
    (b"\x1f\x8b", gzip.open, ".gz"),
    (b"BZh", bz2.open, ".bz2"),
    (b"\xfd7zXZ\x00", lzma.open, ".xz"),
)
# The mark of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def check_file(path: Path) -> None:
    """Check that a path is that of a file, before it is opened: a pipe would be waited for.

    Raises:
        UserError: it is not, and what it is instead; without its name.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # of a name that none can have
        raise UserError("no such file") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise UserError("a folder, and no file")
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        raise UserError("a pipe, which can be read only once; write it to a file, and give that")
    if not stat.S_ISREG(mode):
        raise UserError("a device, and no file")


def is_file(path: Path) -> bool:
    """Tell whether a path is that of a file; not if nobody can look at it."""
    try:
        check_file(path)
    except UserError:
        return False
    return True


def is_folder(path: Path) -> bool:
    """Tell whether a path is that of a folder; not if nobody can look at it."""
    try:
        return path.is_dir()
    except OSError:
        return False


def content_of(path: Path, maximum_bytes: int) -> bytes:
    """Read a file; of one that is larger than `maximum_bytes`, one byte more than these.

    Raises:
        UserError: it is no file, or cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(maximum_bytes + 1)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}") from None


def unpacked(content: bytes, maximum_bytes: int, name: str = "") -> bytes:
    """Return a content as it was before gzip, bzip2 or xz packed it, or as it is.

    Raises:
        UserError: it is damaged, packed twice, larger than `maximum_bytes`, or not packed although
            its name says so.
    """
    for mark, opener, _ in _PACKERS:
        if content.startswith(mark):
            try:
                with opener(BytesIO(content)) as file:
                    content = file.read(maximum_bytes + 1)
            except (EOFError, OSError, zlib.error, lzma.LZMAError):
                raise UserError("the packed data are damaged or cut short") from None
            if content.startswith(tuple(mark for mark, _, _ in _PACKERS)):
                raise UserError("packed twice; unpack it")
            break
    else:
        for _, _, suffix in _PACKERS:
            if name.lower().endswith(suffix):
                raise UserError(f"not a {suffix[1:]} file in spite of its name")
    if len(content) > maximum_bytes:
        raise UserError(f"larger than {maximum_bytes / 1e6:g} MB")
    return content


def unpacked_path(path: Path) -> Path:
    """Return the path that a file has once it is unpacked: `a.hkl` of `a.hkl.gz`."""
    suffixes = tuple(suffix for _, _, suffix in _PACKERS)
    return path.with_suffix("") if path.suffix.lower() in suffixes else path


def decoded(content: bytes) -> str:
    """Return a content as text; what is in no known encoding are names and titles."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    # UTF-16 without its mark: every other byte of ASCII text is zero.
    for zeros, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(content) > 3 and not any(content[zeros:400:2]) and any(content[1 - zeros : 400 : 2]):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
