"""Section `standardise`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Section

# What makes a record a crystal.
_OWN_KEYS = ("id", "lattice", "species", "frac_coords")


class Standardise(Section):
    """The cells that crystals are written in, space groups and identities (spglib and pymatgen)."""

    symprec: Annotated[
        float, Quantity("Angstrom", 1e-6, 1, 0.1, (("m", 1e10), ("nm", 10), ("pm", 0.01)))
    ] = Field(0.1, description="distance tolerance of the symmetry search, Angstrom")
    angle_tolerance: Annotated[float, Quantity("degrees", 0.01, 30)] = Field(
        5.0, description="angle tolerance of the symmetry search, degrees"
    )
    setting: Literal["standard", "reduced"] = Field(
        "standard",
        description="the cell: `standard`, the conventional one, idealised, which is made from the "
        "symmetry; or `reduced`, that of the lattice alone, as a measurement knows it",
    )
    metric_tolerance: Annotated[float, Quantity("degrees", 0.01, 5)] = Field(
        1.0,
        description="with `setting: reduced`, what a two-fold axis of the lattice may be off, "
        "degrees",
    )
    max_sites: PositiveInt = Field(
        500,
        le=10_000,  # the search for symmetry takes hours for ten times as many
        description="crystals with more sites in the standard conventional cell are rejected",
    )
    labels: tuple[Annotated[str, Field(pattern=r"^\w[\w.+-]*$")], ...] = Field(
        (),
        description="further keys of the source's records that the dataset keeps as text, such as "
        "`material_group`: `split.label` may name one",
    )

    @field_validator("labels")
    @classmethod
    def _keys_of_the_source(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if own := [name for name in value if name in _OWN_KEYS]:
            raise ValueError(f"`{own[0]}` is no further key: it is part of every record")
        return value
