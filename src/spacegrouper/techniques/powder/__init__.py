"""Reflections of powders, and the diffractograms drawn of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Presentation, Sections
from spacegrouper.contract.measured_files import Comparison, Measured, MeasuredFiles
from spacegrouper.contract.picture import Picture
from spacegrouper.contract.technique import TECHNIQUES, Technique, Use
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.powder.known import KNOWN_CRYSTALS
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder, check

_DRAWN = 224  # pixels along each edge of the drawing in the report


def _record(settings: Settings) -> dict[str, Any]:
    return {
        "simulate": {"engine": settings.simulate.engine},
        "powder": settings.of(Powder).model_dump(mode="json"),
    }


def _pictures(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    powder = Powder.model_validate(made_with["powder"])
    if "measured" in arrays:
        picture = Picture(
            "measured diffractogram",
            arrays["measured"],
            range=powder.two_theta,
            axis="2θ, degrees",
            quantity="intensity, highest = 1",
        )
        if "alike_lines" in arrays:
            caption = "measured diffractogram, and the lines (roots) of the crystal most alike"
            picture = replace(picture, caption=caption, lines=arrays["alike_lines"])
        return {"Measured": [picture]}
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


def _recognises(content: bytes, name: str) -> bool:
    # Only here: it is slow to import.
    from spacegrouper.techniques.powder.measured.reading import is_diffractogram

    return is_diffractogram(content, name)


def _read(
    content: bytes, name: str, presentation: Presentation, wavelength: float | None
) -> Measured:
    from spacegrouper.techniques.powder.measured.network_axis import measured_for_network
    from spacegrouper.techniques.powder.measured.reading import read_diffractogram

    return measured_for_network(read_diffractogram(content, name), name, presentation, wavelength)


def _compare(
    folder: Path, arrays: Arrays, made_with: Sections, shares: NDArray[np.float64]
) -> Comparison | None:
    if not (folder / KNOWN_CRYSTALS).is_file():
        return None
    # Only here: it is slow to import.
    from spacegrouper.techniques.powder.known.known_crystals import known_crystals_of

    powder = Powder.model_validate(made_with["powder"])
    return known_crystals_of(folder, powder).compare(arrays["measured finely"], powder, shares)


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
        measured=MeasuredFiles(_recognises, _read, _compare, KNOWN_CRYSTALS),
        uses=(
            Use(
                ("augment.rotation", "augment.contrast"),
                lambda settings: settings.train.descriptor == "powder",
                "with `train.descriptor: powder`",
            ),
            Use(
                ("diffractogram.baseline", "diffractogram.scale"),
                lambda settings: settings.train.descriptor == "diffractogram",
                "with `train.descriptor: diffractogram`",
            ),
            Use(
                ("augment.k_alpha_2",),
                lambda settings: settings.of(Diffractogram).k_alpha_2 > 0,
                "with `diffractogram.k_alpha_2`",
            ),
            Use(
                ("augment.fewer_counts",),
                lambda settings: settings.of(Diffractogram).counts is not None,
                "with `diffractogram.counts`",
            ),
            Use(("train.resize",), lambda settings: False, "with images of patterns or habits"),
        ),
    )
)
