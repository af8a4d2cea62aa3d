import io
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from programs import Finished, Runner, call, spawn

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.rejections import read_rejections
from spacegrouper.techniques.morphology.drawing import draw_habit
from spacegrouper.techniques.morphology.habit import habit
from spacegrouper.techniques.morphology.settings import Morphology


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cell = np.diag([3.0, 3.0, 4.0])
    atom = (("Si",), np.zeros((1, 3)))
    crystals = [
        Crystal("tetragonal", cell, *atom, {"spacegroup": 123}),
        Crystal("wrong", cell, *atom, {"spacegroup": 99}),
        Crystal("other", 1.1 * cell, *atom, {"spacegroup": 123}),
    ]
    write_crystals(tmp_path / "structures.jsonl.gz", crystals)
    (tmp_path / "config.yaml").write_text(
        "morphology: {pixels: 24, table: habits, views: [[1, 0.1, 0.2], [0.1, 0.2, 1]]}\n"
    )
    return tmp_path


def make(folder: Path, *arguments: str, run: Runner = call) -> Finished:
    files = [f"--structures={folder / 'structures.jsonl.gz'}"]
    files += [f"--config={folder / 'config.yaml'}", f"--rejected={folder / 'rejected.csv'}"]
    return run("make_morphology_db", *files, *arguments)


def test_a_database_of_the_crystals_that_can_be_drawn(folder: Path) -> None:
    for name, threads, run in (("one.db", "1", call), ("two.db", "2", spawn)):
        finished = make(folder, f"--output={folder / name}", f"--threads={threads}", run=run)
        assert finished.returncode == 0, finished.stderr
        assert "drew 2 crystals, rejected 1" in finished.stderr

    assert (folder / "one.db").read_bytes() == (folder / "two.db").read_bytes()
    (rejection,) = read_rejections(folder / "rejected.csv")
    assert (rejection.id, rejection.stage) == ("wrong", "morphology")
    with sqlite3.connect(folder / "one.db") as connection:
        found = connection.execute("SELECT id, bitmap, spacegroup FROM habits").fetchall()
    assert [(name, number) for name, _, number in found] == [("tetragonal", 123), ("other", 123)]
    settings = Morphology(pixels=24, views=((1, 0.1, 0.2), (0.1, 0.2, 1)))
    crystal = Crystal("x", np.diag([3.0, 3.0, 4.0]), ("Si",), np.zeros((1, 3)))
    expected = draw_habit(habit(crystal, largest_index=3), settings)
    image = np.asarray(Image.open(io.BytesIO(found[0][1])))
    np.testing.assert_array_equal(image, np.vstack(list(expected)))
    # Only the size differs, which a bitmap does not show.
    assert found[0][1] == found[1][1]


def test_a_table_in_a_database_is_not_written_over(folder: Path) -> None:
    url = f"--database=sqlite:///{folder / 'habits.db'}"

    assert make(folder, url, "--threads=1").returncode == 0
    finished = make(folder, url, "--threads=1")

    assert finished.returncode == 1
    assert "error: morphology.table: habits is in the database already" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_file_or_a_database_but_not_both(folder: Path) -> None:
    for arguments in ((), ("--output=habits.db", "--database=sqlite:///habits.db")):
        finished = make(folder, *arguments)

        assert finished.returncode == 1
        assert "error: give either --output FILE or --database URL" in finished.stderr
