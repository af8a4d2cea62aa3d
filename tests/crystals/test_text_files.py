import bz2
import codecs
import gzip
import lzma
import os
from pathlib import Path

import pytest

from spacegrouper.crystals.text_files import content_of, decoded, unpacked, unpacked_path
from spacegrouper.errors import UserError

PACKERS = (gzip.compress, bz2.compress, lzma.compress)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-8", "cp1252"]
)
def test_texts_are_read_in_the_encodings_of_editors(encoding):
    text = "data_x\n_title 'caf\u00e9'\n"
    assert decoded(text.encode(encoding)) == text


def test_the_mark_of_utf_32_is_not_taken_for_that_of_utf_16():
    assert decoded(codecs.BOM_UTF32_LE + "ab".encode("utf-32-le")) == "ab"


@pytest.mark.parametrize("pack", PACKERS)
def test_what_is_unpacked_is_bounded_too(pack):
    packed = pack(bytes(2_000_000))
    assert len(packed) < 10_000
    assert unpacked(packed, 2_000_000) == bytes(2_000_000)
    with pytest.raises(UserError, match=r"^larger than 0\.01 MB$"):
        unpacked(packed, 10_000)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.cif.gz", b"hello", "not a gz file in spite of its name"),
        ("a.cif", gzip.compress(b"data_x" * 99, mtime=0)[:-9], "damaged or cut short"),
        ("a.cif", gzip.compress(gzip.compress(b"data_x", mtime=0), mtime=0), "packed twice"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(name, content, reason):
    with pytest.raises(UserError, match=reason):
        unpacked(content, 10**6, name)


def test_of_a_large_file_no_more_is_read_than_tells_it(tmp_path):
    (tmp_path / "a").write_bytes(bytes(1000))
    assert len(content_of(tmp_path / "a", 10)) == 11


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a").touch()
    for path, reason in (
        (tmp_path, "a folder, and no file"),
        (tmp_path / "none", "no such file"),
        (tmp_path / "a" / "b", "no such file"),
        (tmp_path / "a\0", "no such file"),
        (tmp_path / "loop", "cannot be read: "),
        (tmp_path / "pipe", "a pipe, which can be read only once; write it to a file, and give"),
        (Path("/dev/zero"), "a device, and no file"),
    ):
        with pytest.raises(UserError, match=f"^{reason}"):
            content_of(path, 10)


@pytest.mark.parametrize(
    ("name", "bare"), [("a.hkl.gz", "a.hkl"), ("a.b.XZ", "a.b"), ("a.hkl", "a.hkl"), ("gz", "gz")]
)
def test_the_name_of_what_is_unpacked(name, bare):
    assert unpacked_path(Path("x.gz") / name) == Path("x.gz") / bare
