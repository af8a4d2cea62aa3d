"""Pictures of patterns: for the answer to a user, and for the report."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Levels, Presentation, Sections
from spacegrouper.contract.picture import Mark, Picture
from spacegrouper.settings.simulate import Simulate

_INDEXED = 4  # spots of a pattern of the report


def pictures_of(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    """Return the raw patterns, brightened if linear, and the shaped ones; arrays (views, y, x)."""
    raw, shaped = [], []
    for view, pattern, shape in zip(
        view_names(made_with), arrays["raw"], arrays["shaped"], strict=True
    ):
        raw.append(Picture(f"{view} view", _brightened(pattern, made_with), spots=True))
        shaped.append(Picture(f"{view} view", _as_8_bits(shape)))
    linear = made_with.get("simulate", {}).get("grey_scale", "linear") == "linear"
    return {f"Raw patterns{', brightened' * linear}": raw, "Shaped patterns": shaped}


def samples_of(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    """Return a raw pattern, the spot image and the three shaped images; arrays (views, y, x).

    Where `lattice` is among the arrays, the strongest spots of the raw pattern have their indices.

    The spot image is that of Ziletti et al., Nat. Commun. 9:2775 (2018).
    """
    from spacegrouper.techniques.images import in_view_colours
    from spacegrouper.techniques.patterns.geometry import reach

    made_with = presentation.made_with
    views = view_names(made_with)
    raw = arrays["raw"]
    whole = replace(presentation, descriptor="shaped", image_size=raw.shape[-1])
    shaped = whole.compose(
        {key: values[None] for key, values in arrays.items() if key != "lattice"}, [name]
    )
    scale = f"edges at {reach(_experiment(made_with)):.2f} Å⁻¹"
    spots = in_view_colours(_brightened(np.moveaxis(raw, 0, -1), made_with))
    return (
        Picture(
            f"raw, {views[0]} view,\n{scale}",
            _brightened(raw[0], made_with),
            spots=True,
            marks=_marks(raw[0], arrays["lattice"], made_with) if "lattice" in arrays else (),
        ),
        Picture("spot, all views", spots, spots=True),
        *(
            Picture(
                f"shaped, {view} view", in_view_colours(np.rint(image[0] * 255).astype(np.uint8))
            )
            for view, image in zip(views, shaped, strict=True)
        ),
    )


def _marks(pattern: Levels, lattice: NDArray[np.float64], made_with: Sections) -> tuple[Mark, ...]:
    """Return the indices of the strongest spots of the first view; none if it adds up turns."""
    from spacegrouper.techniques.patterns.geometry import rotation_matrices
    from spacegrouper.techniques.patterns.indexing import strongest_reflections

    settings = _experiment(made_with)
    turns = rotation_matrices(settings.views[0])
    if len(turns) > 1:
        return ()
    return strongest_reflections(pattern, _INDEXED, settings, turns[0], lattice).marks


def _brightened(levels: Levels, made_with: Sections) -> NDArray[np.uint8]:
    """Return grey levels for people, of 8 bits; of a linear scale their cube root."""
    from spacegrouper.techniques.images import white_of
    from spacegrouper.techniques.patterns.grey_scale import GreyScale

    scale = GreyScale.of(_experiment(made_with))
    shown: NDArray[np.float64] = scale.brightened(levels / white_of(levels.dtype), np.cbrt)
    eight: NDArray[np.uint8] = np.rint(shown * 255.0).astype(np.uint8)
    return eight


def _as_8_bits(levels: Levels) -> NDArray[np.uint8]:
    from spacegrouper.techniques.images import levels_of_one

    eight: NDArray[np.uint8] = (levels // levels_of_one(levels.dtype)).astype(np.uint8)
    return eight


def view_names(made_with: Sections) -> list[str]:
    """Return which axis of the crystal each view is along, or turns it about."""
    return [view.name for view in _experiment(made_with).views]


def _experiment(made_with: Sections) -> Simulate:
    return Simulate.model_validate(made_with.get("simulate", {}))
