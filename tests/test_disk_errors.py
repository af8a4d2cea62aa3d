"""What is made of the errors of a full disk, as each library reports it: a real one, of memory."""

import errno
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from small_disk import mounted

from spacegrouper.atomic import written_aside
from spacegrouper.disk_errors import system_error
from spacegrouper.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", kilobytes=64) as disk:
        yield disk


def write_figure(path: Path) -> None:
    figure = Figure(figsize=(8, 8))
    figure.subplots().imshow(NOISE)
    figure.savefig(path, format="png", dpi=200)


def write_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["noise"] = NOISE


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("noise", NOISE.tobytes())


def write_folder(path: Path) -> None:
    path.mkdir()
    with written_aside(path / "figures" / "noise.bin") as inner:
        inner.write_bytes(NOISE.tobytes())


WRITERS: dict[str, Callable[[Path], None]] = {
    "bytes": lambda path: path.write_bytes(NOISE.tobytes()) and None,
    "table": lambda path: pd.DataFrame(NOISE.reshape(256, -1)).to_csv(path),
    "image": lambda path: Image.fromarray(NOISE).save(path, format="PNG"),
    "figure": write_figure,
    "zip": write_zip,
    "folder": write_folder,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_that_names_the_product(disk: Path, name: str) -> None:
    (disk / "product").write_text("earlier")
    path = disk / "product" if name != "folder" else disk / "folder"
    with pytest.raises(UserError) as raised, written_aside(path) as aside:
        WRITERS[name](aside)
    reason = "cannot be written: No space left on device; free some space, or choose another place"
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).endswith(reason)
    assert ".partial" not in str(raised.value)
    assert [file.name for file in disk.iterdir()] == ["product"]
    assert (disk / "product").read_text() == "earlier"


def test_a_read_only_disk_is_one_line(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with (
        pytest.raises(UserError, match=f"^{disk}/a/b: cannot be written: .*Read-only file system;"),
        written_aside(disk / "a" / "b"),
    ):
        pass


def write_nothing(path: Path) -> None:
    with written_aside(path) as aside:
        aside.write_text("new")


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a person's")
    for path, reason in (
        (tmp_path / "folder", "cannot be written: Is a directory; a folder is in the way"),
        (tmp_path / "file" / "new", f"cannot be written: {tmp_path / 'file'}: "),
        (tmp_path / ("n" * 250), "cannot be written: File name too long; choose a shorter name"),
        (Path(), "cannot be written: it holds other files"),
        (Path(".."), "cannot be written: it holds other files"),
    ):
        with pytest.raises(UserError) as raised:
            write_nothing(path)
        assert str(raised.value).startswith(f"{path}: {reason}")
    assert (tmp_path / "file").read_text() == "a person's"


def test_a_folder_does_not_replace_a_file(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a person's")
    with (
        pytest.raises(UserError, match="notes: cannot be written: Not a directory"),
        written_aside(tmp_path / "notes") as aside,
    ):
        aside.mkdir()
    assert (tmp_path / "notes").read_text() == "a person's"


def test_an_error_about_another_file_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_aside(tmp_path / "product"):
        (tmp_path / "input").read_text()
    with pytest.raises(ConnectionRefusedError), written_aside(tmp_path / "product"):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def fail_while_handling(first: Exception, second: Exception, cause: bool) -> Exception:
    try:
        try:
            raise first
        except Exception as error:
            raise second from (error if cause else None if cause is None else second.__cause__)
    except Exception as error:
        return error


def test_the_systems_error_is_found_behind_others() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "a/b")
    assert system_error(fail_while_handling(full, ValueError(), cause=True)) == (28, "a/b")
    group = ExceptionGroup("zarr", [ValueError(), full])
    assert system_error(group) == (28, "a/b")
    hdf5 = RuntimeError("Can't decrement id ref count (file write failed: errno = 28, error = ...)")
    assert system_error(hdf5) == (28, None)
    tensorflow = RuntimeError("{{function_node}} results/x; No space left on device [Op:Save]")
    assert system_error(tensorflow) == (28, None)


def test_a_bug_met_while_looking_for_a_file_is_no_system_error() -> None:
    missing = FileNotFoundError(errno.ENOENT, "No such file", "a/b")
    assert system_error(fail_while_handling(missing, KeyError("x"), cause=False)) is None
