"""Section `morphology`, and what it cannot be together with others."""

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, PositiveInt, field_validator

from spacegrouper.settings.database_url import holds_password
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Contradiction, Section


class Morphology(Section):
    """Bitmaps of the habits of crystals (docs/morphology.md)."""

    database: str | None = Field(
        None,
        description="SQLAlchemy URL of a database of bitmaps, such as `sqlite:///habits.db` or "
        "`postgresql+psycopg://host/name`, without a password (docs/morphology.md); for the engine "
        "`bitmap_database`",
    )
    table: str = Field("morphology", description="the table, or `schema.table`")
    id_column: str = Field("id", description="column of the identifier, different in each row")
    bitmap_column: str = Field("bitmap", description="column of the encoded bitmap")
    spacegroup_column: str = Field(
        "spacegroup", description="column of the space-group number, 1 to 230"
    )
    encoding: Literal["auto", "image", "bits", "bytes", "run_length"] = Field(
        "auto",
        description="of the bitmaps, bare or as base64 or hexadecimal text: `image` (PNG or JPEG), "
        "`bits` (eight pixels a byte), `bytes` (a pixel a byte), `run_length`; `auto`: found from "
        "the first rows",
    )
    pixels: PositiveInt = Field(
        128, le=8192, description="pixels along each edge of a view, of bitmaps drawn or read"
    )
    views: tuple[tuple[float, float, float], ...] = Field(
        ((1.0, 0.12, 0.07), (0.07, 1.0, 0.12), (0.12, 0.07, 1.0)),
        min_length=1,
        description="directions from which a crystal is drawn, in its Cartesian frame; bitmaps "
        "from a database that hold several views hold them one below the other",
    )
    drawing: Literal["silhouette", "shaded"] = Field(
        "shaded", description="white on black, or each face as bright as it faces the light"
    )
    largest_index: PositiveInt = Field(
        3,
        le=15,  # of which there are a million, with those that symmetry makes equivalent
        description="faces with Miller indices up to this are considered",
    )

    @field_validator("database")
    @classmethod
    def _database_needs_no_password(cls, value: str | None) -> str | None:
        if value is not None and holds_password(value):
            raise ValueError(
                "the URL holds a password; leave it out and give it in the driver's own file or "
                "environment variable (docs/morphology.md)"
            )
        return value

    @field_validator("views")
    @classmethod
    def _directions_have_a_length(
        cls, value: tuple[tuple[float, float, float], ...]
    ) -> tuple[tuple[float, float, float], ...]:
        for direction in value:
            if not 0 < math.hypot(*direction) < math.inf:
                raise ValueError(f"{list(direction)} is no direction to look from")
        return value


def check(settings: Settings) -> Iterator[Contradiction]:
    """Yield a database that is missing, and a parent that a database cannot go on from."""
    if settings.engine.crystals:
        if settings.standardise.setting != "standard":
            yield Contradiction(
                ("standardise.setting", "simulate.engine"),
                "`engine: morphology` draws the faces that the space group makes equivalent, in "
                "its standard cell; leave it out",
            )
        return
    if settings.of(Morphology).database is None:
        yield Contradiction(
            ("morphology.database", "simulate.engine"),
            "is needed by `engine: bitmap_database`; give its URL",
        )
    if settings.release.parent is not None:
        yield Contradiction(
            ("release.parent", "simulate.engine"),
            "what a database holds cannot go on from another run; leave it out: all is read anew",
        )
