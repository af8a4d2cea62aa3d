"""Importing tables of bitmaps: SQLite and PostgreSQL, bad rows, and what happens on the way."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psycopg
import pytest
import sqlalchemy
from bitmap_table import png, write_table
from postgres_server import PASSWORD, CuttingProxy, PostgresServer, running_postgres

from spacegrouper.crystals.rejections import read_rejections
from spacegrouper.dataset.integrity import check_manifest
from spacegrouper.dataset.raw_shard import read_raw_patterns, read_raw_rows
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, settings_from_mapping
from spacegrouper.techniques.morphology.bitmap_database import measure_table, open_source
from spacegrouper.techniques.morphology.bitmap_import import ImportCounts, import_bitmaps
from spacegrouper.techniques.morphology.settings import Morphology

PIXELS, BLOCK = 8, 10
VIEWS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
MORPHOLOGY: dict[str, Any] = {"database": "sqlite:///x.db", "pixels": PIXELS, "views": VIEWS}


def settings_for(block_size: int = BLOCK, **morphology: Any) -> Settings:
    return settings_from_mapping(
        {
            "simulate": {"engine": "bitmap_database"},
            "morphology": MORPHOLOGY | morphology,
            "plan": {"block_size": block_size},
            "model": {"name": "ziletti"},
            "train": {"descriptor": "morphology"},
        },
        "",
    )


def bitmap(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (2, PIXELS, PIXELS), dtype=np.uint8)


def space_group(number: int) -> int:
    return number % 230 + 1


def rows(count: int) -> Iterator[tuple[str, np.ndarray, int]]:
    for number in range(count):
        yield f"crystal {number:06d}", bitmap(number), space_group(number)


def sqlite_of(path: Path, content: list[tuple[Any, Any, Any]], schema: str) -> str:
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE morphology ({schema})")
        connection.executemany("INSERT INTO morphology VALUES (?, ?, ?)", content)
    return f"sqlite:///{path}"


def no_advance(_: int) -> None:
    pass


def run(
    url: str,
    output: Path,
    settings: Settings | None = None,
    advance: Callable[[int], None] = no_advance,
    waits: list[float] | None = None,
) -> ImportCounts:
    settings = settings or settings_for()
    waited = [] if waits is None else waits
    source = open_source(url, settings.of(Morphology), waited.append)
    try:
        extent = measure_table(source)
        rejected = output / "rejected.csv"
        return import_bitmaps(source, extent, settings, output, rejected, advance)
    finally:
        source.engine.dispose()


def products(output: Path) -> dict[str, bytes]:
    """All files but the lock."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name != ".import.lock"
    }


@pytest.fixture
def habits(tmp_path: Path) -> str:
    """A database of 64 + 31 rows, so that there is more than a page."""
    url = f"sqlite:///{tmp_path / 'habits.db'}"
    write_table(url, settings_for().of(Morphology), rows(95))
    return url


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def with_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


@pytest.fixture
def postgres_habits(postgres: PostgresServer, with_password: None) -> Iterator[str]:
    """The same as `habits`, in PostgreSQL."""
    write_table(postgres.url, settings_for().of(Morphology), rows(95))
    yield postgres.url
    execute(postgres, "DROP TABLE morphology")


def execute(postgres: PostgresServer, statement: str) -> None:
    login = f"host={postgres.folder} user=tester dbname=postgres password={PASSWORD}"
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def test_blocks_hold_every_row_in_the_order_of_the_ids(habits: str, tmp_path: Path) -> None:
    output = tmp_path / "out"

    counts = run(habits, output)

    assert counts == ImportCounts(95, 0, 10)
    assert not (output / "import.unfinished").exists()
    number = 0
    for block in range(10):
        shard = output / "blocks" / f"{block:06d}.h5"
        check_manifest(shard)
        assert json.loads(shard.with_suffix(".json").read_text())["crystals"] == min(
            10, 95 - number
        )
        found = read_raw_rows(shard)
        patterns = read_raw_patterns(shard, 0, len(found.material_id))
        for row, name in enumerate(found.material_id):
            assert name == f"crystal {number:06d}"
            assert found.spacegroup[row] == space_group(number)
            np.testing.assert_array_equal(patterns[row], bitmap(number))
            number += 1
        recorded = found.made_with["settings"]
        assert recorded["simulate"] == {"engine": "bitmap_database"}
        assert recorded["morphology"]["pixels"] == PIXELS
        assert "database" not in recorded["morphology"]
        assert np.isnan(found.intensity_max).all()
    assert number == 95
    systems = read_raw_rows(output / "blocks" / "000000.h5").text_labels["crystal_system"]
    assert systems[:3].tolist() == ["triclinic", "triclinic", "monoclinic"]


