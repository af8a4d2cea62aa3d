import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy
from PIL import Image

from spacegrouper.errors import UserError
from spacegrouper.techniques.morphology.bitmap_table import (
    Row,
    bitmap_table,
    encode_png,
    open_engine,
    write_sqlite,
    write_table,
)
from spacegrouper.techniques.morphology.settings import Morphology

SETTINGS = Morphology(
    table="habits", id_column="name", bitmap_column="picture", spacegroup_column="number"
)


def rows(count: int) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    for number in range(count):
        yield f"crystal {number:04d}", rng.integers(0, 256, (2, 5, 5), dtype=np.uint8), number + 1


def read(path: Path) -> list[tuple[str, bytes, int]]:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        statement = sqlalchemy.text("SELECT name, picture, number FROM habits ORDER BY name")
        return [tuple(row) for row in connection.execute(statement)]


def test_a_file_holds_every_row_under_the_names_of_the_settings(tmp_path: Path) -> None:
    # More than are sent at a time.
    assert write_sqlite(tmp_path / "habits.db", SETTINGS, rows(1100)) == 1100

    found = read(tmp_path / "habits.db")
    assert len(found) == 1100
    for (name, png, number), (wanted, bitmaps, space_group) in zip(found, rows(1100), strict=True):
        assert (name, number) == (wanted, space_group)
        # The views one below the other.
        image = Image.open(io.BytesIO(png))
        assert (image.format, image.mode, image.size) == ("PNG", "L", (5, 10))
        np.testing.assert_array_equal(np.asarray(image), np.vstack(list(bitmaps)))


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.db", "other.db"):
        write_sqlite(tmp_path / name, SETTINGS, rows(600))

    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "other.db").read_bytes()


def test_a_failure_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "habits.db"
    write_sqlite(path, SETTINGS, rows(3))

    def failing() -> Iterator[Row]:
        yield from rows(600)
        raise UserError("stop")

    with pytest.raises(UserError, match="stop"):
        write_sqlite(path, SETTINGS, failing())

    assert len(read(path)) == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["habits.db"]


def test_a_failure_leaves_no_half_filled_table_in_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'habits.db'}"

    def repeated() -> Iterator[Row]:
        yield from rows(600)
        yield from rows(1)

    with pytest.raises(UserError) as error:
        write_table(url, SETTINGS, repeated())

    assert "nothing was written: UNIQUE constraint failed: habits.name" in str(error.value)
    assert "\n" not in str(error.value)
    assert write_table(url, SETTINGS, rows(5)) == 5
    with pytest.raises(UserError, match=r"^morphology\.table: habits is in the database already"):
        write_table(url, SETTINGS, rows(5))
    assert len(read(tmp_path / "habits.db")) == 5


def test_rows_are_taken_as_they_are_written(tmp_path: Path) -> None:
    alive: list[int] = []

    def counted() -> Iterator[Row]:
        for row in rows(2000):
            alive.append(1)
            yield row

    engine_rows: list[int] = []

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def count(connection, cursor, statement, parameters, context, executemany) -> None:
        if executemany:
            engine_rows.append(len(alive))

    try:
        write_sqlite(tmp_path / "habits.db", SETTINGS, counted())
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", count)

    assert engine_rows == [512, 1024, 1536, 2000]


def test_a_schema_is_told_from_the_tables_name() -> None:
    table = bitmap_table(SETTINGS.model_copy(update={"table": "minerals.habits"}))

    assert (table.schema, table.name) == ("minerals", "habits")
    assert table.columns.keys() == ["name", "picture", "number"]
    assert bitmap_table(SETTINGS).schema is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:secret@host/name",
        "mysql+pymysql://me@host/name?password=secret",
        "mysql+pymysql://me@host/name?passwd=secret",
        "postgresql+psycopg://me@host/name?sslpassword=secret",
        "postgresql+psycopg://me:secret@host/name?password=secret",
    ],
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UserError, match="a password in the URL; leave it out") as error:
        open_engine(url)

    assert "secret" not in str(error.value)
    assert "host/name" in str(error.value)


@pytest.mark.parametrize(
    "url", ["no url secret", "nonsense://secret@host/name", "oracle+nonsense://secret@host"]
)
def test_an_unknown_database_is_a_users_mistake(url: str) -> None:
    with pytest.raises(
        UserError, match=r"^the database cannot be reached: .*; give a URL"
    ) as error:
        open_engine(url)

    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'missing' / 'habits.db'}"

    with pytest.raises(UserError, match=r"habits\.db: nothing was written: unable to open"):
        write_table(url, SETTINGS, rows(1))


def test_png_is_grey_and_lossless() -> None:
    bitmap = np.arange(256, dtype=np.uint8).reshape(8, 32)

    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(bitmap)))), bitmap)
