"""Pictures of patterns: for the answer to a user, and for the report."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.technique import DESCRIPTORS, Arrays, Picture, Presentation, Sections
from spacegrouper.settings.simulate import Simulate


def pictures_of(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    """Return the raw patterns, brightened, and the shaped ones; arrays (views, y, x)."""
    views = _views(made_with)
    raw = [
        Picture(f"{view} view", brightened(pattern), spots=True)
        for view, pattern in zip(views, arrays["raw"], strict=True)
    ]
    shaped = [
        Picture(f"{view} view", pattern)
        for view, pattern in zip(views, arrays["shaped"], strict=True)
    ]
    return {"Raw patterns, brightened": raw, "Shaped patterns": shaped}


def samples_of(arrays: Arrays, presentation: Presentation) -> tuple[Picture, ...]:
    """Return a raw pattern, the spot image and the three shaped images; arrays (views, y, x).

    The spot image is that of Ziletti et al., Nat. Commun. 9:2775 (2018).
    """
    views = _views(presentation.made_with)
    raw = arrays["raw"]
    whole = Presentation(
        "shaped", raw.shape[-1], "nearest", 0, presentation.sections, presentation.made_with
    )
    composer = DESCRIPTORS["shaped"].composer(whole)
    prepared = composer.prepare({name: values[None] for name, values in arrays.items()})
    shaped = composer.compose(prepared, [""])
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


def _views(made_with: Sections) -> list[str]:
    return [view.axis for view in Simulate.model_validate(made_with.get("simulate", {})).views]