def test_postgres_and_sqlite_give_the_same_bytes(
    habits: str, postgres_habits: str, tmp_path: Path
) -> None:
    run(habits, tmp_path / "sqlite")
    run(postgres_habits, tmp_path / "postgres")

    assert products(tmp_path / "postgres") == products(tmp_path / "sqlite")


def bad_rows() -> dict[str, tuple[Any, Any, Any]]:
    right = png(bitmap(0))
    return {
        "a bitmap that is NULL": ("b01", None, 225),
        "an empty bitmap": ("b02", b"", 225),
        "a bitmap cut short": ("b03", right[:-30], 225),
        "a bitmap of one view": ("b04", png(bitmap(0)[0]), 225),
        "noise": ("b05", b"noise", 225),
        "a bitmap that is too long": ("b06", bytes(5_000_000), 225),
        "a bitmap that is a number": ("b07", 17, 225),
        "no space group": ("b08", right, None),
        "space group 0": ("b09", right, 0),
        "space group 231": ("b10", right, 231),
        "a space group with digits": ("b11", right, 2.5),
        "a space group in words": ("b12", right, "__import__('os').abort()"),
        "a huge space group": ("b13", right, "9" * 5000),
        "no finite space group": ("b14", right, float("inf")),
        "the same id": ("b15", right, 225),
        "the same id again": ("b15", right, 225),
        "no id": (None, right, 225),
        "no id again": (None, right, 225),
        "an empty id": ("", right, 225),
        "an id of blanks": ("  ", right, 225),
        "a long id": ("b" * 300, right, 225),
        "an id with a line end": ("b\n17", right, 225),
        "an id that is bytes": (b"b19", right, 225),
        "an id like a path": ("../../b20", right, 225),
    }


def test_every_kind_of_bad_row_is_rejected_and_stops_nothing(tmp_path: Path) -> None:
    content = list(bad_rows().values())
    content += [(f"a{number}", png(bitmap(number)), str(number + 1)) for number in range(25)]
    content += [("c", png(bitmap(30)), 7.0)]
    # Without a type, so that a column holds anything.
    url = sqlite_of(tmp_path / "bad.db", content, "id, bitmap, spacegroup")
    # A text that is no UTF-8.
    with sqlite3.connect(tmp_path / "bad.db") as connection:
        broken = "INSERT INTO morphology SELECT CAST(X'62ff' AS TEXT), bitmap, 1 FROM morphology"
        connection.execute(f"{broken} WHERE id = 'c'")

    counts = run(url, tmp_path / "out")

    rejected = read_rejections(tmp_path / "out" / "rejected.csv")
    reasons = {entry.id: entry.reason for entry in rejected}
    shards = sorted((tmp_path / "out" / "blocks").glob("*.h5"))
    kept = [name for shard in shards for name in read_raw_rows(shard).material_id]
    assert sorted(kept) == sorted([f"a{number}" for number in range(25)] + ["c", "../../b20"])
    assert counts.crystals == 27
    assert counts.rejected == len(rejected) == len(content) + 1 - 27
    assert [entry.id for entry in rejected[:4]] == ["", "", "b15", "b15"]
    assert reasons[""] == "its id is empty, longer than 255 characters, or cannot be printed"
    assert reasons["b01"] == "no bitmap: NULL"
    assert reasons["b06"] == "a bitmap of 5000000 bytes, more than the 4194304 allowed"
    assert reasons["b08"] == "no space group: NULL"
    assert reasons["b10"] == "space group 231 is not 1 to 230"
    assert reasons["'b\\n17'"].startswith("its id is empty")
    assert (
        reasons["'b\\udcff'"] == "its id is empty, longer than 255 characters, or cannot be printed"
    )
    assert all(entry.stage == "import_bitmaps" for entry in rejected)
    assert len({path.parent for path in shards}) == 1


