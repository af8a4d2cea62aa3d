"""All sections of a run's settings together."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, Union

from pydantic import Field, create_model

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.engine import ENGINES, Engine
from spacegrouper.contract.network import NETWORKS
from spacegrouper.contract.source import SOURCES
from spacegrouper.contract.technique import TECHNIQUES, Technique
from spacegrouper.settings.dataset import Dataset
from spacegrouper.settings.evaluate import Evaluate
from spacegrouper.settings.grid import Grid
from spacegrouper.settings.model import Model
from spacegrouper.settings.plan import Plan
from spacegrouper.settings.release import Release
from spacegrouper.settings.robustness import Robustness
from spacegrouper.settings.section import RUN_NAME, Contradiction, Section
from spacegrouper.settings.simulate import Simulate
from spacegrouper.settings.split import PARTS, Split
from spacegrouper.settings.standardise import Standardise
from spacegrouper.settings.thin import Thin
from spacegrouper.settings.train import Train
from spacegrouper.settings.workers import Workers

S = TypeVar("S", bound=Section)


class Settings(Section):
    """Everything a run depends on; the sections of techniques are read by `of`."""

    name: str = Field("full", pattern=RUN_NAME, description="products go to results/<name>")
    seed: Annotated[int, Field(ge=0)] = Field(
        0, description="seed of every random choice: same seed, same result"
    )
    acquire: Any = None
    standardise: Standardise = Field(default_factory=Standardise)
    thin: Thin = Field(default_factory=Thin)
    release: Release = Field(default_factory=Release)
    plan: Plan = Field(default_factory=Plan)
    simulate: Simulate = Field(default_factory=Simulate)
    dataset: Dataset = Field(default_factory=Dataset)
    workers: Workers = Field(default_factory=Workers)
    split: Split = Field(default_factory=Split)
    model: Model = Field(default_factory=Model)
    train: Train = Field(default_factory=Train)
    evaluate: Evaluate = Field(default_factory=Evaluate)
    robustness: Robustness = Field(default_factory=Robustness)
    grid: Grid = Field(default_factory=Grid)

    @property
    def engine(self) -> Engine:
        """The engine that simulates."""
        return ENGINES[self.simulate.engine]

    @property
    def technique(self) -> Technique:
        """What is simulated of a crystal."""
        return TECHNIQUES[self.engine.technique]

    def of(self, section: type[S]) -> S:
        """Return a section of a technique, such as `settings.of(Shape)`."""
        found: S = getattr(self, section.key())
        return found

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield what the sections cannot be together, whatever is done with them."""
        yield from _about_the_engine(self)
        yield from self.technique.check(self)
        yield from _about_the_classes(self)
        yield from _about_the_network(self)
        if self.evaluate.measured and not self.technique.changes(self):
            yield Contradiction(
                ("evaluate.measured",),
                "this run changes nothing at random in training, so its test crystals cannot be "
                "as if measured; set that in the technique's section, or leave this out",
            )


@cache
def settings_model() -> type[Settings]:
    """Return the class of all sections: those of every run, of each source and each technique."""
    sources: Any = Union[tuple(source.section for source in SOURCES)]  # noqa: UP007
    sections: dict[str, Any] = {
        section.key(): (section, Field(default_factory=section))
        for technique in TECHNIQUES
        for section in technique.sections
    }
    sections["acquire"] = (
        sources,
        Field(
            default_factory=SOURCES["prototypes"].section,
            discriminator="source",
            description="where the crystals come from",
        ),
    )
    return create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, **sections)


def make_settings(**sections: Any) -> Settings:
    """Return the settings of a run; what is left out takes the defaults."""
    return settings_model()(**sections)


def _about_the_engine(settings: Settings) -> Iterator[Contradiction]:
    simulate = settings.simulate
    # What patterns depend on is recorded with them.
    used = settings.technique.record(settings)["simulate"]
    unused = [
        key
        for key, field in Simulate.model_fields.items()
        if key not in used and getattr(simulate, key) != field.default
    ]
    if unused:
        keys = tuple(f"simulate.{key}" for key in unused)
        yield Contradiction(
            (*keys, "simulate.engine"),
            f"`engine: {simulate.engine}` uses no {', '.join(f'`{key}`' for key in unused)}; "
            f"leave it out; section `{settings.technique.name}` has what it does use",
        )


