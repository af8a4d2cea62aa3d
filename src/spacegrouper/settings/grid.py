"""Section `grid`."""

from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from spacegrouper.settings.section import Section, SpaceGroupNumber
from spacegrouper.settings.split import ClassPreset, different_space_groups


class GridNetwork(Section):
    """A network of the grid, and what differs from the sections `model` and `train` for it."""

    name: str = Field(pattern=r"^[A-Za-z0-9._]+$", description="its name in figures and paths")
    model: dict[str, Any] = Field(description="keys of `model`")
    train: dict[str, Any] = Field({}, description="keys of `train`")


# Tiong et al. train the networks they compare with at these values.
_SPOT = {"descriptor": "spot", "learning_rate": 1e-4, "weight_decay": 1e-6}


class Grid(Section):
    """The experiments of `snakemake paper`: networks x sets of classes x ways of splitting."""

    networks: tuple[GridNetwork, ...] = Field(
        (
            GridNetwork(name="msdn", model={"name": "msdn"}, train={"descriptor": "shaped"}),
            GridNetwork(name="msdn_raw", model={"name": "msdn"}, train={"descriptor": "raw"}),
            GridNetwork(name="msvgg", model={"name": "msvgg"}, train={"descriptor": "shaped"}),
            GridNetwork(name="alexnet", model={"name": "alexnet"}, train=_SPOT),
            GridNetwork(name="densenet", model={"name": "densenet"}, train=_SPOT),
            GridNetwork(name="resnet", model={"name": "resnet"}, train=_SPOT),
            GridNetwork(name="vgg", model={"name": "vgg"}, train=_SPOT),
            GridNetwork(name="ziletti", model={"name": "ziletti"}, train=_SPOT),
        ),
        min_length=1,
        description="the networks; the first is drawn in detail, beside the best of those on "
        "`spot` images",
    )
    classes: dict[str, ClassPreset | tuple[SpaceGroupNumber, ...]] = Field(
        {name: name for name in ("groups_8", "groups_20", "groups_49", "groups_72")},
        min_length=1,
        description="the sets of classes by name, as in `split.classes`, fewest first",
    )
    splits: tuple[Literal["random", "prototype"], ...] = Field(
        ("random", "prototype"),
        min_length=1,
        description="the methods of splitting, as in `split.method`; figures show the first",
    )

    @field_validator("classes", mode="before")
    @classmethod
    def _presets_or_different_groups(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = {}
        for name, classes in value.items():
            try:
                if isinstance(classes, list | tuple):
                    found[name] = different_space_groups(classes)
                elif classes in get_args(ClassPreset):
                    found[name] = classes
                else:
                    raise ValueError(
                        f"must be one of {', '.join(get_args(ClassPreset))}, or a list of space "
                        "groups, by number or symbol"
                    )
            except ValueError as error:
                raise ValueError(f"the set `{name}` {error}") from None
        return found