def test_numbers_are_ids(tmp_path: Path) -> None:
    right = png(bitmap(1))
    content = [(number, right, 5) for number in (-3, 10, 9, 10**12)]
    # SQLite keeps a text that is no number, and a number like one that it was given as a text.
    content += [("ten", right, 5), (b"10", right, 5)]
    schema = "id INTEGER, bitmap BLOB, spacegroup INTEGER"
    url = sqlite_of(tmp_path / "numbers.db", content, schema)

    run(url, tmp_path / "out")

    found = read_raw_rows(tmp_path / "out" / "blocks" / "000000.h5").material_id
    assert found.tolist() == ["-3", "9", "10", "1000000000000"]
    rejected = read_rejections(tmp_path / "out" / "rejected.csv")
    assert [entry.id for entry in rejected] == ["ten", "3130"]


def test_repeated_ids_across_pages_are_all_rejected(tmp_path: Path) -> None:
    content = [(f"{number // 3:04d}", png(bitmap(1)), 5) for number in range(300)]
    content += [(f"z{number}", png(bitmap(1)), 5) for number in range(5)]
    # Compared without regard to case, as MySQL does.
    content += [("Z1", png(bitmap(1)), 5)]
    schema = "id TEXT COLLATE NOCASE, bitmap BLOB, spacegroup INTEGER"

    counts = run(sqlite_of(tmp_path / "twins.db", content, schema), tmp_path / "out")

    assert counts == ImportCounts(4, 302, 1)


def test_names_of_the_settings_are_only_names(tmp_path: Path, habits: str) -> None:
    table = 'x"; DROP TABLE morphology; --'
    columns = {"id_column": "a b", "bitmap_column": 'q"q', "spacegroup_column": "order"}
    strange = settings_for(table=table, **columns)
    write_table(habits, strange.of(Morphology), rows(7))

    assert run(habits, tmp_path / "strange", strange).crystals == 7
    assert run(habits, tmp_path / "out").crystals == 95


def test_images_of_another_size_are_brought_to_it_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = [
        (f"a{number}", png(bitmap(number).repeat(3, 1).repeat(3, 2)), 5) for number in (1, 2)
    ]
    url = sqlite_of(tmp_path / "large.db", content, "id TEXT, bitmap BLOB, spacegroup INTEGER")

    with caplog.at_level("INFO", logger="spacegrouper"):
        run(url, tmp_path / "out")

    patterns = read_raw_patterns(tmp_path / "out" / "blocks" / "000000.h5", 0, 2)
    np.testing.assert_array_equal(patterns[1], bitmap(2))
    said = [record.getMessage() for record in caplog.records]
    assert sum("bitmap a1 has views of 24 x 24 pixels" in line for line in said) == 1
    assert not any("a2" in line for line in said)
    assert any(line.startswith("bitmaps are image, as found from the first 2") for line in said)


class StopError(Exception):
    pass


def stopping_after(blocks: int) -> Callable[[int], None]:
    calls = iter(range(100))

    def advance(_: int) -> None:
        # The first call is of rows that have no block.
        if next(calls) == blocks:
            raise StopError

    return advance


def test_an_interrupted_import_goes_on_to_the_same_bytes(habits: str, tmp_path: Path) -> None:
    run(habits, tmp_path / "right")
    with pytest.raises(StopError):
        run(habits, tmp_path / "out", advance=stopping_after(4))
    unfinished = tmp_path / "out" / "import.unfinished"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["import.unfinished"]
    made = {path: path.stat().st_mtime_ns for path in (unfinished / "blocks").glob("*.h5")}
    assert len(made) == 4
    (unfinished / "blocks" / ".000004.h5.0.partial").write_bytes(b"of a killed program")

    run(habits, tmp_path / "out")

    assert products(tmp_path / "out") == products(tmp_path / "right")
    for path, time in made.items():
        assert (tmp_path / "out" / "blocks" / path.name).stat().st_mtime_ns == time


def test_a_damaged_block_is_made_anew(habits: str, tmp_path: Path) -> None:
    run(habits, tmp_path / "right")
    with pytest.raises(StopError):
        run(habits, tmp_path / "out", advance=stopping_after(4))
    shard = tmp_path / "out" / "import.unfinished" / "blocks" / "000002.h5"
    shard.write_bytes(shard.read_bytes()[:-100])

    run(habits, tmp_path / "out")

    assert products(tmp_path / "out") == products(tmp_path / "right")


