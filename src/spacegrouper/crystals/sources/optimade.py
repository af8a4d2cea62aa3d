"""Source `optimade`: databases with this interface."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field, PositiveInt

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection


class OptimadeSource(Section):
    """Crystals of any database with an OPTIMADE interface (docs/sources.md)."""

    source: Literal["optimade"]
    provider: str = Field(
        description="base URL of the database, or its alias in pymatgen: `mp`, `cod`, `oqmd`, "
        "`alexandria.pbe`, `jarvis` ..."
    )
    filter: str = Field(
        "", description='OPTIMADE filter, such as `nelements<=3 AND elements HAS "O"`; none: all'
    )
    fields: tuple[str, ...] = Field(
        (),
        description="properties that are kept with each crystal, such as "
        "`chemical_formula_reduced`",
    )
    page_size: PositiveInt | None = Field(
        None, description="entries in a page; none: as many as the provider chooses"
    )
    attempts: PositiveInt = Field(
        6, description="times a request is made; waits of 1, 2, 4 ... 60 s, or as asked, between"
    )


def _read(section: OptimadeSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.optimade import read_optimade

    return read_optimade(section, reading.part)


SOURCES.register(Source("optimade", OptimadeSource, _read, local=False))
