"""Source `prototypes`: made-up crystals."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt, field_validator

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.settings.messages import number
from spacegrouper.settings.section import Section, SpaceGroupNumber
from spacegrouper.settings.split import PARTS, different_space_groups

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection
    from spacegrouper.settings import Settings


class PrototypesSource(Section):
    """Crystals made from the AFLOW prototypes of pymatgen; needs no network and no files."""

    source: Literal["prototypes"] = "prototypes"
    space_groups: PositiveInt | tuple[SpaceGroupNumber, ...] = Field(
        8,
        description="how many space groups to fill, those with the most prototypes; or a list of "
        "them, by number or symbol",
    )
    crystals_per_space_group: PositiveInt = Field(
        60,
        description="crystals made in each of them, by substituting chemically similar elements; "
        "of listed groups, where these run out, also by changing cell and sites as symmetry allows",
    )

    @field_validator("space_groups", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return different_space_groups(value) if isinstance(value, list | tuple) else value

    @property
    def groups(self) -> int:
        """How many space groups are filled."""
        return self.space_groups if isinstance(self.space_groups, int) else len(self.space_groups)


def _read(section: PrototypesSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.prototypes import prototype_crystals

    return prototype_crystals(section, reading.seed)


def _check(source: PrototypesSource, settings: "Settings") -> Iterator[str]:
    """Yield classes that these crystals, whose number is known beforehand, cannot fill."""
    split = settings.split
    each, groups = source.crystals_per_space_group, source.groups
    if split.label == "spacegroup":
        if split.classes == "populated" and (groups < 2 or each < split.fewest):
            yield (
                f"`split.minimum_crystals`: {split.minimum_crystals} in each of two classes at "
                f"least, but `acquire` makes {number(each, 'crystal')} in each of "
                f"{number(groups, 'space group')}; lower it, or raise "
                "`acquire.crystals_per_space_group`"
            )
        if split.listed is not None and len(split.listed) > groups:
            yield (
                f"`split.classes`: {number(len(split.listed), 'space group')}, but `acquire` makes "
                f"crystals in {groups}; raise `acquire.space_groups`, or choose another source"
            )
        if each < PARTS and split.classes != "populated":
            yield (
                f"`acquire.crystals_per_space_group`: {each} cannot fill the training, validation "
                f"and test sets; raise it to {PARTS} or more"
            )
    elif split.classes == "populated" and groups * each < 2 * split.fewest:
        yield (
            f"`split.minimum_crystals`: {split.minimum_crystals} in each of two classes at least, "
            f"but `acquire` makes {number(groups * each, 'crystal')} in all; lower it"
        )


SOURCES.register(Source("prototypes", PrototypesSource, _read, check=_check))