def test_rejected_rows_between_blocks_are_named_once_after_an_interruption(tmp_path: Path) -> None:
    content = [
        (f"{number:04d}", png(bitmap(number)) if number % 4 else None, 5) for number in range(90)
    ]
    url = sqlite_of(tmp_path / "holes.db", content, "id TEXT, bitmap BLOB, spacegroup INTEGER")
    run(url, tmp_path / "right")
    for blocks in (1, 2):
        with pytest.raises(StopError):
            run(url, tmp_path / "out", advance=stopping_after(blocks))

    run(url, tmp_path / "out")

    assert products(tmp_path / "out") == products(tmp_path / "right")
    assert len(read_rejections(tmp_path / "out" / "rejected.csv")) == 23


def change(url: str, statement: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("table", "the table, or plan.block_size, has changed: the import starts anew"),
        ("block size", "the table, or plan.block_size, has changed: the import starts anew"),
        ("version", "spacegrouper 0.1 has become spacegrouper "),
    ],
)
def test_other_tables_and_settings_start_anew(
    habits: str, tmp_path: Path, what: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StopError):
        run(habits, tmp_path / "out", advance=stopping_after(4))
    settings = settings_for(block_size=7 if what == "block size" else BLOCK)
    if what == "version":
        path = tmp_path / "out" / "import.unfinished" / "settings.json"
        path.write_text(re.sub(r'"version": "[^"]*"', '"version": "0.1"', path.read_text()))
    if what == "table":
        change(habits, "DELETE FROM morphology WHERE id = 'crystal 000003'")

    run(habits, tmp_path / "out", settings)
    run(habits, tmp_path / "right", settings)

    assert line in caplog.text
    assert products(tmp_path / "out") == products(tmp_path / "right")


def test_a_table_that_changes_meanwhile_is_noticed(habits: str, tmp_path: Path) -> None:
    calls = iter(range(100))

    def advance(_: int) -> None:
        if next(calls) == 2:
            change(habits, "DELETE FROM morphology WHERE id > 'crystal 000070'")

    with pytest.raises(UserError, match=r"it had 95 rows at first, but \d+ were read"):
        run(habits, tmp_path / "out", advance=advance)

    assert not (tmp_path / "out" / "blocks").exists()
    assert run(habits, tmp_path / "out").crystals == 71


def test_an_earlier_import_stays_until_the_end(habits: str, tmp_path: Path) -> None:
    run(habits, tmp_path / "out")
    before = products(tmp_path / "out")
    change(habits, "DELETE FROM morphology WHERE id > 'crystal 000070'")
    with pytest.raises(StopError):
        run(habits, tmp_path / "out", advance=stopping_after(4))
    after = products(tmp_path / "out")
    assert {name: after[name] for name in before} == before

    run(habits, tmp_path / "out")
    run(habits, tmp_path / "right")

    assert products(tmp_path / "out") == products(tmp_path / "right")


def test_a_table_of_nothing_usable_is_one_line(tmp_path: Path) -> None:
    content = [(f"{number}", png(bitmap(1)), 300) for number in range(4)]
    url = sqlite_of(tmp_path / "none.db", content, "id TEXT, bitmap BLOB, spacegroup INTEGER")

    with pytest.raises(UserError, match="none of its 4 rows can be used: space group 300") as error:
        run(url, tmp_path / "out")

    assert "\n" not in str(error.value)
    assert len(read_rejections(tmp_path / "out" / "rejected.csv")) == 4


def test_lost_connections_are_made_again(
    postgres: PostgresServer, postgres_habits: str, tmp_path: Path
) -> None:
    run(postgres_habits, tmp_path / "right")
    waits: list[float] = []

    def terminate(_: int) -> None:
        execute(
            postgres,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid != pg_backend_pid() AND usename = 'tester'",
        )

    run(postgres_habits, tmp_path / "out", settings_for(block_size=30), terminate, waits=waits)
    run(postgres_habits, tmp_path / "right", settings_for(block_size=30))

    assert waits == [1, 1]
    assert products(tmp_path / "out") == products(tmp_path / "right")


@pytest.mark.parametrize("after_bytes", [6_000, 30_000])
def test_a_connection_cut_in_the_middle_of_an_answer(
    postgres: PostgresServer, postgres_habits: str, tmp_path: Path, after_bytes: int
) -> None:
    run(postgres_habits, tmp_path / "right")
    (tmp_path / "p").mkdir()
    proxy = CuttingProxy(tmp_path / "p", postgres.socket, after_bytes, cuts=1)
    url = postgres_habits.replace(str(postgres.folder), str(tmp_path / "p"))
    waits: list[float] = []

    run(url, tmp_path / "out", waits=waits)
    proxy.close()

    assert len(waits) == 1
    assert proxy.connections == 2
    right = products(tmp_path / "right")
    assert products(tmp_path / "out") == right


