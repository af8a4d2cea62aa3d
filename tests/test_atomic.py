import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError


def test_a_file_appears_whole(tmp_path: Path) -> None:
    with written_aside(tmp_path / "new" / "file.txt") as aside:
        aside.write_text("content")
        assert not (tmp_path / "new" / "file.txt").exists()
    assert (tmp_path / "new" / "file.txt").read_text() == "content"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.txt"]


def test_a_folder_replaces_an_earlier_one(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with written_aside(tmp_path / "folder") as aside:
            aside.mkdir()
            (aside / f"{content}.txt").write_text(content)
            (aside / "list.csv").write_text(content)
    found = sorted(path.name for path in tmp_path.rglob("*"))
    assert found == ["folder", "list.csv", "second.txt"]


def write_list(folder: Path) -> None:
    with written_aside(folder) as aside:
        aside.mkdir()
        (aside / "list.csv").touch()


def test_a_folder_of_other_things_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "chapters").mkdir(parents=True)
    with pytest.raises(UserError, match="folder: a folder of other files, which would be lost"):
        write_list(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "chapters"]


def write_half(path: Path) -> None:
    with written_aside(path) as aside:
        aside.write_text("half")
        raise RuntimeError


def test_a_failure_leaves_the_earlier_result_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("earlier")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from spacegrouper.atomic import written_aside

with written_aside(Path(sys.argv[1])) as aside:
    aside.mkdir()
    (aside / "list.csv").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_has_left_goes_with_the_next_write(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for _ in range(2):
        killed = subprocess.run([sys.executable, "-c", KILLED, folder])
        assert killed.returncode == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 1
    with written_aside(folder) as first:
        first.mkdir()
        # A writer that is at work keeps what it has.
        write_list(folder)
        assert first.is_dir()
        (first / "list.csv").write_text("second")
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "list.csv").read_text() == "second"
