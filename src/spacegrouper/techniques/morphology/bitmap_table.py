"""The table of bitmaps in a database: how it looks, how it is reached and how it is written.

SQLAlchemy reaches SQLite, PostgreSQL and MySQL alike. Passwords are none of our business: the
drivers find them in their own files and in the environment (docs/morphology.md).
"""

import errno
import io
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table

from spacegrouper.atomic import written_aside
from spacegrouper.disk_errors import explain
from spacegrouper.errors import UserError
from spacegrouper.settings.database_url import holds_password
from spacegrouper.techniques.morphology.settings import Morphology

_ROWS = 512  # sent to the database at a time

# An identifier, bitmaps (views, pixels, pixels), and a space-group number.
Row = tuple[str, NDArray[np.uint8], int]


def bitmap_table(settings: Morphology) -> Table:
    """Return the table by the names of the settings: an id (the key), a bitmap, a space group."""
    schema, _, name = settings.table.rpartition(".")
    return Table(
        name,
        MetaData(schema=schema or None),
        Column(settings.id_column, String(255), primary_key=True),
        Column(settings.bitmap_column, LargeBinary, nullable=False),
        Column(settings.spacegroup_column, Integer, nullable=False),
    )


def open_engine(url: str) -> sqlalchemy.Engine:
    """Return what connects to a database; nothing is connected yet.

    Raises UserError for what is no URL, an unknown kind of database, and a URL with a password,
    which is not repeated.
    """
    try:
        parsed = sqlalchemy.make_url(url)
        if holds_password(url):
            raise UserError(
                f"{parsed.render_as_string(hide_password=True).partition('?')[0]}: a password in "
                "the URL; leave it out and give it in the driver's own file or environment "
                "variable (docs/morphology.md)"
            )
        return sqlalchemy.create_engine(parsed)
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        # Neither error repeats the URL, of which a part may be a password.
        reason = type(error).__name__ if isinstance(error, sqlalchemy.exc.ArgumentError) else error
        raise UserError(
            f"the database cannot be reached: {reason}; give a URL such as sqlite:///habits.db or "
            "postgresql+psycopg://host/name"
        ) from None


def write_sqlite(path: Path, settings: Morphology, rows: Iterable[Row]) -> int:
    """Write a new SQLite file; return how many rows. An earlier file is replaced at the end.

    Equal rows and settings give equal bytes.
    """
    with written_aside(path) as aside:
        aside.touch()  # the system says why it cannot, and SQLite does not
        return write_table(f"sqlite:///{aside}", settings, rows)


def write_table(url: str, settings: Morphology, rows: Iterable[Row]) -> int:
    """Make the table and fill it, within one transaction; return how many rows.

    Bitmaps are PNG files, the views one below the other. `rows` are taken as they are written.
    Raises UserError for a table that is there already, and what the database says against it.
    """
    engine = open_engine(url)
    try:
        return _create_and_fill(engine, settings, rows)
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        if "disk is full" in reason:  # SQLite's words
            what = explain(errno.ENOSPC)
        else:
            what = f"{reason}; check the database and start again"
        raise UserError(
            f"{engine.url.render_as_string(hide_password=True)}: nothing was written: {what}"
        ) from None
    finally:
        engine.dispose()


def _create_and_fill(engine: sqlalchemy.Engine, settings: Morphology, rows: Iterable[Row]) -> int:
    table = bitmap_table(settings)
    written = 0
    created = False
    try:
        with engine.begin() as connection:
            if sqlalchemy.inspect(connection).has_table(table.name, schema=table.schema):
                raise UserError(
                    f"morphology.table: {settings.table} is in the database already; drop it or "
                    "give another name"
                )
            table.create(connection)
            created = True
            remaining = iter(rows)
            while batch := [_values(row, settings) for row in islice(remaining, _ROWS)]:
                connection.execute(table.insert(), batch)
                written += len(batch)
    except BaseException:
        # SQLite and MySQL take back the rows of a transaction, but not its table. A database that
        # is gone must not hide the first error.
        if created:
            with suppress(sqlalchemy.exc.SQLAlchemyError), engine.begin() as connection:
                table.drop(connection, checkfirst=True)
        raise
    return written


def encode_png(bitmap: NDArray[np.uint8]) -> bytes:
    """Return a grey PNG file of a bitmap (rows, columns)."""
    file = io.BytesIO()
    Image.fromarray(bitmap).save(file, format="PNG")
    return file.getvalue()


def _values(row: Row, settings: Morphology) -> dict[str, Any]:
    name, bitmaps, space_group = row
    return {
        settings.id_column: name,
        settings.bitmap_column: encode_png(bitmaps.reshape(-1, bitmaps.shape[-1])),
        settings.spacegroup_column: space_group,
    }
