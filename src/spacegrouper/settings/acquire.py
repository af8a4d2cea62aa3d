"""Section `acquire`: where the crystals come from, one class for each kind of source."""

from typing import Any, Literal

from pydantic import Field, PositiveInt

from spacegrouper.settings.paths import UserPath
from spacegrouper.settings.section import Section


class PrototypesSource(Section):
    """Crystals made from the AFLOW prototypes of pymatgen; needs no network and no files."""

    source: Literal["prototypes"] = "prototypes"
    space_groups: PositiveInt = Field(8, description="how many space groups to fill")
    crystals_per_space_group: PositiveInt = Field(
        60, description="crystals made in each of them, by substituting chemically similar elements"
    )


class JsonLinesSource(Section):
    """Crystals from a file of JSON lines (see docs/structures.md)."""

    source: Literal["json_lines"]
    path: UserPath = Field(description="the file, `.jsonl` or `.jsonl.gz`")


class CifTreeSource(Section):
    """Crystals from a folder of CIF files, searched through all its sub-folders."""

    source: Literal["cif_tree"]
    path: UserPath = Field(
        description="the folder; every file named `*.cif` or `*.cif.gz` is read, in capitals too"
    )


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
