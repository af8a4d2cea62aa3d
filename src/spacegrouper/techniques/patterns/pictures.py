"""Pictures of patterns: for the answer to a user, and for the report."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.technique import Arrays, Picture, Presentation, Sections
from spacegrouper.settings.simulate import Simulate


def pictures_of(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    """Return the raw patterns, brightened, and the shaped ones; arrays (views, y, x)."""
    raw, shaped = [], []
    for view, pattern, shape in zip(
        view_names(made_with), arrays["raw"], arrays["shaped"], strict=True
    ):
        raw.append(Picture(f"{view} view", brightened(pattern), spots=True))
        shaped.append(Picture(f"{view} view", shape))
    return {"Raw patterns, brightened": raw, "Shaped patterns": shaped}


def samples_of(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    """Return a raw pattern, the spot image and the three shaped images; arrays (views, y, x).

    The spot image is that of Ziletti et al., Nat. Commun. 9:2775 (2018).
    """
    views = view_names(presentation.made_with)
    raw = arrays["raw"]
    whole = replace(presentation, descriptor="shaped", image_size=raw.shape[-1])
    shaped = whole.compose({key: values[None] for key, values in arrays.items()}, [name])
    return (
        Picture(f"raw, {views[0]} view", brightened(raw[0]), spots=True),
        Picture("spot, all views", brightened(np.moveaxis(raw, 0, -1)), spots=True),
        *(
            Picture(f"shaped, {view} view", np.rint(image[0] * 255).astype(np.uint8))
            for view, image in zip(views, shaped, strict=True)
        ),
    )


def brightened(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the square root of grey levels, 0 and 255 staying: most spots are too faint to see."""
    roots: NDArray[Any] = np.rint(np.sqrt(levels / 255.0) * 255.0)
    return roots.astype(np.uint8)


def view_names(made_with: Sections) -> list[str]:
    """Return the axes that the views turn the crystal about."""
    return [view.axis for view in Simulate.model_validate(made_with.get("simulate", {})).views]