def _about_the_classes(settings: Settings) -> Iterator[Contradiction]:
    split = settings.split
    for key, crystals in (
        ("minimum_crystals", split.minimum_crystals if split.classes == "populated" else None),
        ("maximum_crystals", split.maximum_crystals),
    ):
        if crystals is not None and crystals < PARTS:
            yield Contradiction(
                (f"split.{key}", "split.classes"),
                f"a class of {crystals} crystals leaves one of the training, validation and test "
                f"sets without any; must be {PARTS} or more",
            )
    counts = settings.thin.counts
    if counts is not None and split.label == "spacegroup":
        gone = [group for group in split.listed or () if group not in counts]
        if gone:
            yield Contradiction(
                ("split.classes", "thin.crystals_per_space_group"),
                "`thin.crystals_per_space_group` leaves no crystal of "
                f"{', '.join(map(str, gone))}; name them there, or take other classes",
            )
    label, labels = split.label, settings.standardise.labels
    if label not in ("spacegroup", "crystal_system", *labels):
        yield Contradiction(
            ("split.label", "standardise.labels"),
            f"`{label}` is neither spacegroup nor crystal_system, and `standardise.labels` does "
            f"not keep it; add it there: `labels: [{', '.join((*labels, label))}]`",
        )
    only = split.training_only
    if only is not None and only == label:
        yield Contradiction(
            ("split.training_only", "split.label"),
            f"crystals with `{only}` train only, so no class of `{label}` is tested; take another",
        )
    elif only is not None and only not in labels:
        yield Contradiction(
            ("split.training_only", "standardise.labels"),
            f"`standardise.labels` does not keep `{only}`; add it there: "
            f"`labels: [{', '.join((*labels, only))}]`",
        )


def _about_the_network(settings: Settings) -> Iterator[Contradiction]:
    train, model, split = settings.train, settings.model, settings.split
    network, descriptor = NETWORKS[model.name], DESCRIPTORS[train.descriptor]
    if descriptor.gives != network.takes:
        takes = [each.name for each in DESCRIPTORS if each.gives == network.takes]
        yield Contradiction(
            ("train.descriptor", "model.name"),
            f"the network `model.name: {model.name}` takes {_one_of(takes)}, not "
            f"`{train.descriptor}`",
        )
    if settings.technique.name not in descriptor.techniques:
        yield Contradiction(
            ("train.descriptor", "simulate.engine"),
            f"of what `simulate.engine: {settings.simulate.engine}` makes, it can be "
            f"{_one_of(settings.technique.descriptors)}, not `{train.descriptor}`",
        )
    if train.ranks % train.nodes:
        yield Contradiction(
            ("train.ranks", "train.nodes"),
            f"must be a multiple of `train.nodes`, but they are {train.ranks} and {train.nodes}",
        )
    if train.rotation_epochs:
        groups = (split.train + split.validation) / split.validation
        if abs(groups - round(groups)) > 1e-6:
            yield Contradiction(
                ("train.rotation_epochs", "split.train", "split.validation"),
                "needs split.train to be a multiple of split.validation, but they are "
                f"{split.train:g} and {split.validation:g}",
            )
        if split.training_share < 1:
            yield Contradiction(
                ("split.training_share", "train.rotation_epochs"),
                "must be 1 with `train.rotation_epochs`, which trains on the validation set too",
            )
        if split.training_only is not None:
            yield Contradiction(
                ("split.training_only", "train.rotation_epochs"),
                "must be none with `train.rotation_epochs`, by which all that trains validates too",
            )
        if settings.technique.copies(settings):
            yield Contradiction(
                ("train.rotation_epochs",),
                "must be none where copies of crystals train, which are not to validate",
            )


def _one_of(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
