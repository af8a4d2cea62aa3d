"""Reading a table of bitmaps: a page of rows at a time, in the order of their ids, patiently.

SQLAlchemy reaches SQLite, PostgreSQL and MySQL alike. Passwords are none of our business: the
drivers find them in their own files and in the environment (docs/morphology.md).

Names of tables and columns come from the settings, and are quoted by SQLAlchemy; values are bound.
A page begins after the last id of the one before it, so memory does not grow with the table, and a
lost connection costs no more than a page. A table that is written to meanwhile is noticed by its
number of rows, its first and its last id, and by nothing else.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Integer, MetaData, String, Table, Uuid, case, func, select
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.types import NullType

from spacegrouper.errors import UserError
from spacegrouper.settings.database_url import holds_password
from spacegrouper.techniques.morphology.bitmap_encodings import largest_value
from spacegrouper.techniques.morphology.settings import Morphology

log = logging.getLogger(__name__)

_PAGE = 64  # rows; their bitmaps are in memory together
_ATTEMPTS = 8
_LONGEST_WAIT = 60.0  # s


@dataclass(frozen=True)
class BitmapRow:
    """A row as it is in the table; `length`: of the bitmap, which is None where it is too long."""

    id: Any
    bitmap: Any
    length: int | None
    spacegroup: Any


@dataclass(frozen=True)
class TableExtent:
    """How many rows a table has, how many of them have no id, and the first and the last id."""

    rows: int
    without_id: int
    first_id: str
    last_id: str


@dataclass(frozen=True)
class BitmapSource:
    """A table of bitmaps to read: where it is, and its columns; `wait` is called with seconds."""

    engine: sqlalchemy.Engine
    id: sqlalchemy.Column[Any]
    bitmap: sqlalchemy.Column[Any]
    spacegroup: sqlalchemy.Column[Any]
    largest_value: int
    wait: Callable[[float], None]


def open_source(
    url: str, settings: Morphology, wait: Callable[[float], None] = time.sleep
) -> BitmapSource:
    """Connect to a database and look at the columns of its table.

    Raises UserError for what is no URL, an unknown kind of database, a URL with a password, which
    is not repeated, a database that does not answer, and a table or column that it does not have.
    """
    engine = _engine(url)
    database = engine.url.database
    if engine.dialect.name == "sqlite" and not (database and Path(database).is_file()):
        # SQLite would make an empty one.
        raise UserError(f"{url}: there is no such file; give the path of a SQLite database")
    if engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(engine, "connect", _keep_undecodable_texts)
    schema, _, name = settings.table.rpartition(".")
    try:
        with warnings.catch_warnings():
            # Of types that it does not know; they are of other columns.
            warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
            table = Table(
                name,
                MetaData(),
                schema=schema or None,
                autoload_with=engine,
                resolve_fks=False,
            )
    except NoSuchTableError:
        raise UserError(
            f"{_address(engine)}: no table {settings.table}; set `morphology.table`"
        ) from None
    except SQLAlchemyError as error:
        raise UserError(
            f"{_address(engine)}: the database cannot be read: {_scrubbed(error)}; check that it "
            "runs, and the user's name and password (docs/morphology.md)"
        ) from None
    keys = ("id_column", "bitmap_column", "spacegroup_column")
    for key in keys:
        if getattr(settings, key) not in table.columns:
            raise UserError(
                f"{_address(engine)}: table {settings.table} has no column "
                f"{getattr(settings, key)}, but {', '.join(table.columns.keys())}; set "
                f"`morphology.{key}`"
            )
    id_column, bitmap, space_group = (table.columns[getattr(settings, key)] for key in keys)
    # Pages rest on ids that compare as they were read, which floating-point numbers may not.
    typeless = engine.dialect.name == "sqlite" and isinstance(id_column.type, NullType)
    if not (isinstance(id_column.type, String | Integer | Uuid) or typeless):
        raise UserError(
            f"morphology.id_column: {settings.id_column} is of type {id_column.type}; name a "
            "column of texts or whole numbers"
        )
    if isinstance(id_column.type, Uuid):
        id_column.type = Uuid(as_uuid=False)
    return BitmapSource(engine, id_column, bitmap, space_group, largest_value(settings), wait)


def measure_table(source: BitmapSource) -> TableExtent:
    """Count the rows of a table; raises UserError as `read_rows` does."""
    ((rows, with_id),) = _fetch(source, select(func.count(), func.count(source.id)))
    # Not their minimum and maximum, which PostgreSQL does not know of a UUID.
    ends = [
        _fetch(source, select(source.id).where(source.id.is_not(None)).order_by(order).limit(1))
        for order in (source.id.asc(), source.id.desc())
    ]
    first, last = (ascii([name for (name,) in end]) for end in ends)
    return TableExtent(rows, rows - with_id, first, last)


def repeated_ids(source: BitmapSource) -> list[Any]:
    """Return the id of each row that has it in common with another, as the database compares them.

    They are all in memory. Raises UserError as `read_rows` does.
    """
    other = source.id.table.alias()
    other_id = other.columns[source.id.key]
    several = select(other_id).group_by(other_id).having(func.count() > 1)
    statement = select(source.id).where(source.id.in_(several)).order_by(source.id)
    return [name for (name,) in _fetch(source, statement)]


def read_rows(source: BitmapSource, after: Any) -> Iterator[BitmapRow]:
    """Yield the rows whose id comes after another one (None: all that have an id), by their ids.

    Of several rows with one id some may be left out. Raises UserError where the database does not
    answer, after several attempts if it has before.
    """
    length = func.length(source.bitmap)
    columns = select(
        source.id,
        case((length <= source.largest_value, source.bitmap)),
        length,
        source.spacegroup,
    )
    while True:
        rows = source.id.is_not(None) if after is None else source.id > _bound(after)
        page = _fetch(source, columns.where(rows).order_by(source.id).limit(_PAGE))
        for row in page:
            yield BitmapRow(*row)
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _engine(url: str) -> sqlalchemy.Engine:
    """Return what connects to a database; nothing is connected yet."""
    try:
        parsed = sqlalchemy.make_url(url)
        if holds_password(url):
            raise UserError(
                f"{parsed.render_as_string(hide_password=True).partition('?')[0]}: a password in "
                "the URL; leave it out and give it in the driver's own file or environment "
                "variable (docs/morphology.md)"
            )
        return sqlalchemy.create_engine(parsed)
    except ImportError as error:
        raise UserError(
            f"the database cannot be reached: {error}; run `pip install '.[databases]'`, "
            "which has drivers for postgresql+psycopg:// and mysql+pymysql://"
        ) from None
    except sqlalchemy.exc.ArgumentError as error:
        # It does not repeat the URL, of which a part may be a password.
        raise UserError(
            f"the database cannot be reached: {type(error).__name__}; give a URL such as "
            "sqlite:///habits.db or postgresql+psycopg://host/name"
        ) from None


def _fetch(source: BitmapSource, statement: sqlalchemy.Select[Any]) -> Sequence[Sequence[Any]]:
    """Return all rows of a statement; a connection that is lost is made again, after a while."""
    attempt = 1
    while True:
        try:
            with source.engine.connect() as connection:
                return connection.execute(statement).fetchall()
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            # A new connection may fail in any way while the server starts again; what the server
            # says to a statement will not change.
            passing = isinstance(error, DBAPIError) and (
                error.connection_invalidated or error.statement is None
            )
            if not passing or attempt == _ATTEMPTS:
                raise UserError(
                    f"{_address(source.engine)}: the table cannot be read: {_scrubbed(error)}; "
                    "mend it and start again: it goes on from the last finished block"
                ) from None
            pause = min(2.0 ** (attempt - 1), _LONGEST_WAIT)
            log.warning(
                "%s: %s; trying again in %g s", _address(source.engine), _scrubbed(error), pause
            )
            source.wait(pause)
            attempt += 1


def _keep_undecodable_texts(connection: Any, record: Any) -> None:
    # SQLite stores texts unchecked; one that is no UTF-8 would end the whole page with an error.
    connection.text_factory = lambda content: content.decode(errors="surrogateescape")


def _bound(value: Any) -> Any:
    """Return an id as a value to compare with; one that SQLite kept undecoded as the same bytes."""
    if isinstance(value, str) and not value.isascii():
        content = value.encode(errors="surrogateescape")
        if content != value.encode(errors="replace"):
            return sqlalchemy.cast(
                sqlalchemy.literal(content, sqlalchemy.LargeBinary), sqlalchemy.Text
            )
    return value


def _address(engine: sqlalchemy.Engine) -> str:
    return engine.url.set(query={}).render_as_string(hide_password=True)


def _scrubbed(error: Exception) -> str:
    """Return the first line of what a driver says, without the password of the environment."""
    reason = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    line = reason.splitlines()[0]
    password = os.environ.get("PGPASSWORD")
    return line.replace(password, "***") if password else line