def test_a_server_that_stays_away_ends_it_and_it_goes_on_later(
    postgres: PostgresServer, postgres_habits: str, tmp_path: Path
) -> None:
    run(postgres_habits, tmp_path / "right")
    calls = iter(range(100))

    def stop_the_server(_: int) -> None:
        if next(calls) == 3:
            postgres.stop()

    waits: list[float] = []
    try:
        with pytest.raises(UserError, match=r"the table cannot be read: .*goes on from") as error:
            run(postgres_habits, tmp_path / "out", advance=stop_the_server, waits=waits)
    finally:
        postgres.start()
    assert waits == [1, 2, 4, 8, 16, 32, 60]
    assert "\n" not in str(error.value)
    assert PASSWORD not in str(error.value)

    run(postgres_habits, tmp_path / "out")

    assert products(tmp_path / "out") == products(tmp_path / "right")


def test_a_wrong_password_is_one_line_without_it(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-secret")

    with pytest.raises(UserError, match=r"cannot be read: .*; check that it runs") as error:
        open_source(postgres.url, settings_for().of(Morphology))

    assert "wrong-secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_the_drivers_own_file_is_enough(
    postgres: PostgresServer,
    postgres_habits: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:tester:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))

    run(postgres_habits, tmp_path / "out")

    written = b"".join(products(tmp_path / "out").values())
    assert PASSWORD.encode() not in written


def test_postgres_types(postgres: PostgresServer, with_password: None, tmp_path: Path) -> None:
    statement = (
        "CREATE SCHEMA minerals; CREATE TABLE minerals.habits (key uuid, picture text, n numeric); "
        "INSERT INTO minerals.habits SELECT gen_random_uuid(), "
        f"'{png(bitmap(3)).hex()}', i FROM generate_series(0, 99) i; "
        "INSERT INTO minerals.habits VALUES (gen_random_uuid(), '', 'NaN')"
    )
    execute(postgres, statement)
    columns = {"id_column": "key", "bitmap_column": "picture", "spacegroup_column": "n"}
    settings = settings_for(table="minerals.habits", **columns)
    try:
        counts = run(postgres.url, tmp_path / "out", settings)
    finally:
        execute(postgres, "DROP SCHEMA minerals CASCADE")

    assert counts == ImportCounts(99, 2, 10)
    names = read_raw_rows(tmp_path / "out" / "blocks" / "000000.h5").material_id.tolist()
    assert names == sorted(names)


MISTAKES = {
    "no table": ({"table": "nothing"}, r"no table nothing; set `morphology\.table`"),
    "no column": (
        {"bitmap_column": "image"},
        r"has no column image, but id, bitmap, spacegroup; set `morphology\.bitmap_column`",
    ),
    "another encoding": ({"encoding": "bits"}, r"^morphology\.encoding: none of the first 64"),
    "other views": ({"views": ((1, 0, 0),)}, r"^morphology\.encoding: none of the first 64"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_of_the_settings_are_one_line(habits: str, tmp_path: Path, mistake: str) -> None:
    changes, message = MISTAKES[mistake]

    with pytest.raises(UserError, match=message) as error:
        run(habits, tmp_path / "out", settings_for(**changes))

    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        open_source(f"sqlite:///{tmp_path / 'missing.db'}", settings_for().of(Morphology))

    assert not (tmp_path / "missing.db").exists()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)

    with pytest.raises(UserError, match="file is not a database"):
        open_source(f"sqlite:///{tmp_path / 'noise.db'}", settings_for().of(Morphology))


def test_ids_that_do_not_compare_exactly_are_refused(tmp_path: Path) -> None:
    url = sqlite_of(tmp_path / "real.db", [(0.5, b"", 1)], "id REAL, bitmap BLOB, spacegroup INT")

    with pytest.raises(UserError, match="id is of type REAL; name a column of texts"):
        open_source(url, settings_for().of(Morphology))


def test_raw_shards_say_what_they_are(habits: str, tmp_path: Path) -> None:
    run(habits, tmp_path / "out")

    with h5py.File(tmp_path / "out" / "blocks" / "000000.h5") as file:
        assert file["entry/data/data"].shape == (BLOCK, 2, PIXELS, PIXELS)
        assert file["entry/data/data"].dtype == np.uint8
        assert "units" not in file["entry/intensity_max"].attrs
