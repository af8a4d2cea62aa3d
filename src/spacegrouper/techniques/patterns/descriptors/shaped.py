"""Descriptor `shaped`: shaped diffraction patterns in colours.

Three images, one for each view: that view's shaped pattern in its own channel, its normalised
pattern in the other two. Tiong, Kim, Han, Kim, npj Comput. Mater. 6:196 (2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import (
    DESCRIPTORS,
    Arrays,
    Composer,
    Descriptor,
    Levels,
    Presentation,
    Resize,
)
from spacegrouper.techniques.patterns.settings import Shape


@dataclass(frozen=True)
class _ShapedImages:
    image_size: int
    resize: Resize
    shape: Shape

    def prepare(self, arrays: Arrays) -> Levels:
        """Return (n, 2, views, size, size): normalised patterns, then shaped ones.

        The normalisation's 256 becomes white, as in the dataset.
        """
        from spacegrouper.techniques.images import resize_patterns
        from spacegrouper.techniques.patterns.shaping import as_levels, normalise

        raw = arrays["raw"]
        normalised = np.empty_like(raw)
        for index in np.ndindex(raw.shape[:2]):
            normalised[index] = as_levels(normalise(raw[index], self.shape), raw.dtype)
        both = (normalised, arrays["shaped"])
        return np.stack(
            [resize_patterns(levels, self.image_size, self.resize) for levels in both], axis=1
        )

    def compose(
        self, prepared: Levels, ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the images of the x, y and z view, each (n, size, size, 3), 0 to 1."""
        from spacegrouper.techniques.images import rgb

        normalised, shaped = prepared[:, 0], prepared[:, 1]
        return [
            rgb(*((shaped if channel == view else normalised)[:, view] for channel in range(3)))
            for view in range(3)
        ]


def _composer(presentation: Presentation) -> Composer:
    return _ShapedImages(
        presentation.image_size,
        presentation.resize,
        Shape.model_validate(presentation.made_with["shape"]),
    )


def _forest(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import forest_pixels

    return forest_pixels("shaped", presentation)


DESCRIPTORS.register(
    Descriptor(
        "shaped",
        ("patterns",),
        ("raw", "shaped"),
        "three images",
        _composer,
        views=(3,),
        forest=_forest,
    )
)
