"""What all sections of the settings share."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0, lt=1)]


SpaceGroupNumber = Annotated[int, Field(ge=1, le=230)]

# Of a folder in results/, which no name may lead out of.
RUN_NAME = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$"


class Contradiction(NamedTuple):
    """Keys that cannot have the values they have, the one to look at first, and why.

    Keys are written from where the contradiction is found: `aperture` within a section, and
    `simulate.aperture` by all sections together.
    """

    keys: tuple[str, ...]
    reason: str


class ContradictionError(ValueError):
    """Settings contradict each other; carries all that was found, so that all are told at once."""

    def __init__(self, contradictions: Sequence[Contradiction]) -> None:
        super().__init__("; ".join(f"`{keys[0]}`: {reason}" for keys, reason in contradictions))
        self.contradictions = tuple(contradictions)


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )

    @classmethod
    def key(cls) -> str:
        """Return its name in the configuration: that of the class, in small letters."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield what the keys of this section, each well by itself, cannot be together."""
        yield from ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if found := list(self.contradictions()):
            raise ContradictionError(found)
        return self

    @model_validator(mode="before")
    @classmethod
    def _truth_is_no_number(cls, content: Any) -> Any:
        """Refuse true for 1, and 1 or "yes" for true, which pydantic takes."""
        if not isinstance(content, dict):
            return content
        found = []
        for key, field in cls.model_fields.items():
            if key not in content:
                continue
            if field.annotation is bool:
                if not isinstance(content[key], bool):
                    found.append(Contradiction((key,), "must be true or false"))
            elif _holds_truth(content[key]) and not _takes_anything(field.annotation):
                reason = "cannot be true or false, as YAML also reads yes, no, on and off"
                found.append(Contradiction((key,), f"{reason}; put words in quotes"))
        if found:
            raise ContradictionError(found)
        return content


def _takes_anything(annotation: Any) -> bool:
    return annotation is Any or any(_takes_anything(part) for part in get_args(annotation))


def _holds_truth(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_truth(part) for part in value)
    return isinstance(value, bool)
