"""The import as a program: killed and started again, on large tables, and with users' mistakes."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from postgres_server import PASSWORD, running_postgres, wait_for
from programs import Finished, call, spawn

from spacegrouper.crystals.rejections import read_rejections
from spacegrouper.dataset.raw_shard import read_raw_patterns, read_raw_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_bitmaps.py"
PIXELS = 32
# Says on its last line how much memory the import took at most, in KiB.
MEASURED = (
    "import resource, subprocess, sys; "
    "code = subprocess.run([sys.executable, *sys.argv[1:]]).returncode; "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


def configure(folder: Path, block_size: int, database: str = "sqlite:///none.db") -> None:
    (folder / "config.yaml").write_text(
        "simulate: {engine: bitmap_database}\n"
        f"morphology: {{database: '{database}', pixels: {PIXELS}, views: [[0, 0, 1]]}}\n"
        f"plan: {{block_size: {block_size}}}\n"
        "model: {name: ziletti}\n"
        "train: {descriptor: morphology}\n"
    )


def bitmap(number: int) -> np.ndarray:
    """Different for each number, and as hard to compress as noise."""
    levels = np.random.default_rng(number).bytes(PIXELS**2)
    return np.frombuffer(levels, dtype=np.uint8).reshape(PIXELS, PIXELS)


def make_sqlite(path: Path, count: int) -> str:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE morphology (id INTEGER PRIMARY KEY, bitmap BLOB, spacegroup INTEGER)"
        )
        rows = ((number, bitmap(number).tobytes(), number % 230 + 1) for number in range(count))
        connection.executemany("INSERT INTO morphology VALUES (?, ?, ?)", rows)
    return f"sqlite:///{path}"


def options(folder: Path, output: str) -> list[str]:
    return [f"--config={folder / 'config.yaml'}", f"--output={folder / output}"]


def command(folder: Path, output: str, *arguments: str) -> list[str]:
    return [str(SCRIPT), *options(folder, output), *arguments]


def run(folder: Path, output: str, *arguments: str) -> Finished:
    return call("import_bitmaps", *options(folder, output), *arguments)


def products(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != ".import.lock"
    }


def test_a_killed_import_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    configure(tmp_path, 50, make_sqlite(tmp_path / "habits.db", 3000))
    undisturbed = run(tmp_path, "right")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert "imported 3000 crystals in 60 blocks, rejected 0 rows" in undisturbed.stderr

    unfinished = tmp_path / "out" / "import.unfinished"
    for block in (3, 20):
        process = subprocess.Popen(
            [sys.executable, *command(tmp_path, "out")], stderr=subprocess.DEVNULL, text=True
        )
        wait_for(unfinished / "read" / f"{block:06d}.json", process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "out" / "blocks").exists()
    made = {path.name: path.stat().st_ino for path in (unfinished / "blocks").glob("0000[01]?.h5")}
    assert len(made) == 20

    finished = run(tmp_path, "out")

    assert finished.returncode == 0, finished.stderr
    assert "going on after" in finished.stderr
    assert products(tmp_path / "out") == products(tmp_path / "right")
    for name, number in made.items():
        assert (tmp_path / "out" / "blocks" / name).stat().st_ino == number


ROWS = 100_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a configuration, and a database of 100 MB."""
    folder = tmp_path_factory.mktemp("large")
    configure(folder, 2048)
    return folder, make_sqlite(folder / "large.db", ROWS)


