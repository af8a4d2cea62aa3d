"""What all sections of the settings share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, lt=1)]


SpaceGroupNumber = Annotated[int, Field(ge=1, le=230)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
