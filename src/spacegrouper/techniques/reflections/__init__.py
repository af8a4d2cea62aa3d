"""Intensities of reflections by index."""

from typing import Any

import numpy as np

from spacegrouper.contract.descriptor import Arrays, Presentation, Sections
from spacegrouper.contract.picture import Picture
from spacegrouper.contract.technique import TECHNIQUES, Technique
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.reflections.settings import Measurement, Reflections, check


def _record(settings: Settings) -> dict[str, Any]:
    return {
        "simulate": {"engine": settings.simulate.engine},
        "reflections": settings.of(Reflections).model_dump(mode="json"),
    }


def _pictures(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    return {"Intensities by index, logarithmic": list(_zones(arrays))}


def _samples(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    return _zones(arrays)


def _zones(arrays: Arrays) -> tuple[Picture, ...]:
    from spacegrouper.techniques.reflections.zones import zones

    of_crystal = zones(arrays["raw"][None])[0]
    return tuple(
        Picture(f"{zone} reflections", (levels // 257).astype(np.uint8))
        for zone, levels in zip(("hk0", "h0l", "0kl"), of_crystal, strict=True)
    )


TECHNIQUES.register(
    Technique(
        name="reflections",
        measures="intensities of reflections",
        units=lambda made_with: "square of the scattering unit",
        sections=(Reflections, Measurement),
        record=_record,
        further=("cell",),
        pictures=_pictures,
        samples=_samples,
        presented=("measurement",),
        changes=lambda settings: settings.of(Measurement).changes,
        check=check,
        caption=(
            "Each image holds the intensities of a zone by index, from the strongest (white) to a "
            "millionth of it; black reflections are absent."
        ),
    )
)