def assert_all_is_imported(folder: Path, output: str, url: str) -> int:
    """Return the most memory that it took, KiB."""
    finished = subprocess.run(
        [sys.executable, "-c", MEASURED, *command(folder, output, f"--database={url}")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    blocks = sorted((folder / output / "blocks").glob("*.h5"))
    names = np.concatenate([read_raw_rows(block).material_id for block in blocks])
    np.testing.assert_array_equal(names, np.arange(ROWS).astype(str))
    last = read_raw_patterns(blocks[-1], ROWS % 2048 - 1, ROWS % 2048)
    np.testing.assert_array_equal(last[0, 0], bitmap(ROWS - 1))
    assert read_rejections(folder / output / "rejected.csv") == []
    return int(finished.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_never_in_memory_together(large: tuple[Path, str]) -> None:
    folder, url = large
    few = make_sqlite(folder / "few.db", 2100)
    process = [sys.executable, "-c", MEASURED, *command(folder, "few", f"--database={few}")]
    said = subprocess.run(process, capture_output=True, text=True, check=True).stdout

    most = assert_all_is_imported(folder, "sqlite", url)

    # The table has 100 MB, a block 2 MB.
    assert most - int(said.splitlines()[-1]) < 30_000


@pytest.fixture(scope="module")
def large_postgres(large: tuple[Path, str]) -> Iterator[str]:
    """The same table in PostgreSQL."""
    with running_postgres() as server:
        login = f"host={server.folder} user=tester dbname=postgres password={PASSWORD}"
        with psycopg.connect(login) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE morphology (id integer PRIMARY KEY, bitmap bytea, spacegroup integer)"
            )
            with (
                cursor.copy("COPY morphology FROM STDIN") as copy,
                sqlite3.connect(large[0] / "large.db") as source,
            ):
                for row in source.execute("SELECT * FROM morphology"):
                    copy.write_row(row)
        yield server.url


@pytest.mark.slow
def test_a_hundred_thousand_rows_of_postgres_give_the_same_bytes(
    large: tuple[Path, str], large_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = large
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    if not (folder / "sqlite").exists():
        assert_all_is_imported(folder, "sqlite", url)

    assert_all_is_imported(folder, "postgres", large_postgres)

    assert products(folder / "postgres") == products(folder / "sqlite")
    assert all(PASSWORD.encode() not in content for content in products(folder).values())


def test_rejected_rows_are_listed(tmp_path: Path) -> None:
    url = make_sqlite(tmp_path / "habits.db", 5)
    with sqlite3.connect(tmp_path / "habits.db") as connection:
        connection.execute("UPDATE morphology SET spacegroup = 231 WHERE id = 3")
    configure(tmp_path, 50)

    finished = run(tmp_path, "out", f"--database={url}", f"--rejected={tmp_path / 'all.csv'}")

    assert finished.returncode == 0, finished.stderr
    assert "imported 4 crystals in 1 blocks, rejected 1 rows" in finished.stderr
    assert (tmp_path / "all.csv").read_text() == (
        "id,stage,reason\n3,import_bitmaps,space group 231 is not 1 to 230\n"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql+psycopg://me:secret-word@host/name", "the URL holds a password; leave it out"),
        (
            "mysql+pymysql://me@host/name?passwd=secret-word",
            "the URL holds a password; leave it out",
        ),
        ("sqlite:///nothing.db", "there is no such file"),
    ],
)
def test_mistakes_are_one_line_without_passwords(tmp_path: Path, url: str, message: str) -> None:
    configure(tmp_path, 50, url)

    finished = run(tmp_path, "out")

    assert finished.returncode == 1
    assert finished.stderr.startswith("error: ")
    assert message in " ".join(finished.stderr.split())
    assert len(finished.stderr.splitlines()) == 1
    assert "secret-word" not in finished.stderr
    assert "secret-word" not in str(list(tmp_path.rglob("*")))


def test_bitmaps_of_another_engine_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("name: patterns\n")

    finished = run(tmp_path, "out", f"--database={make_sqlite(tmp_path / 'habits.db', 3)}")

    assert finished.returncode == 1
    assert "`simulate.engine: kinematic` reads no database; set it to" in finished.stderr
    assert not (tmp_path / "out").exists()


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    configure(tmp_path, 50, f"postgresql+psycopg://me@/name?host={tmp_path}")

    finished = spawn("import_bitmaps", *options(tmp_path, "out"), PGPASSWORD="secret-word")

    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert "the database cannot be read: connection" in finished.stderr
    assert "secret-word" not in finished.stderr
