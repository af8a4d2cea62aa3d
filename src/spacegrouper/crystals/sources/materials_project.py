"""Source `materials_project`: its API."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection


class MaterialsProjectSource(Section):
    """Crystals of the Materials Project, through its API; needs a key (docs/sources.md)."""

    source: Literal["materials_project"]
    filters: dict[str, Any] = Field(
        {},
        description="arguments of mp-api's `materials.summary.search` that choose the entries, "
        "such as `{num_elements: [1, 3], energy_above_hull: [0, 0.1]}`; none: all entries",
    )
    fields: tuple[str, ...] = Field(
        (),
        description="fields of the summary that are kept with each crystal, such as "
        "`energy_above_hull`",
    )
    deprecated: bool = Field(
        False, description="also take entries that the Materials Project has deprecated"
    )
    non_commercial: bool = Field(
        False, description="also take entries under CC BY-NC, those of GNoME"
    )
    attempts: PositiveInt = Field(
        6, description="times a request is made; waits of 1, 2, 4 ... 60 s, or as asked, between"
    )


def _read(section: MaterialsProjectSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.materials_project import read_materials_project

    return read_materials_project(section, reading.part)


SOURCES.register(Source("materials_project", MaterialsProjectSource, _read, local=False))
