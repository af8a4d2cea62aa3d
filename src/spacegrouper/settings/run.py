"""All sections of a run's settings together."""

import math
from collections.abc import Iterator
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
from spacegrouper.settings.quantity import ANGSTROM_IN_METRES, LONGEST_SPACING
from spacegrouper.settings.release import Release
from spacegrouper.settings.robustness import Robustness
from spacegrouper.settings.section import RUN_NAME, Contradiction, Section
from spacegrouper.settings.shape import Shape
from spacegrouper.settings.simulate import Simulate
from spacegrouper.settings.split import Split
from spacegrouper.settings.standardise import Standardise
from spacegrouper.settings.train import Train
from spacegrouper.settings.workers import Workers

_PARTS = 3  # training, validation and test set, each with a crystal of each class at least


class Settings(Section):
    """Everything a run depends on."""

    name: str = Field("full", pattern=RUN_NAME, description="products go to results/<name>")
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

    @field_validator("shape")
    @classmethod
    def _window_of_the_detector(cls, shape: Shape, info: ValidationInfo) -> Shape:
        """Write the central window out, so that a dataset's provenance has its numbers."""
        simulate = info.data.get("simulate")
        if simulate is None:  # it has a mistake itself
            return shape
        return shape.model_copy(update={"central_window": shape.window(simulate.pixels)})

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield what the sections cannot be together, whatever is done with them."""
        yield from _about_the_experiment(self)
        yield from _about_the_classes(self)
        yield from _about_the_network(self)
        drawn = self.simulate.technique == "morphology" or self.morphology.database is not None
        # A crystal without a habit has no row that a later release could go on from.
        if self.release.parent is not None and drawn:
            yield Contradiction(
                ("release.parent", "simulate.engine", "morphology.database"),
                "bitmaps of crystals cannot go on from another run; leave it out: all are made "
                "anew",
            )


def _about_the_experiment(settings: Settings) -> Iterator[Contradiction]:
    simulate = settings.simulate
    if simulate.technique == "diffraction":
        yield from _about_the_detector(settings)
    else:
        unused = [
            key
            for key, field in Simulate.model_fields.items()
            if key != "engine" and getattr(simulate, key) != field.default
        ]
        if unused:
            keys = tuple(f"simulate.{key}" for key in unused)
            yield Contradiction(
                (*keys, "simulate.engine"),
                f"`engine: {simulate.engine}` uses no {', '.join(f'`{key}`' for key in unused)}; "
                f"leave it out; section `{simulate.technique}` has what it does use",
            )
    if simulate.technique == "powder":
        yield from _about_the_profile(settings)


def _about_the_detector(settings: Settings) -> Iterator[Contradiction]:
    simulate = settings.simulate
    first, last = settings.shape.window(simulate.pixels)
    if last >= simulate.pixels or (first == 0 and last == simulate.pixels - 1 > 0):
        covers = "lies outside" if last >= simulate.pixels else "covers"
        yield Contradiction(
            ("shape.central_window", "simulate.pixels"),
            f"rows {first} to {last}: the window {covers} the detector of {simulate.pixels} "
            "pixels; leave it out, and it follows the detector",
        )
    half = simulate.pixels / 2
    if simulate.beam_stop >= half:
        yield Contradiction(
            ("simulate.beam_stop", "simulate.pixels"),
            f"{simulate.beam_stop:g} pixels reach beyond the detector, whose edges are {half:g} "
            "pixels from its centre; lower it",
        )
    if simulate.aperture is not None and simulate.aperture <= simulate.beam_stop:
        yield Contradiction(
            ("simulate.beam_stop", "simulate.aperture"),
            f"{simulate.beam_stop:g} pixels leave nothing open of the aperture of "
            f"{simulate.aperture:g}; lower it, or raise `simulate.aperture`",
        )
    edge = math.atan(half * simulate.pixel_size / simulate.detector_distance)
    shortest = simulate.wavelength / ANGSTROM_IN_METRES / 2 / math.sin(edge / 2)
    if shortest > LONGEST_SPACING:
        yield Contradiction(
            (
                "simulate.wavelength",
                "simulate.detector_distance",
                "simulate.pixel_size",
                "simulate.pixels",
            ),
            f"with a wavelength of {simulate.wavelength:g} m the detector, {2 * half:g} pixels of "
            f"{simulate.pixel_size:g} m at {simulate.detector_distance:g} m, sees only lattice "
            f"spacings above {shortest:.0f} Angstrom; shorten the wavelength or the distance",
        )


def _about_the_profile(settings: Settings) -> Iterator[Contradiction]:
    u, v, w = settings.diffractogram.caglioti
    tangents = [math.tan(math.radians(angle) / 2) for angle in settings.powder.two_theta]
    if u > 0:
        # Where the parabola is lowest.
        tangents.append(min(max(-v / (2 * u), tangents[0]), tangents[1]))
    if min(u * tan**2 + v * tan + w for tan in tangents) < 0:
        yield Contradiction(
            ("diffractogram.caglioti", "powder.two_theta"),
            f"FWHM^2 = {u:g} tan^2 + {v:g} tan + {w:g} is negative within powder.two_theta; mend "
            "U, V and W",
        )


def _about_the_classes(settings: Settings) -> Iterator[Contradiction]:
    split = settings.split
    for key, crystals in (
        ("minimum_crystals", split.minimum_crystals if split.classes == "populated" else None),
        ("maximum_crystals", split.maximum_crystals),
    ):
        if crystals is not None and crystals < _PARTS:
            yield Contradiction(
                (f"split.{key}", "split.classes"),
                f"a class of {crystals} crystals leaves one of the training, validation and test "
                f"sets without any; must be {_PARTS} or more",
            )
    label, labels = split.label, settings.standardise.labels
    if label not in ("spacegroup", "crystal_system", *labels):
        yield Contradiction(
            ("split.label", "standardise.labels"),
            f"`{label}` is neither spacegroup nor crystal_system, and `standardise.labels` does "
            f"not keep it; add it there: `labels: [{', '.join((*labels, label))}]`",
        )


def _about_the_network(settings: Settings) -> Iterator[Contradiction]:
    train, model, split = settings.train, settings.model, settings.split
    if train.descriptor not in model.descriptors:
        takes = " or ".join(f"`{name}`" for name in model.descriptors)
        yield Contradiction(
            ("train.descriptor", "model.name"),
            f"the network `model.name: {model.name}` takes {takes}, not `{train.descriptor}`",
        )
    made = DESCRIPTORS[settings.simulate.technique]
    if train.descriptor not in made:
        can_be = " or ".join(f"`{name}`" for name in made)
        yield Contradiction(
            ("train.descriptor", "simulate.engine"),
            f"of what `simulate.engine: {settings.simulate.engine}` makes, it can be {can_be}, "
            f"not `{train.descriptor}`",
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
