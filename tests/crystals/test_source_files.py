import os
from pathlib import Path
from typing import Any

import pytest

from spacegrouper.crystals.source_files import (
    are_as_listed,
    list_digest,
    source_files,
    write_list,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, settings_from_mapping


def settings_of(**sections: Any) -> Settings:
    return settings_from_mapping(sections, "test")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "cifs"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.cif").write_text("data_a\n")
    (folder / "deep" / "b.cif").write_text("data_b\n")
    (folder / "notes.txt").write_text("no crystal")
    return folder


def listed(tmp_path: Path, tree: Path) -> tuple[Path, Settings]:
    settings = settings_of(acquire={"source": "cif_tree", "path": str(tree)})
    path = tmp_path / "list.csv"
    write_list(path, source_files(settings))
    assert are_as_listed(path, source_files(settings))
    return path, settings


def test_a_table_of_labels_is_one_of_the_files(tree, tmp_path) -> None:
    acquire = {"source": "cif_tree", "path": str(tree), "labels": str(tmp_path / "x.csv")}
    with pytest.raises(UserError, match=r"acquire\.labels: .*x\.csv: no such file"):
        source_files(settings_of(acquire=acquire))
    (tmp_path / "x.csv").write_text("id,label\n")
    assert set(source_files(settings_of(acquire=acquire))) == {"a.cif", "deep/b.cif", "x.csv"}


def test_files_of_a_tree_are_those_that_are_read(tree) -> None:
    settings = settings_of(acquire={"source": "cif_tree", "path": str(tree)})
    assert set(source_files(settings)) == {"a.cif", "deep/b.cif"}


def test_what_is_no_file_or_not_readable_is_listed_and_left_to_the_reader(tmp_path, tree) -> None:
    (tree / "gone.cif").symlink_to("nowhere")
    (tree / "loop.cif").symlink_to("loop.cif")
    os.mkfifo(tree / "pipe.cif")
    path, settings = listed(tmp_path, tree)
    assert list_digest(source_files(settings))
    (tree / "gone.cif").unlink()
    (tree / "gone.cif").write_text("data_c\n")
    assert not are_as_listed(path, source_files(settings))


def test_crystals_from_elsewhere_have_no_files() -> None:
    assert source_files(settings_of()) == {}


def test_a_database_in_a_file_is_one(tmp_path) -> None:
    path = tmp_path / "habits.db"
    sections = {
        "simulate": {"engine": "bitmap_database"},
        "morphology": {"database": f"sqlite:///{path}"},
        "model": {"name": "alexnet"},
        "train": {"descriptor": "morphology"},
    }
    with pytest.raises(UserError, match=r"morphology.database: .*habits.db: no such file"):
        source_files(settings_of(**sections))
    path.touch()
    assert source_files(settings_of(**sections)) == {"habits.db": path}


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "longer", "same size"])
def test_a_change_is_noticed(tmp_path, tree, change: str) -> None:
    path, settings = listed(tmp_path, tree)
    before = list_digest(source_files(settings))
    match change:
        case "added":
            (tree / "c.cif").write_text("data_c\n")
        case "removed":
            (tree / "a.cif").unlink()
        case "renamed":
            (tree / "a.cif").rename(tree / "c.cif")
        case "longer":
            (tree / "a.cif").write_text("data_a\n\n")
        case "same size":
            # Also with an earlier time, or just the time it had.
            times = (tree / "a.cif").stat()
            (tree / "a.cif").write_text("data_x\n")
            os.utime(tree / "a.cif", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not are_as_listed(path, source_files(settings))
    assert list_digest(source_files(settings)) != before


def test_a_file_that_is_only_touched_is_the_same(tmp_path, tree) -> None:
    path, settings = listed(tmp_path, tree)
    os.utime(tree / "a.cif", (0, 0))
    assert are_as_listed(path, source_files(settings))


def test_unchanged_files_are_not_read(tmp_path, tree, monkeypatch) -> None:
    path, settings = listed(tmp_path, tree)
    files = source_files(settings)
    monkeypatch.setattr("hashlib.file_digest", None)
    assert are_as_listed(path, files)
    assert list_digest(files)


def test_names_that_are_no_text_are_listed(tmp_path, tree) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff,\n.cif")).write_text("data_odd\n")
    listed(tmp_path, tree)


def test_a_damaged_list_says_nothing(tmp_path, tree) -> None:
    path, settings = listed(tmp_path, tree)
    path.write_bytes(path.read_bytes()[:-90])
    assert not are_as_listed(path, source_files(settings))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"source": "json_lines", "path": "gone.jsonl"}, "acquire.path: gone.jsonl: no such file"),
        ({"source": "cif_tree", "path": "gone"}, "acquire.path: gone: no such folder"),
    ],
)
def test_a_source_that_is_not_there_is_named(source, message: str) -> None:
    with pytest.raises(UserError, match=message):
        source_files(settings_of(acquire=source))
