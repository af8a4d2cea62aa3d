"""Section `split`."""

from typing import Any, Literal, Self, get_args

from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from spacegrouper.settings.section import Fraction, Section, SpaceGroupNumber

ClassPreset = Literal["populated", "all", "groups_8", "groups_20", "groups_49", "groups_72"]


class Split(Section):
    """Which space groups are classes, and which crystals teach, validate and test."""

    label: str = Field(
        "spacegroup",
        description="what is told apart: `spacegroup`, `crystal_system`, or one of "
        "standardise.labels",
    )
    classes: ClassPreset | tuple[SpaceGroupNumber, ...] | tuple[str, ...] = Field(
        "populated",
        description="the classes told apart: `populated`, those with minimum_crystals; `all` "
        "that are present; `groups_8`, `groups_20`, `groups_49`, `groups_72` "
        "(settings/space_groups.py); or a list of space-group numbers, or names of the label's",
    )
    minimum_crystals: PositiveInt = Field(
        295,
        description="`populated`: space groups with fewer crystals are no classes (the paper's 72: "
        "295)",
    )
    maximum_crystals: PositiveInt | None = Field(
        None, description="crystals of each class that are used; none: all"
    )
    method: Literal["random", "prototype"] = Field(
        "random",
        description="`random`, the paper's, or `prototype`: all crystals of one prototype are in "
        "one part, so that test crystals are of kinds never learnt from",
    )
    train: Fraction = Field(0.8, gt=0, description="share of each class that is learnt from")
    validation: Fraction = Field(
        0.1, gt=0, description="share of each class that decides when to stop"
    )
    test: Fraction = Field(0.1, gt=0, description="share of each class that is only tested")

    @field_validator("classes", mode="wrap")
    @classmethod
    def _presets_or_different_groups(cls, value: Any, validate: Any) -> Any:
        try:
            classes = validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            names = ", ".join(get_args(ClassPreset))
            raise ValueError(
                f"must be one of {names}, or a list of space-group numbers, 1 to 230, or of names"
            ) from None
        if not isinstance(classes, str) and not len(set(classes)) == len(classes) > 1:
            raise ValueError("must be two or more different classes")
        return classes

    @model_validator(mode="after")
    def _classes_are_of_the_label(self) -> Self:
        if self.classes in ("populated", "all"):
            return self
        numbers = isinstance(self.classes, str) or isinstance(self.classes[0], int)
        if numbers != (self.label == "spacegroup"):
            kind = "space groups" if numbers else "names"
            raise ValueError(f"`classes` are {kind}, but `label` is {self.label}")
        return self

    @model_validator(mode="after")
    def _shares_fill_the_whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self
