"""A table of bitmaps in a database, as other people have them."""

import io
from collections.abc import Iterable

import numpy as np
import sqlalchemy
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table

from spacegrouper.techniques.morphology.settings import Morphology


def png(bitmaps: NDArray[np.uint8]) -> bytes:
    """A grey PNG file of bitmaps (views, y, x), one below the other."""
    file = io.BytesIO()
    Image.fromarray(bitmaps.reshape(-1, bitmaps.shape[-1])).save(file, "PNG")
    return file.getvalue()


def write_table(
    url: str, settings: Morphology, rows: Iterable[tuple[str, NDArray[np.uint8], int]]
) -> None:
    """Make the table that the settings name; `rows`: id, bitmaps, space group."""
    names = (settings.id_column, settings.bitmap_column, settings.spacegroup_column)
    kinds = (String(255), LargeBinary(), Integer())
    columns = [Column(name, kind) for name, kind in zip(names, kinds, strict=True)]
    table = Table(settings.table, MetaData(), *columns)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        table.create(connection)
        content = [(name, png(bitmaps), group) for name, bitmaps, group in rows]
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in content])
    engine.dispose()
