"""Section `split`."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args

from pydantic import Field, PositiveInt, ValidationError, ValidationInfo, field_validator

from spacegrouper.errors import UserError
from spacegrouper.settings.section import Contradiction, Fraction, Section, SpaceGroupNumber
from spacegrouper.settings.space_group_symbols import space_group_number
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS, SPACE_GROUPS

ClassPreset = Literal["populated", "all", "groups_8", "groups_20", "groups_49", "groups_72"]

MINIMUM_OF_PAPER = 295
PARTS = 3  # training, validation and test set, each with a crystal of each class at least
# What is tried instead where the data do not have so many crystals.
FEWER_CRYSTALS = (100, 30, 10, PARTS)

_NO_CLASSES = (
    f"must be one of {', '.join(get_args(ClassPreset))}, or a list of space groups, by number or "
    "symbol, or of names"
)


class Split(Section):
    """The classes, and which crystals train, validate and test."""

    label: str = Field(
        "spacegroup",
        description="what the classes are: `spacegroup`, `crystal_system`, or one of "
        "standardise.labels",
    )
    classes: ClassPreset | tuple[SpaceGroupNumber, ...] | tuple[str, ...] = Field(
        "populated",
        description="the classes: `populated`, those with minimum_crystals; `all` that are "
        "present; `groups_8`, `groups_20`, `groups_49`, `groups_72` "
        "(settings/space_groups.py); or a list of space groups, by number or symbol (`Fm-3m`), "
        "or of names of the label's",
    )
    minimum_crystals: PositiveInt = Field(
        MINIMUM_OF_PAPER,
        description="`populated`: space groups with fewer crystals are left out (the paper's 72: "
        "295); where no two have 295, the largest of 100, 30, 10 and 3 that keeps two of them and "
        "half of all crystals",
    )
    maximum_crystals: PositiveInt | None = Field(
        None, description="crystals used of each class, at most; none: all"
    )
    method: Literal["random", "prototype"] = Field(
        "random",
        description="`random`, the paper's, or `prototype`: all crystals of one prototype are in "
        "the same set, so that the test set holds prototypes unseen in training",
    )
    train: Fraction = Field(0.8, gt=0, description="share of each class in the training set")
    validation: Fraction = Field(
        0.1,
        gt=0,
        description="share of each class in the validation set, which decides when to stop",
    )
    test: Fraction = Field(0.1, gt=0, description="share of each class in the test set")
    training_share: float = Field(
        1,
        gt=0,
        le=1,
        description="share of each class's training set that is used, one crystal at least, or of "
        "`prototype` whole prototypes; smaller shares are parts of larger ones, and the validation "
        "and test sets stay as they are: for a learning curve",
    )
    training_only: str | None = Field(
        None,
        description="one of standardise.labels: crystals that have it, such as `synthetic`, are "
        "never in the validation or test set, which are as without them; with `prototype`, none "
        "trains whose prototype is held out",
    )

    @property
    def listed(self) -> tuple[int, ...] | tuple[str, ...] | None:
        """The classes where they are listed, one by one or by a preset; None: the data decide."""
        if isinstance(self.classes, str):
            return SPACE_GROUPS.get(self.classes)
        return self.classes

    @property
    def fewest(self) -> int:
        """The crystals that a class of `populated` must have, where the data have no more."""
        default = self.minimum_crystals == MINIMUM_OF_PAPER
        return FEWER_CRYSTALS[-1] if default else self.minimum_crystals

    @field_validator("classes", mode="wrap")
    @classmethod
    def _presets_or_different_groups(cls, value: Any, validate: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            if value not in get_args(ClassPreset):
                raise ValueError(_NO_CLASSES)
            return value
        if not isinstance(value, list | tuple):
            raise ValueError(_NO_CLASSES)
        if info.data.get("label", "spacegroup") == "spacegroup":
            return different_space_groups(value)
        try:
            classes = validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            raise ValueError(_NO_CLASSES) from None
        if not len(set(classes)) == len(classes) > 1:
            raise ValueError("must be two or more different classes")
        return classes

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield classes of another label, and shares that do not add up."""
        if self.classes not in ("populated", "all") and self.label != "spacegroup":
            if isinstance(self.classes, str) or isinstance(self.classes[0], int):
                yield Contradiction(
                    ("classes", "label"), f"are space groups, but `label` is {self.label}"
                )
            elif self.label == "crystal_system":
                others = [name for name in self.classes if name not in CRYSTAL_SYSTEMS]
                if others:
                    yield Contradiction(
                        ("classes", "label"),
                        f"{', '.join(map(str, others))} is no crystal system; they are "
                        f"{', '.join(CRYSTAL_SYSTEMS)}",
                    )
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            yield Contradiction(
                ("train", "validation", "test"),
                f"train + validation + test must be 1, not {total:g}",
            )


def different_space_groups(names: Sequence[Any]) -> tuple[int, ...]:
    """Return the numbers of space groups given by number or symbol, in their order.

    Raises ValueError for what is no space group, and unless there are several, all different.
    """
    try:
        numbers = tuple(space_group_number(name) for name in names)
    except UserError as error:
        raise ValueError(str(error)) from None
    if not len(set(numbers)) == len(numbers) > 1:
        raise ValueError("must be two or more different classes")
    return numbers
