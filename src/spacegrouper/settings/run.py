"""All sections of a run's settings together."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from spacegrouper.settings.acquire import (
    CifTreeSource,
    JsonLinesSource,
    MaterialsProjectSource,
    OptimadeSource,
    PrototypesSource,
)
from spacegrouper.settings.augment import Augment
from spacegrouper.settings.dataset import Dataset
from spacegrouper.settings.descriptors import DESCRIPTORS
from spacegrouper.settings.diffractogram import Diffractogram
from spacegrouper.settings.evaluate import Evaluate
from spacegrouper.settings.grid import Grid
from spacegrouper.settings.model import Model
from spacegrouper.settings.morphology import Morphology
from spacegrouper.settings.plan import Plan
from spacegrouper.settings.powder import Powder
from spacegrouper.settings.release import Release
from spacegrouper.settings.robustness import Robustness
from spacegrouper.settings.section import Section
from spacegrouper.settings.shape import Shape
from spacegrouper.settings.simulate import Simulate
from spacegrouper.settings.split import Split
from spacegrouper.settings.standardise import Standardise
from spacegrouper.settings.train import Train
from spacegrouper.settings.workers import Workers


class Settings(Section):
    """Everything a run depends on."""

    name: str = Field(
        "full", pattern=r"^[A-Za-z0-9._-]+$", description="products go to results/<name>"
    )
    seed: Annotated[int, Field(ge=0)] = Field(
        0, description="seed of every random choice: same seed, same result"
    )
    acquire: (
        PrototypesSource | JsonLinesSource | CifTreeSource | MaterialsProjectSource | OptimadeSource
    ) = Field(
        PrototypesSource(), discriminator="source", description="where the crystals come from"
    )
    standardise: Standardise = Standardise()
    release: Release = Release()
    plan: Plan = Plan()
    simulate: Simulate = Simulate()
    powder: Powder = Powder()
    morphology: Morphology = Morphology()
    shape: Shape = Shape()
    dataset: Dataset = Dataset()
    workers: Workers = Workers()
    split: Split = Split()
    model: Model = Model()
    diffractogram: Diffractogram = Diffractogram()
    augment: Augment = Augment()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    robustness: Robustness = Robustness()
    grid: Grid = Grid()

    @field_validator("morphology")
    @classmethod
    def _bitmaps_have_no_parent(cls, morphology: Morphology, info: ValidationInfo) -> Morphology:
        release, simulate = info.data.get("release"), info.data.get("simulate")
        drawn = simulate is not None and simulate.technique == "morphology"
        # A crystal without a habit has no row that a later release could go on from.
        if release is not None and release.parent and (drawn or morphology.database is not None):
            raise ValueError(
                "bitmaps of crystals cannot go on from `release.parent`; leave it out: all are "
                "made anew"
            )
        return morphology

    @field_validator("train")
    @classmethod
    def _settings_agree(cls, train: Train, info: ValidationInfo) -> Train:
        model, split = info.data.get("model"), info.data.get("split")
        simulate = info.data.get("simulate")
        # They are absent where they have a mistake themselves.
        if model is not None and train.descriptor not in model.descriptors:
            takes = " or ".join(f"`{name}`" for name in model.descriptors)
            raise ValueError(
                f"the network `model.name: {model.name}` takes `train.descriptor` {takes}, not "
                f"`{train.descriptor}`"
            )
        if simulate is not None and train.descriptor not in DESCRIPTORS[simulate.technique]:
            made = " or ".join(f"`{name}`" for name in DESCRIPTORS[simulate.technique])
            raise ValueError(
                f"of what `simulate.engine: {simulate.engine}` makes, `train.descriptor` can be "
                f"{made}, not `{train.descriptor}`"
            )
        if train.ranks % train.nodes:
            raise ValueError(
                f"`train.ranks` must be a multiple of `train.nodes`, but they are {train.ranks} "
                f"and {train.nodes}"
            )
        if split is not None and train.rotation_epochs:
            groups = (split.train + split.validation) / split.validation
            if abs(groups - round(groups)) > 1e-6:
                raise ValueError(
                    "`train.rotation_epochs` needs split.train to be a multiple of "
                    f"split.validation, but they are {split.train:g} and {split.validation:g}"
                )
        return train
