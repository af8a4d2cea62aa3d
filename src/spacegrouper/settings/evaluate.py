"""Section `evaluate`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError, field_validator

from spacegrouper.settings.section import Contradiction, Section


class Evaluate(Section):
    """What is measured on the test crystals."""

    batch_size: PositiveInt = Field(32, description="crystals predicted at a time")
    measured: bool = Field(
        False,
        description="test crystals are changed at random as in training (`measurement` of "
        "reflections, `augment` of powders), as if they had been measured",
    )
    forest: NonNegativeInt = Field(
        300,
        description="trees of the baseline, a forest that is shown the same numbers as the "
        "network: minutes beside the hours of training; 0: none",
    )
    unseen_groups: NonNegativeInt | Literal["groups_untrained"] = Field(
        30,
        description="untrained space groups that the network's embeddings are tested on: so many, "
        "two or more, the most populous ones; `groups_untrained`, those of the paper's 30 that "
        "the data have; 0: none",
    )
    unseen_minimum_crystals: Annotated[int, Field(ge=2)] = Field(
        20, description="crystals in such a space group, at least; half are the reference"
    )
    unseen_maximum_crystals: PositiveInt = Field(
        100, description="crystals taken from such a space group, at most"
    )

    @field_validator("unseen_groups", mode="wrap")
    @classmethod
    def _none_or_several(cls, value: Any, validate: Any) -> Any:
        try:
            found = validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            found = 1
        if found == 1:
            raise ValueError(
                "must be 0, or two or more (one group is told apart from nothing), or "
                "groups_untrained"
            )
        return found

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield limits of the untrained groups that no group can meet."""
        if self.unseen_minimum_crystals > self.unseen_maximum_crystals:
            yield Contradiction(
                ("unseen_minimum_crystals", "unseen_maximum_crystals"),
                f"must be no more than `unseen_maximum_crystals`, but they are "
                f"{self.unseen_minimum_crystals} and {self.unseen_maximum_crystals}",
            )
