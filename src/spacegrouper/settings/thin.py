"""Section `thin`."""

from typing import Any, Literal

from pydantic import Field, PositiveInt, ValidationError, field_validator

from spacegrouper.errors import UserError
from spacegrouper.settings.section import Section, SpaceGroupNumber
from spacegrouper.settings.space_group_symbols import space_group_number
from spacegrouper.settings.space_groups import PAPER_TRAINED, PAPER_UNTRAINED


class Thin(Section):
    """How many crystals of each space group the run goes on with, once their groups are found."""

    crystals_per_space_group: Literal["paper"] | dict[SpaceGroupNumber, PositiveInt] | None = Field(
        None,
        min_length=1,
        description="at most so many crystals of each space group, drawn by seed and id, and of no "
        "other group: `paper`, the numbers of the paper's 102 groups; or a number for each group, "
        "by number or symbol, `{225: 300, P2_1/c: 200}`; none: all crystals",
    )

    @field_validator("crystals_per_space_group", mode="wrap")
    @classmethod
    def _paper_or_numbers(cls, value: Any, validate: Any) -> Any:
        if value is None or value == "paper":
            return value
        if not isinstance(value, dict) or not value:
            raise ValueError(
                "must be paper, or a number of crystals for each space group, `{225: 300}`"
            )
        found: dict[int, Any] = {}
        for name, crystals in value.items():
            try:
                group = space_group_number(name)
            except UserError as error:
                raise ValueError(str(error)) from None
            if group in found:
                raise ValueError(f"space group {group} is there twice")
            found[group] = crystals
        try:
            # pydantic takes true for 1.
            return validate({group: str(crystals) for group, crystals in found.items()})
        except ValidationError:
            # Otherwise there would be a line for each of the kinds.
            raise ValueError("each group needs a whole number of crystals, 1 or more") from None

    @property
    def counts(self) -> dict[int, int] | None:
        """The crystals of each space group, at most; None: all there are, of all groups."""
        if self.crystals_per_space_group == "paper":
            return PAPER_TRAINED | PAPER_UNTRAINED
        return self.crystals_per_space_group
