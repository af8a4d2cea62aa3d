"""Reflections of powders, and the diffractograms drawn of them."""

from dataclasses import replace
from typing import Any

import numpy as np

from spacegrouper.contract.technique import (
    TECHNIQUES,
    Arrays,
    Picture,
    Presentation,
    Sections,
    Technique,
    Use,
)
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder, check

_DRAWN = 224  # pixels along each edge of the drawing in the report


def _record(settings: Settings) -> dict[str, Any]:
    return {
        "simulate": {"engine": settings.simulate.engine},
        "powder": settings.of(Powder).model_dump(mode="json"),
    }


def _pictures(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    powder = Powder.model_validate(made_with["powder"])
    reflections = arrays["raw"][0, 0] / max(arrays["raw"].max(), 1)
    picture = Picture(
        "reflections of the powder",
        reflections,
        range=powder.two_theta,
        axis="2θ, degrees",
        quantity="intensity, strongest = 1",
    )
    return {"Simulated": [picture]}


def _samples(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    # With the noise that the network saw.
    drawn = replace(presentation, descriptor="powder", image_size=_DRAWN)
    (image,) = drawn.compose({key: values[None] for key, values in arrays.items()}, [name])
    return (Picture("diffractogram", np.rint(image[0, :, :, 0] * 255).astype(np.uint8)),)


TECHNIQUES.register(
    Technique(
        name="powder",
        measures="powder reflections",
        sections=(Powder, Diffractogram, Augment),
        record=_record,
        units=lambda made_with: "electrons^2",
        pictures=_pictures,
        samples=_samples,
        presented=("diffractogram", "augment"),
        changes=lambda settings: settings.of(Augment) != Augment(),
        check=check,
        uses=(
            Use(
                ("augment.rotation", "augment.contrast"),
                lambda settings: settings.train.descriptor == "powder",
                "with `train.descriptor: powder`",
            ),
            Use(("train.resize",), lambda settings: False, "with images of patterns or habits"),
        ),
    )
)
